/* Local contrast of a float map, and division of a map by it. */
#ifndef SKCONV_FLOAT_CONTRAST_H
#define SKCONV_FLOAT_CONTRAST_H

#include "float_math.h"
#include "patch.h"

/* Sum over channels first .. end - 1 of (x - mean), or of (x - mean)^2 with `squared`. */
SK_INLINE float sk_float_patch_sum(
    const float *input, sk_map map, sk_pool patch, sk_padding padding, int32_t top,
    int32_t left, int32_t first, int32_t end, float mean, bool squared)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < patch.height; i++) {
        for (int32_t j = 0; j < patch.width; j++) {
            const int32_t entry = sk_patch_entry(map, padding, top, left, i, j);
            for (int32_t c = first; c < end; c++) {
                const float x = (entry < 0 ? 0.0f : input[entry + c]) - mean;
                sum += squared ? x * x : x;
            }
        }
    }
    return sum;
}

/* Sum of squares of the patch at (top, left), each group of channels less its mean. */
SK_INLINE float sk_float_patch_squares(
    const float *input, sk_map map, sk_pool patch, sk_padding padding, sk_removed_mean removed,
    int32_t top, int32_t left)
{
    const int32_t step = removed == SK_MEAN_CHANNEL ? 1 : map.channels;
    const float share = 1.0f / (float)(patch.height * patch.width * step);
    float squares = 0.0f;
    for (int32_t c = 0; c < map.channels; c += step) {
        float mean = 0.0f;
        if (removed != SK_MEAN_NONE) {
            mean = share * sk_float_patch_sum(
                input, map, patch, padding, top, left, c, c + step, 0.0f, false);
        }
        squares += sk_float_patch_sum(
            input, map, patch, padding, top, left, c, c + step, mean, true);
    }
    return squares;
}

/* sqrt(mean of squares + eps) of every patch. */
SK_INLINE void sk_float_local_contrast(
    const float *input, float *output, sk_map map, sk_pool patch, sk_padding padding,
    sk_removed_mean removed, float eps)
{
    const sk_places places = sk_patch_places(map, patch, padding);
    const float share = 1.0f / (float)(patch.height * patch.width * map.channels);
    for (int32_t row = 0; row < places.rows; row++) {
        for (int32_t column = 0; column < places.columns; column++) {
            const int32_t top = row * patch.row_stride - padding.top;
            const int32_t left = column * patch.column_stride - padding.left;
            const float squares =
                sk_float_patch_squares(input, map, patch, padding, removed, top, left);
            *output++ = sk_float_sqrt(share * squares + eps);
        }
    }
}

/* Divides every pixel by its divisor. */
SK_INLINE void sk_float_divide(
    const float *input, const float *divisor, float *output, int32_t pixels, int32_t channels)
{
    for (int32_t i = 0; i < pixels; i++) {
        const float factor = 1.0f / divisor[i];
        for (int32_t c = i * channels; c < (i + 1) * channels; c++) {
            output[c] = input[c] * factor;
        }
    }
}

#endif
