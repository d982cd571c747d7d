/* Functions of one number in floats, column by column. */
#ifndef SKCONV_FLOAT_CURVES_H
#define SKCONV_FLOAT_CURVES_H

#include "float_elementwise.h"

typedef enum {
    SK_CURVE_EXP,
    SK_CURVE_EXPM1,
    SK_CURVE_LOG,
    SK_CURVE_LOG1P,
    SK_CURVE_TANH,
    SK_CURVE_BOX_COX,
    SK_CURVE_YEO_JOHNSON
} sk_curve_function;

/* gains * f(factors * x + offsets) + shifts; a column has one of each, or all have the first. */
typedef struct {
    sk_curve_function function;
    bool shared;
    const SK_FLASH float *factors;
    const SK_FLASH float *offsets;
    const SK_FLASH float *gains;
    const SK_FLASH float *shifts;
    const SK_FLASH float *exponents; /* of powers alone */
} sk_float_curves;

/* exp(x), up to what a float holds */
SK_INLINE float sk_float_exp(float x)
{
    if (x < 0.0f) {
        return sk_float_exp_negative(-x);
    }
    return 1.0f / sk_float_exp_negative(x < 87.0f ? x : 87.0f);
}

/* exp(x) - 1: near 0 by its series */
SK_INLINE float sk_float_expm1(float x)
{
    if (x < -0.35f || x > 0.35f) {
        return sk_float_exp(x) - 1.0f;
    }
    const float tail = 1.0f + x * (1.0f / 5.0f) * (1.0f + x * (1.0f / 6.0f));
    const float series = 1.0f + x * (1.0f / 3.0f) * (1.0f + x * 0.25f * tail);
    return x * (1.0f + 0.5f * x * series);
}

/* ln(x), and of x below 2^-100 that of 2^-100 */
SK_INLINE float sk_float_log_positive(float x)
{
    return sk_float_log(x > 7.8886091e-31f ? x : 7.8886091e-31f);
}

/* (x^e - 1) / e, and ln(x) for e = 0 */
SK_INLINE float sk_float_box_cox(float x, float exponent)
{
    const float logarithm = sk_float_log_positive(x);
    return exponent == 0.0f ? logarithm : sk_float_expm1(exponent * logarithm) / exponent;
}

SK_INLINE float sk_float_curve(sk_curve_function function, float u, float exponent)
{
    switch (function) {
    case SK_CURVE_EXP:
        return sk_float_exp(u);
    case SK_CURVE_EXPM1:
        return sk_float_expm1(u);
    case SK_CURVE_LOG:
        return sk_float_log_positive(u);
    case SK_CURVE_LOG1P:
        return sk_float_log_positive(1.0f + u);
    case SK_CURVE_TANH:
        return 2.0f * sk_float_sigmoid(2.0f * u) - 1.0f;
    case SK_CURVE_BOX_COX:
        return sk_float_box_cox(u, exponent);
    case SK_CURVE_YEO_JOHNSON:
    default:
        return u < 0.0f ? -sk_float_box_cox(1.0f - u, 2.0f - exponent)
                        : sk_float_box_cox(1.0f + u, exponent);
    }
}

SK_INLINE void sk_float_apply_curves(
    const float *input, float *output, int32_t size, sk_float_curves c)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t at = c.shared ? 0 : i;
        const float exponent = c.exponents ? c.exponents[at] : 0.0f;
        const float u = c.factors[at] * input[i] + c.offsets[at];
        output[i] = c.gains[at] * sk_float_curve(c.function, u, exponent) + c.shifts[at];
    }
}

/* Straight lines between knots; at a jump, where knots are equal, the mean of both sides. */
SK_INLINE float sk_float_between(
    const SK_FLASH float *knots, const SK_FLASH float *values, int32_t count, float x)
{
    if (x <= knots[0]) {
        return values[0];
    }
    if (x >= knots[count - 1]) {
        return values[count - 1];
    }
    int32_t first = 0;
    int32_t last = count - 1;
    while (last - first > 1) { /* knots[first] <= x < knots[last] */
        const int32_t middle = (first + last) / 2;
        if (x < knots[middle]) {
            last = middle;
        } else {
            first = middle;
        }
    }
    if (x == knots[first]) {
        int32_t before = first;
        while (knots[before - 1] == x) { /* the first knot is less than x */
            before--;
        }
        return 0.5f * (values[before] + values[first]);
    }
    const float part = (x - knots[first]) / (knots[last] - knots[first]);
    return values[first] + part * (values[last] - values[first]);
}

SK_INLINE void sk_float_interpolate(
    const float *input, float *output, int32_t size, const SK_FLASH float *knots,
    const SK_FLASH float *values, int32_t count, bool shared)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t start = shared ? 0 : i * count;
        output[i] = sk_float_between(knots + start, values + start, count, input[i]);
    }
}

#endif
