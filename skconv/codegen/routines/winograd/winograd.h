/* Convolutions of 3x3 kernels at stride 1 by minimal filtering, F(2x2, 3x3), exactly.
 *
 * A tile is four results, 2 x 2, of a window of 4 x 4 pixels. Pixels and kernels are brought
 * to 16 places, where one product each stands for nine of every result: 16 in place of 36.
 * Kernels are doubled in each direction, so they are whole numbers, and all results come out
 * times four. Sums may wrap on the way: four times a result is proven to fit.
 *
 * A few tiles are computed at a time, all kernels on them before the next: no map is kept.
 */
#ifndef SKCONV_WINOGRAD_H
#define SKCONV_WINOGRAD_H

#include "dsp_requantize.h"
#include "window.h"

#define SK_PLACES 16
#define SK_MOST_TILES 3

typedef struct {
    const void *input;
    sk_type input_type;
    sk_map map;
    sk_padding padding;
    void *output;
    sk_type output_type;
    int32_t rows;    /* of the output */
    int32_t columns; /* of the output */
    int32_t kernels;
    int32_t tiles; /* at a time */
    int32_t places;
    const SK_FLASH int32_t *bias; /* times the powers of two in the scale of the results */
    int32_t surplus; /* bits of that which the shift of the requantisation cannot take */
    uint32_t *values; /* of the tiles at all places: two in a word */
    int32_t *sums;   /* of the products: place, tile, two kernels */
    uint8_t *zeros;  /* a pixel outside of the map */
    sk_requantization to;
} sk_winograd;

/* A tile: the 4 x 4 pixels of its window, and where its results belong. Where there is no
 * second row or column, `below` or `right` is 0. */
typedef struct {
    const uint8_t *pixels[SK_PLACES];
    int32_t entry;
    int32_t below;
    int32_t right;
} sk_tile;

SK_INLINE int32_t sk_tiles_across(sk_winograd w)
{
    return (w.columns + 1) / 2;
}

SK_INLINE int32_t sk_tile_count(sk_winograd w)
{
    return (w.rows + 1) / 2 * sk_tiles_across(w);
}

SK_INLINE void sk_tile_begin(sk_winograd w, int32_t number, sk_tile *tile)
{
    const int32_t row = number / sk_tiles_across(w) * 2;
    const int32_t column = number % sk_tiles_across(w) * 2;
    for (int32_t i = 0; i < 4; i++) {
        const int32_t y = sk_tap(row - w.padding.top + i, w.map.height, false, false);
        for (int32_t j = 0; j < 4; j++) {
            const int32_t x = sk_tap(column - w.padding.left + j, w.map.width, false, false);
            const int32_t at = (y * w.map.width + x) * w.map.channels;
            tile->pixels[4 * i + j] =
                y < 0 || x < 0 ? w.zeros : (const uint8_t *)w.input + at;
        }
    }
    tile->entry = (row * w.columns + column) * w.kernels;
    tile->below = row + 1 < w.rows ? w.columns * w.kernels : 0;
    tile->right = column + 1 < w.columns ? w.kernels : 0;
}

SK_INLINE void sk_clear_pixel(sk_winograd w)
{
    for (int32_t i = 0; i < w.map.channels; i++) {
        w.zeros[i] = 0;
    }
}

/* Sums of a column of places, to what belongs to the upper and to the lower row. */
typedef struct {
    uint32_t upper;
    uint32_t lower;
} sk_two_rows;

SK_INLINE sk_two_rows sk_rows_of_places(const uint32_t *sums, int32_t step)
{
    const uint32_t b = sums[4 * step];
    const uint32_t c = sums[8 * step];
    const sk_two_rows rows = {sums[0] + b + c, b - c + sums[12 * step]};
    return rows;
}

/* A scaled result, bias included, to an entry of the output. */
SK_INLINE void sk_winograd_store(sk_winograd w, int32_t multiplier, int32_t entry, uint32_t sum)
{
    w.to.multipliers = NULL;
    w.to.multiplier = multiplier;
    const int32_t value = sk_dsp_requantize((int32_t)sum >> w.surplus, 0, w.to);
    sk_store(w.output, w.output_type, entry, value);
}

/* One kernel at one tile: from the places to 2 x 2 results. What has no row or column of its
 * own is written first, and overwritten at once. */
SK_INLINE void sk_winograd_results(
    sk_winograd w, const sk_tile *tile, const int32_t *sums, int32_t kernel)
{
    const uint32_t *from = (const uint32_t *)sums;
    const int32_t step = 2 * w.tiles;
    const uint32_t bias = (uint32_t)w.bias[kernel];
    const int32_t multiplier = w.to.multipliers ? w.to.multipliers[kernel] : w.to.multiplier;
    const int32_t at = tile->entry + kernel;
    const sk_two_rows a = sk_rows_of_places(from, step);
    const sk_two_rows b = sk_rows_of_places(from + step, step);
    const sk_two_rows c = sk_rows_of_places(from + 2 * step, step);
    const sk_two_rows d = sk_rows_of_places(from + 3 * step, step);
    const int32_t below = at + tile->below;
    sk_winograd_store(w, multiplier, below + tile->right, bias + b.lower - c.lower + d.lower);
    sk_winograd_store(w, multiplier, below, bias + a.lower + b.lower + c.lower);
    sk_winograd_store(w, multiplier, at + tile->right, bias + b.upper - c.upper + d.upper);
    sk_winograd_store(w, multiplier, at, bias + a.upper + b.upper + c.upper);
}

/* Two kernels, or the last one, at a few tiles. */
SK_INLINE void sk_winograd_finish(
    sk_winograd w, const sk_tile *tiles, int32_t count, int32_t kernel)
{
    for (int32_t slot = 0; slot < count; slot++) {
        sk_winograd_results(w, tiles + slot, w.sums + 2 * slot, kernel);
        if (kernel + 1 < w.kernels) {
            sk_winograd_results(w, tiles + slot, w.sums + 2 * slot + 1, kernel + 1);
        }
    }
}

/* Tiles of the group that begins with `first`: fewer at the end. */
SK_INLINE int32_t sk_tiles_from(sk_winograd w, int32_t first)
{
    const int32_t left = sk_tile_count(w) - first;
    return left < w.tiles ? left : w.tiles;
}

#endif
