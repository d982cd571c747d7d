/* Scores that fall with a squared distance, in floats. */
#ifndef SKCONV_FLOAT_QUADRATIC_H
#define SKCONV_FLOAT_QUADRATIC_H

#include "types.h"

/* Where only differences count: less the largest, or the second of two less the first. */
SK_INLINE void sk_float_compared(float *scores, int32_t count)
{
    float largest = scores[0];
    for (int32_t k = 1; k < count; k++) {
        largest = scores[k] > largest ? scores[k] : largest;
    }
    for (int32_t k = 0; k < count; k++) {
        scores[k] -= largest;
    }
}

SK_INLINE float sk_float_group_score(const float *input, int32_t size, float offset)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < size; i++) {
        sum += input[i] * input[i];
    }
    return offset - sum;
}

SK_INLINE void sk_float_grouped_squares(
    const float *input, int32_t size, float *output, const SK_FLASH float *offsets,
    int32_t scores, int32_t relative)
{
    if (relative && scores == 2) {
        output[0] = sk_float_group_score(input + size, size, offsets[1])
                    - sk_float_group_score(input, size, offsets[0]);
        return;
    }
    for (int32_t k = 0; k < scores; k++) {
        output[k] = sk_float_group_score(input + k * size, size, offsets[k]);
    }
    if (relative) {
        sk_float_compared(output, scores);
    }
}

SK_INLINE float sk_float_diagonal_score(
    const float *input, const SK_FLASH float *factors, const SK_FLASH float *biases,
    int32_t size, float offset)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < size; i++) {
        const float y = input[i] * factors[i] + biases[i];
        sum += y * y;
    }
    return offset - sum;
}

SK_INLINE void sk_float_diagonal_squares(
    const float *input, const SK_FLASH float *factors, const SK_FLASH float *biases,
    int32_t size, float *output, const SK_FLASH float *offsets, int32_t scores,
    int32_t relative)
{
    if (relative && scores == 2) {
        output[0] =
            sk_float_diagonal_score(input, factors + size, biases + size, size, offsets[1])
            - sk_float_diagonal_score(input, factors, biases, size, offsets[0]);
        return;
    }
    for (int32_t k = 0; k < scores; k++) {
        output[k] = sk_float_diagonal_score(
            input, factors + k * size, biases + k * size, size, offsets[k]);
    }
    if (relative) {
        sk_float_compared(output, scores);
    }
}

#endif
