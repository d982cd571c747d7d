/* Vectors of floats: scalers, linear maps, norms. */
#ifndef SKCONV_FLOAT_VECTOR_H
#define SKCONV_FLOAT_VECTOR_H

#include "float_math.h"

/* x * factors + offsets of every channel; a vector is one pixel. */
SK_INLINE void sk_float_affine(
    const float *input, float *output, const SK_FLASH float *factors,
    const SK_FLASH float *offsets, int32_t pixels, int32_t channels)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            output[i * channels + c] = input[i * channels + c] * factors[c] + offsets[c];
        }
    }
}

/* weights (rows, columns) times the input, plus the bias. */
SK_INLINE void sk_float_linear(
    const float *input, float *output, const SK_FLASH float *weights,
    const SK_FLASH float *bias, int32_t rows, int32_t columns)
{
    for (int32_t row = 0; row < rows; row++) {
        float sum = bias[row];
        for (int32_t i = 0; i < columns; i++) {
            sum += input[i] * weights[row * columns + i];
        }
        output[row] = sum;
    }
}

typedef enum { SK_FLOAT_NORM_L1, SK_FLOAT_NORM_L2, SK_FLOAT_NORM_MAX } sk_float_norm;

/* x / ||x||; a zero vector stays zero. */
SK_INLINE void sk_float_normalize(
    const float *input, float *output, int32_t size, sk_float_norm norm)
{
    float total = 0.0f;
    for (int32_t i = 0; i < size; i++) {
        const float absolute = input[i] < 0.0f ? -input[i] : input[i];
        if (norm == SK_FLOAT_NORM_MAX) {
            total = absolute > total ? absolute : total;
        } else {
            total += norm == SK_FLOAT_NORM_L2 ? absolute * absolute : absolute;
        }
    }
    if (norm == SK_FLOAT_NORM_L2) {
        total = sk_float_sqrt(total);
    }
    const float inverse = total > 0.0f ? 1.0f / total : 0.0f;
    for (int32_t i = 0; i < size; i++) {
        output[i] = input[i] * inverse;
    }
}

#endif
