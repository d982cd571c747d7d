/* F(4, 3) along rows in plain C: kernels of one row of three, at stride 1.
 *
 * A tile is four neighbours of a row, of a window of six pixels. They are brought to six
 * places, where one product each stands for two: six in place of twelve. Results come out
 * times 24. The three goes by the product with its inverse modulo 2^32, which is exact for a
 * multiple of three; the eight stays for the shift of the requantisation.
 */
#ifndef SKCONV_PLAIN_LINE_H
#define SKCONV_PLAIN_LINE_H

#include "plain_winograd.h"

#define SK_LINE_PLACES 6
#define SK_LINE_TILE 4
#define SK_INVERSE_OF_3 0xAAAAAAABu

/* A tile: the pixels of its window, and the entry and the number of its results. */
typedef struct {
    const uint8_t *pixels[SK_LINE_PLACES];
    int32_t entry;
    int32_t count;
} sk_line_tile;

SK_INLINE int32_t sk_line_tiles_across(sk_winograd w)
{
    return (w.columns + SK_LINE_TILE - 1) / SK_LINE_TILE;
}

SK_INLINE void sk_line_begin(sk_winograd w, int32_t number, sk_line_tile *tile)
{
    const int32_t row = number / sk_line_tiles_across(w);
    const int32_t column = number % sk_line_tiles_across(w) * SK_LINE_TILE;
    const int32_t left = w.columns - column;
    for (int32_t j = 0; j < SK_LINE_PLACES; j++) {
        const int32_t x = sk_tap(column - w.padding.left + j, w.map.width, false, false);
        const int32_t at = (row * w.map.width + x) * w.map.channels;
        tile->pixels[j] = x < 0 ? w.zeros : (const uint8_t *)w.input + at;
    }
    tile->entry = (row * w.columns + column) * w.kernels;
    tile->count = left < SK_LINE_TILE ? left : SK_LINE_TILE;
}

/* One channel of a window to its places, `distance` values apart. */
SK_INLINE void sk_line_to_places(
    const sk_line_tile *tile, int32_t channel, sk_type type, int16_t *to, int32_t distance)
{
    const int32_t a = sk_load(tile->pixels[0], type, channel);
    const int32_t b = sk_load(tile->pixels[1], type, channel);
    const int32_t c = sk_load(tile->pixels[2], type, channel);
    const int32_t d = sk_load(tile->pixels[3], type, channel);
    const int32_t e = sk_load(tile->pixels[4], type, channel);
    const int32_t f = sk_load(tile->pixels[5], type, channel);
    to[0] = (int16_t)(4 * (a - c) + e - c);
    to[distance] = (int16_t)(e - 4 * c + (d - 4 * b));
    to[2 * distance] = (int16_t)(e - 4 * c - (d - 4 * b));
    to[3 * distance] = (int16_t)(e - c + 2 * (d - b));
    to[4 * distance] = (int16_t)(e - c - 2 * (d - b));
    to[5 * distance] = (int16_t)(4 * (b - d) + f - d);
}

/* One kernel at one tile: from the places to four results. */
SK_INLINE void sk_line_results(
    sk_winograd w, const sk_line_tile *tile, const int32_t *sums, int32_t kernel)
{
    const uint32_t *from = (const uint32_t *)sums;
    const uint32_t bias = (uint32_t)w.bias[kernel];
    const int32_t multiplier = w.to.multipliers ? w.to.multipliers[kernel] : w.to.multiplier;
    const uint32_t near = from[4] + from[8];
    const uint32_t across = from[4] - from[8];
    const uint32_t far = from[12] + from[16];
    const uint32_t beyond = from[12] - from[16];
    const uint32_t found[SK_LINE_TILE] = {
        from[0] + near + far, across + 2 * beyond, near + 4 * far,
        across + 8 * beyond + from[20]};
    for (int32_t i = 0; i < tile->count; i++) {
        sk_winograd_store(
            w, multiplier, tile->entry + i * w.kernels + kernel,
            found[i] * SK_INVERSE_OF_3 + bias);
    }
}

SK_INLINE void sk_line_finish(
    sk_winograd w, const sk_line_tile *tiles, int32_t count, int32_t kernel)
{
    for (int32_t slot = 0; slot < count; slot++) {
        for (int32_t i = 0; i < 2 && kernel + i < w.kernels; i++) {
            sk_line_results(w, tiles + slot, w.sums + 2 * slot + i, kernel + i);
        }
    }
}

/* A map (rows, columns, kernels); `channels` is even, and two tiles are done at a time. */
SK_INLINE void sk_plain_line(sk_winograd w, const SK_FLASH int16_t *weights)
{
    const int32_t channels = w.map.channels;
    const int32_t count = w.rows * sk_line_tiles_across(w);
    sk_line_tile tiles[2];
    sk_clear_pixel(w);
    for (int32_t first = 0; first < count; first += 2) {
        const int32_t few = count - first < 2 ? count - first : 2;
        for (int32_t slot = 0; slot < few; slot++) {
            int16_t *to = (int16_t *)w.values + slot;
            sk_line_begin(w, first + slot, tiles + slot);
            for (int32_t c = 0; c < channels; c++) {
                sk_line_to_places(tiles + slot, c, w.input_type, to + 2 * c, 2 * channels);
            }
        }
        for (int32_t kernel = 0; kernel < w.kernels; kernel += 2) {
            sk_winograd_two(w, weights, kernel);
            sk_line_finish(w, tiles, few, kernel);
        }
    }
}

#endif
