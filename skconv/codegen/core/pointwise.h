/* Element-wise nonlinearities. `sk_relu`, `sk_abs` and `sk_clip_all` may run in place. */
#ifndef SKCONV_POINTWISE_H
#define SKCONV_POINTWISE_H

#include "requantize.h"
#include "root.h"

/* max(x, 0) */
SK_INLINE void sk_relu(const void *input, void *output, sk_type type, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, type, i);
        sk_store(output, type, i, x > 0 ? x : 0);
    }
}

/* |x|; x is never the smallest number of its type. */
SK_INLINE void sk_abs(const void *input, void *output, sk_type type, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, type, i);
        sk_store(output, type, i, x < 0 ? -x : x);
    }
}

/* min(max(x, low), high) */
SK_INLINE void sk_clip_all(
    const void *input, void *output, sk_type type, int32_t size, int32_t low, int32_t high)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, type, i);
        sk_store(output, type, i, x < low ? low : x > high ? high : x);
    }
}

/* The sign of x: 1, 0 or -1. */
SK_INLINE void sk_sign(const void *input, sk_type type, int8_t *output, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, type, i);
        output[i] = (int8_t)((x > 0) - (x < 0));
    }
}

/* Channels max(x, 0), then as many max(-x, 0), for every pixel. */
SK_INLINE void sk_both_signs(
    const void *input, void *output, sk_type type, int32_t pixels, int32_t channels)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t x = sk_load(input, type, i * channels + c);
            sk_store(output, type, 2 * i * channels + c, x > 0 ? x : 0);
            sk_store(output, type, (2 * i + 1) * channels + c, x < 0 ? -x : 0);
        }
    }
}

/* Channels max(x - t, 0), with `both_signs` then as many max(-x - t, 0), for every pixel. */
SK_INLINE void sk_soft_threshold(
    const void *input, void *output, sk_type type, int32_t pixels, int32_t channels,
    const SK_FLASH int16_t *threshold, bool both_signs)
{
    const int32_t results = both_signs ? 2 * channels : channels;
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t x = sk_load(input, type, i * channels + c);
            const int32_t t = threshold[c];
            sk_store(output, type, i * results + c, x > t ? x - t : 0);
            if (both_signs) {
                sk_store(output, type, i * results + channels + c, -x > t ? -x - t : 0);
            }
        }
    }
}

/* Rounded sqrt(even^2 + odd^2): channel c of the first half with channel c of the second. */
SK_INLINE void sk_magnitude(
    const void *input, void *output, sk_type type, int32_t pixels, int32_t pairs)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < pairs; c++) {
            const int32_t even = sk_load(input, type, 2 * i * pairs + c);
            const int32_t odd = sk_load(input, type, (2 * i + 1) * pairs + c);
            sk_store(output, type, i * pairs + c, sk_rounded_size(even, odd, type));
        }
    }
}

/* x^2, requantised. */
SK_INLINE void sk_square(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t pixels,
    int32_t channels, sk_requantization to)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t x = sk_load(input, input_type, i * channels + c);
            sk_store(output, output_type, i * channels + c, sk_requantize(x * x, c, to));
        }
    }
}

/* The same numbers on another scale. */
SK_INLINE void sk_rescale(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t pixels,
    int32_t channels, sk_requantization to)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t x = sk_load(input, input_type, i * channels + c);
            sk_store(output, output_type, i * channels + c, sk_requantize(x, c, to));
        }
    }
}

/* A row on another scale, at `to`; a row of zeros, which is NULL, stays what it is. */
SK_INLINE const void *sk_rescale_row(
    const void *row, sk_type type, void *to, sk_type to_type, int32_t pixels, int32_t channels,
    sk_requantization rule)
{
    if (row == NULL) {
        return NULL;
    }
    sk_rescale(row, type, to, to_type, pixels, channels, rule);
    return to;
}

#endif
