/* The median of patches of 3 x 3 of floats. */
#ifndef SKCONV_FLOAT_MEDIAN_H
#define SKCONV_FLOAT_MEDIAN_H

#include "median.h"

/* Puts the smaller of two entries of `x` first. */
#define SK_FLOAT_EXCHANGE(A, B) \
    if (x[A] > x[B]) {          \
        const float a = x[A];   \
        x[A] = x[B];            \
        x[B] = a;               \
    }

SK_INLINE float sk_float_median_of_9(float *x)
{
    SK_MEDIAN_NETWORK(SK_FLOAT_EXCHANGE)
    return x[4];
}

SK_INLINE void sk_float_median(
    const float *input, float *output, sk_map map, sk_pool patch, sk_padding padding)
{
    const sk_places places = sk_patch_places(map, patch, padding);
    for (int32_t row = 0; row < places.rows; row++) {
        for (int32_t column = 0; column < places.columns; column++) {
            const int32_t top = row * patch.row_stride - padding.top;
            const int32_t left = column * patch.column_stride - padding.left;
            for (int32_t c = 0; c < map.channels; c++) {
                float x[9];
                for (int32_t i = 0; i < 9; i++) {
                    const int32_t first =
                        sk_patch_entry(map, padding, top, left, i / 3, i % 3);
                    x[i] = first < 0 ? 0.0f : input[first + c];
                }
                *output++ = sk_float_median_of_9(x);
            }
        }
    }
}

#endif
