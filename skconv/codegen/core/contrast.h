/* Local contrast of an integer map, and division of a map by it. */
#ifndef SKCONV_CONTRAST_H
#define SKCONV_CONTRAST_H

#include "patch.h"
#include "requantize.h"
#include "root.h"

typedef struct {
    sk_removed_mean mean;
    int32_t weight; /* entries that share a mean; 1: no mean is removed */
    int64_t eps;
    int32_t shift; /* of the total, to the right; negative: to the left */
} sk_contrast;

/* weight * (sum of squares) - (sums that stand for means, squared) + eps */
SK_INLINE int64_t sk_patch_total(
    const void *input, sk_type type, sk_map map, sk_pool patch, sk_padding padding,
    sk_contrast contrast, int32_t top, int32_t left)
{
    int64_t squares = 0;
    int64_t means = 0;
    int32_t sum = 0;
    for (int32_t c = 0; c < map.channels; c++) {
        for (int32_t i = 0; i < patch.height; i++) {
            for (int32_t j = 0; j < patch.width; j++) {
                const int32_t first = sk_patch_entry(map, padding, top, left, i, j);
                const int32_t x = first < 0 ? 0 : sk_load(input, type, first + c);
                squares += (int64_t)x * x;
                if (contrast.mean != SK_MEAN_NONE) {
                    sum += x;
                }
            }
        }
        if (contrast.mean == SK_MEAN_CHANNEL || c == map.channels - 1) {
            means += (int64_t)sum * sum;
            sum = 0;
        }
    }
    return contrast.weight * squares - means + contrast.eps;
}

/* The contrast of one patch: the rounded root of its shifted total. */
SK_INLINE uint16_t sk_local_contrast_at(
    const void *input, sk_type type, sk_map map, sk_pool patch, sk_padding padding,
    sk_contrast contrast, int32_t row, int32_t column)
{
    const int32_t left_shift = contrast.shift < 0 ? -contrast.shift : 0;
    const int32_t right_shift = contrast.shift < 0 ? 0 : contrast.shift;
    const int32_t top = row * patch.row_stride - padding.top;
    const int32_t left = column * patch.column_stride - padding.left;
    const int64_t total = sk_patch_total(input, type, map, patch, padding, contrast, top, left);
    return (uint16_t)sk_rounded_root((uint32_t)(total << left_shift >> right_shift));
}

/* The contrast of every patch. */
SK_INLINE void sk_local_contrast(
    const void *input, sk_type type, uint16_t *output, sk_map map, sk_pool patch,
    sk_padding padding, sk_contrast contrast)
{
    const sk_places places = sk_patch_places(map, patch, padding);
    for (int32_t row = 0; row < places.rows; row++) {
        for (int32_t column = 0; column < places.columns; column++) {
            *output++ = sk_local_contrast_at(
                input, type, map, patch, padding, contrast, row, column);
        }
    }
}

/* Divides every pixel by its divisor and requantises: the multiplier is divided and rounded. */
SK_INLINE void sk_divide(
    const void *input, sk_type input_type, const void *divisor, sk_type divisor_type,
    void *output, sk_type output_type, int32_t pixels, int32_t channels, sk_requantization to)
{
    sk_requantization here = to;
    for (int32_t i = 0; i < pixels; i++) {
        here.multiplier =
            sk_rounded_quotient(to.multiplier, sk_load(divisor, divisor_type, i));
        for (int32_t c = i * channels; c < (i + 1) * channels; c++) {
            const int32_t x = sk_load(input, input_type, c);
            sk_store(output, output_type, c, sk_requantize(x, 0, here));
        }
    }
}

#endif
