/* Marks the largest entries of a pixel: the code of its nearest kernels. */
#ifndef SKCONV_NEAREST_H
#define SKCONV_NEAREST_H

#include "types.h"

/* Number of entries of x, and of -x with `both_signs`, that are at least `bound`. */
SK_INLINE int32_t sk_count_from(
    const void *input, sk_type type, int32_t first, int32_t channels, bool both_signs,
    int32_t bound)
{
    int32_t count = 0;
    for (int32_t c = 0; c < channels; c++) {
        const int32_t x = sk_load(input, type, first + c);
        count += x >= bound;
        if (both_signs) {
            count += -x >= bound;
        }
    }
    return count;
}

/* 1 where x is above the largest entry that is left out, else 0; with `both_signs` then as
 * many of -x. All entries lie in low .. high: what is left out is found by halving that.
 */
SK_INLINE void sk_k_nearest(
    const void *input, sk_type type, uint8_t *output, int32_t pixels, int32_t channels,
    int32_t count, bool both_signs, int32_t low, int32_t high)
{
    for (int32_t i = 0; i < pixels; i++) {
        const int32_t first = i * channels;
        int32_t bottom = low;
        int32_t top = high;
        while (bottom < top) {
            const uint32_t range = (uint32_t)top - (uint32_t)bottom;
            const int32_t middle = bottom + (int32_t)(range / 2 + range % 2);
            if (sk_count_from(input, type, first, channels, both_signs, middle) > count) {
                bottom = middle;
            } else {
                top = middle - 1;
            }
        }
        for (int32_t c = 0; c < channels; c++) {
            *output++ = sk_load(input, type, first + c) > bottom;
        }
        for (int32_t c = 0; both_signs && c < channels; c++) {
            *output++ = -sk_load(input, type, first + c) > bottom;
        }
    }
}

#endif
