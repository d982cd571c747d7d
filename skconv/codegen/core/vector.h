/* Vectors of integers: scalers, linear maps, norms. */
#ifndef SKCONV_VECTOR_H
#define SKCONV_VECTOR_H

#include "requantize.h"
#include "root.h"

/* x * factors + offsets of every channel, requantised; a vector is one pixel. */
SK_INLINE void sk_affine(
    const void *input, sk_type input_type, void *output, sk_type output_type,
    const SK_FLASH void *factors, sk_type factor_type, const SK_FLASH int32_t *offsets,
    int32_t pixels, int32_t channels, sk_requantization to)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t at = i * channels + c;
            const int32_t product =
                sk_load(input, input_type, at) * sk_load_table(factors, factor_type, c);
            sk_store(output, output_type, at, sk_requantize(product + offsets[c], c, to));
        }
    }
}

/* Bias plus one row of weights (rows, columns) times the input. */
SK_INLINE int32_t sk_linear_sum(
    const void *input, sk_type input_type, const SK_FLASH void *weights, sk_type weight_type,
    const SK_FLASH int32_t *bias, int32_t row, int32_t columns)
{
    int32_t sum = bias[row];
    for (int32_t i = 0; i < columns; i++) {
        sum += sk_load(input, input_type, i)
               * sk_load_table(weights, weight_type, row * columns + i);
    }
    return sum;
}

/* The sums as they are: scores. */
SK_INLINE void sk_linear(
    const void *input, sk_type input_type, int32_t *output, const SK_FLASH void *weights,
    sk_type weight_type, const SK_FLASH int32_t *bias, int32_t rows, int32_t columns)
{
    for (int32_t row = 0; row < rows; row++) {
        output[row] =
            sk_linear_sum(input, input_type, weights, weight_type, bias, row, columns);
    }
}

SK_INLINE void sk_linear_requantized(
    const void *input, sk_type input_type, void *output, sk_type output_type,
    const SK_FLASH void *weights, sk_type weight_type, const SK_FLASH int32_t *bias,
    int32_t rows, int32_t columns, sk_requantization to)
{
    for (int32_t row = 0; row < rows; row++) {
        const int32_t sum =
            sk_linear_sum(input, input_type, weights, weight_type, bias, row, columns);
        sk_store(output, output_type, row, sk_requantize(sum, row, to));
    }
}

typedef enum { SK_NORM_L1, SK_NORM_L2, SK_NORM_MAX } sk_norm;

/* x / ||x|| with 14 fraction bits, rounded; a zero vector stays zero. */
SK_INLINE void sk_normalize(
    const void *input, sk_type type, int16_t *output, int32_t size, sk_norm norm)
{
    const int32_t one = (int32_t)1 << 14;
    int32_t total = 0;
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, type, i);
        const int32_t absolute = x < 0 ? -x : x;
        if (norm == SK_NORM_MAX) {
            total = absolute > total ? absolute : total;
        } else {
            total += norm == SK_NORM_L2 ? x * x : absolute;
        }
    }
    if (norm == SK_NORM_L2) {
        total = (int32_t)sk_rounded_root((uint32_t)total);
    }
    for (int32_t i = 0; i < size; i++) {
        const int64_t x = sk_load(input, type, i);
        const int32_t q = sk_rounded_quotient(x * one, total > 0 ? total : 1);
        output[i] = (int16_t)(q > one ? one : (q < -one ? -one : q));
    }
}

#endif
