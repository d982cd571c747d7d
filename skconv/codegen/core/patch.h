/* The patches of a map: where they lie, and their entries. */
#ifndef SKCONV_PATCH_H
#define SKCONV_PATCH_H

#include "window.h"

typedef struct {
    int32_t rows;
    int32_t columns;
} sk_places;

SK_INLINE sk_places sk_patch_places(sk_map map, sk_pool patch, sk_padding p)
{
    const sk_places places = {
        sk_window_count(map.height + p.top + p.bottom, patch.height, patch.row_stride),
        sk_window_count(map.width + p.left + p.right, patch.width, patch.column_stride),
    };
    return places;
}

/* Index in the map of an entry of the patch at (top, left); -1 in zero padding. */
SK_INLINE int32_t sk_patch_entry(
    sk_map map, sk_padding padding, int32_t top, int32_t left, int32_t row, int32_t column)
{
    const bool inside = padding.top + padding.bottom + padding.left + padding.right == 0;
    const int32_t i = sk_tap(top + row, map.height, padding.circular, inside);
    const int32_t j = sk_tap(left + column, map.width, padding.circular, inside);
    return i < 0 || j < 0 ? -1 : (i * map.width + j) * map.channels;
}

/* The mean that is subtracted from a patch before squaring. */
typedef enum { SK_MEAN_NONE, SK_MEAN_CHANNEL, SK_MEAN_PATCH } sk_removed_mean;

#endif
