/* The median of patches of 3 x 3 of integers. */
#ifndef SKCONV_MEDIAN_H
#define SKCONV_MEDIAN_H

#include "patch.h"

/* Pairs of the nine entries to sort one after the other; then entry 4 is the median. */
#define SK_MEDIAN_NETWORK(EXCHANGE)                                              \
    EXCHANGE(1, 2) EXCHANGE(4, 5) EXCHANGE(7, 8) EXCHANGE(0, 1) EXCHANGE(3, 4)   \
    EXCHANGE(6, 7) EXCHANGE(1, 2) EXCHANGE(4, 5) EXCHANGE(7, 8) EXCHANGE(0, 3)   \
    EXCHANGE(5, 8) EXCHANGE(4, 7) EXCHANGE(3, 6) EXCHANGE(1, 4) EXCHANGE(2, 5)   \
    EXCHANGE(4, 7) EXCHANGE(4, 2) EXCHANGE(6, 4) EXCHANGE(4, 2)

/* Puts the smaller of two entries of `x` first. */
#define SK_EXCHANGE(A, B)       \
    if (x[A] > x[B]) {          \
        const int32_t a = x[A]; \
        x[A] = x[B];            \
        x[B] = a;               \
    }

SK_INLINE int32_t sk_median_of_9(int32_t *x)
{
    SK_MEDIAN_NETWORK(SK_EXCHANGE)
    return x[4];
}

SK_INLINE void sk_median(
    const void *input, void *output, sk_type type, sk_map map, sk_pool patch,
    sk_padding padding)
{
    const sk_places places = sk_patch_places(map, patch, padding);
    int32_t at = 0;
    for (int32_t row = 0; row < places.rows; row++) {
        for (int32_t column = 0; column < places.columns; column++) {
            const int32_t top = row * patch.row_stride - padding.top;
            const int32_t left = column * patch.column_stride - padding.left;
            for (int32_t c = 0; c < map.channels; c++) {
                int32_t x[9];
                for (int32_t i = 0; i < 9; i++) {
                    const int32_t first =
                        sk_patch_entry(map, padding, top, left, i / 3, i % 3);
                    x[i] = first < 0 ? 0 : sk_load(input, type, first + c);
                }
                sk_store(output, type, at++, sk_median_of_9(x));
            }
        }
    }
}

#endif
