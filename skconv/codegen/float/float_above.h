/* Which levels the channels of a pixel exceed. */
#ifndef SKCONV_FLOAT_ABOVE_H
#define SKCONV_FLOAT_ABOVE_H

#include "float_math.h"

/* 1 where a channel is above a level, else 0: all channels at the first level, then at the next. */
SK_INLINE void sk_float_above(
    const float *input, float *output, int32_t pixels, int32_t channels,
    const SK_FLASH float *levels, int32_t n_levels)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const float x = input[i * channels + c];
            for (int32_t k = 0; k < n_levels; k++) {
                const int32_t at = k * channels + c;
                output[i * n_levels * channels + at] = x > levels[at] ? 1.0f : 0.0f;
            }
        }
    }
}

#endif
