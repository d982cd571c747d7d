/* Element-wise sums and products of floats, and activations. All may run in place. */
#ifndef SKCONV_FLOAT_ELEMENTWISE_H
#define SKCONV_FLOAT_ELEMENTWISE_H

#include "float_math.h"

SK_INLINE void sk_float_add(const float *first, const float *second, float *output, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = first[i] + second[i];
    }
}

/* first * second; a gate has one entry for every channel. */
SK_INLINE void sk_float_multiply(
    const float *first, const float *second, bool is_gate, float *output, int32_t pixels,
    int32_t channels)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t at = i * channels + c;
            output[at] = first[at] * second[is_gate ? c : at];
        }
    }
}

typedef enum {
    SK_SIGMOID,
    SK_HARDSIGMOID,
    SK_SILU,
    SK_HARDSWISH,
    SK_GELU,
    SK_GELU_TANH,
    SK_TANH,
    SK_LEAKY_RELU,
    SK_ELU,
    SK_SELU,
    SK_SOFTPLUS,
    SK_MISH
} sk_activation;

/* exp(-x) for x >= 0 */
SK_INLINE float sk_float_exp_negative(float x)
{
    return sk_float_exp2_negative(x * 1.44269504f);
}

SK_INLINE float sk_float_sigmoid(float x)
{
    const float power = sk_float_exp_negative(x < 0.0f ? -x : x);
    return (x < 0.0f ? power : 1.0f) / (1.0f + power);
}

SK_INLINE float sk_float_hard_sigmoid(float x)
{
    const float y = x * (1.0f / 6.0f) + 0.5f;
    return y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y;
}

/* exp(x) - 1 for x <= 0 */
SK_INLINE float sk_float_exp_below_1(float x)
{
    return sk_float_exp_negative(-x) - 1.0f;
}

/* Half of 1 + erf(x / sqrt(2)); the error function is formula 7.1.26 of Abramowitz and Stegun,
 * good to 1.5e-7.
 */
SK_INLINE float sk_float_normal(float x)
{
    const float z = (x < 0.0f ? -x : x) * 0.70710678f;
    const float t = 1.0f / (1.0f + 0.3275911f * z);
    const float tail = -0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f));
    const float above = 0.5f * t * (0.254829592f + t * tail) * sk_float_exp_negative(z * z);
    return x < 0.0f ? above : 1.0f - above;
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + z), and log(1 + z) = 2 artanh(z / (2 + z)), z <= 1. */
SK_INLINE float sk_float_softplus(float x)
{
    const float z = sk_float_exp_negative(x < 0.0f ? -x : x);
    const float t = z / (2.0f + z);
    const float s = t * t;
    const float tail = 1.0f / 7.0f + s * (1.0f / 9.0f + s * (1.0f / 11.0f + s * (1.0f / 13.0f)));
    const float series = 1.0f + s * (1.0f / 3.0f + s * (1.0f / 5.0f + s * tail));
    return (x > 0.0f ? x : 0.0f) + 2.0f * t * series;
}

/* x * tanh(softplus(x)), in powers of e that do not overflow */
SK_INLINE float sk_float_mish(float x)
{
    const float z = sk_float_exp_negative(x < 0.0f ? -x : x);
    if (x < 0.0f) {
        const float n = z * (z + 2.0f);
        return x * n / (n + 2.0f);
    }
    const float n = 1.0f + 2.0f * z;
    return x * n / (n + 2.0f * z * z);
}

SK_INLINE float sk_float_activated(sk_activation function, float x, float slope)
{
    switch (function) {
    case SK_SIGMOID:
        return sk_float_sigmoid(x);
    case SK_HARDSIGMOID:
        return sk_float_hard_sigmoid(x);
    case SK_SILU:
        return x * sk_float_sigmoid(x);
    case SK_HARDSWISH:
        return x * sk_float_hard_sigmoid(x);
    case SK_GELU:
        return x * sk_float_normal(x);
    case SK_GELU_TANH: /* (1 + tanh(u)) / 2 = sigmoid(2 u) */
        return x * sk_float_sigmoid(1.59576912f * (x + 0.044715f * x * x * x));
    case SK_TANH:
        return 2.0f * sk_float_sigmoid(2.0f * x) - 1.0f;
    case SK_LEAKY_RELU:
        return x > 0.0f ? x : slope * x;
    case SK_ELU:
        return x > 0.0f ? x : sk_float_exp_below_1(x);
    case SK_SELU:
        return x > 0.0f ? 1.05070099f * x : 1.75809934f * sk_float_exp_below_1(x);
    case SK_SOFTPLUS:
        return sk_float_softplus(x);
    case SK_MISH:
    default:
        return sk_float_mish(x);
    }
}

SK_INLINE void sk_float_activate(
    sk_activation function, const float *input, float *output, int32_t size, float slope)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = sk_float_activated(function, input[i], slope);
    }
}

#endif
