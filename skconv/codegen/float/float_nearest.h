/* Marks the largest entries of a float pixel. */
#ifndef SKCONV_FLOAT_NEAREST_H
#define SKCONV_FLOAT_NEAREST_H

#include <string.h>

#include "types.h"

/* A number in the order of floats; -0 must not come. */
SK_INLINE uint32_t sk_float_order(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/* The order of an entry of a pixel: of x, or of -x behind the channels. */
SK_INLINE uint32_t sk_float_order_of(const float *pixel, int32_t channels, int32_t i)
{
    return sk_float_order(i < channels ? 0.0f + pixel[i] : 0.0f - pixel[i - channels]);
}

/* 1 where x is above the largest entry that is left out, else 0; with `both_signs` then as
 * many of -x. The bits of what is left out are found one by one, the highest first.
 */
SK_INLINE void sk_float_k_nearest(
    const float *input, float *output, int32_t pixels, int32_t channels, int32_t count,
    bool both_signs)
{
    const int32_t results = both_signs ? 2 * channels : channels;
    for (int32_t i = 0; i < pixels; i++) {
        uint32_t left_out = 0;
        for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
            int32_t above = 0;
            for (int32_t c = 0; c < results; c++) {
                above += sk_float_order_of(input, channels, c) >= (left_out | bit);
            }
            left_out |= above > count ? bit : 0;
        }
        for (int32_t c = 0; c < results; c++) {
            *output++ = sk_float_order_of(input, channels, c) > left_out ? 1.0f : 0.0f;
        }
        input += channels;
    }
}

#endif
