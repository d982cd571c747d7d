/* Element-wise nonlinearities of floats. All but the last two may run in place. */
#ifndef SKCONV_FLOAT_POINTWISE_H
#define SKCONV_FLOAT_POINTWISE_H

#include "float_math.h"

/* max(x, 0) */
SK_INLINE void sk_float_relu(const float *input, float *output, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = input[i] > 0.0f ? input[i] : 0.0f;
    }
}

SK_INLINE void sk_float_abs(const float *input, float *output, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = input[i] < 0.0f ? -input[i] : input[i];
    }
}

/* min(max(x, low), high) */
SK_INLINE void sk_float_clip(
    const float *input, float *output, int32_t size, float low, float high)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = input[i] < low ? low : input[i] > high ? high : input[i];
    }
}

/* The sign of x: 1, 0 or -1. */
SK_INLINE void sk_float_sign(const float *input, float *output, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = (float)((input[i] > 0.0f) - (input[i] < 0.0f));
    }
}

SK_INLINE void sk_float_square(const float *input, float *output, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = input[i] * input[i];
    }
}

/* sqrt(|x|) with the sign of x. */
SK_INLINE void sk_float_root(const float *input, float *output, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        const float root = sk_float_sqrt(input[i] < 0.0f ? -input[i] : input[i]);
        output[i] = input[i] < 0.0f ? -root : root;
    }
}

/* Channels max(x - t, 0), with `both_signs` then as many max(-x - t, 0), for every pixel. */
SK_INLINE void sk_float_soft_threshold(
    const float *input, float *output, int32_t pixels, int32_t channels,
    const SK_FLASH float *threshold, bool both_signs)
{
    const int32_t results = both_signs ? 2 * channels : channels;
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const float x = input[i * channels + c];
            const float t = threshold[c];
            output[i * results + c] = x > t ? x - t : 0.0f;
            if (both_signs) {
                output[i * results + channels + c] = -x > t ? -x - t : 0.0f;
            }
        }
    }
}

/* Channels max(x, 0), then as many max(-x, 0), for every pixel. */
SK_INLINE void sk_float_both_signs(
    const float *input, float *output, int32_t pixels, int32_t channels)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const float x = input[i * channels + c];
            output[2 * i * channels + c] = x > 0.0f ? x : 0.0f;
            output[(2 * i + 1) * channels + c] = x < 0.0f ? -x : 0.0f;
        }
    }
}

/* sqrt(even^2 + odd^2): channel c of the first half with channel c of the second. */
SK_INLINE void sk_float_magnitude(
    const float *input, float *output, int32_t pixels, int32_t pairs)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < pairs; c++) {
            const float even = input[2 * i * pairs + c];
            const float odd = input[(2 * i + 1) * pairs + c];
            output[i * pairs + c] = sk_float_sqrt(even * even + odd * odd);
        }
    }
}

#endif
