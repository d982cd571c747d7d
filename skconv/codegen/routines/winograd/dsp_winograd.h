/* F(2x2, 3x3) of winograd.h in packed products: two kernels on up to three tiles.
 *
 * Values lie place after place, tile after tile, and of every four channels in the order 0,
 * 2, 1, 3: as they come of widened bytes. The products are the work of a printed routine.
 */
#ifndef SKCONV_DSP_WINOGRAD_H
#define SKCONV_DSP_WINOGRAD_H

#include "dsp_bytes.h"
#include "dsp_naked.h"
#include "winograd.h"

/* Products of two kernels at all places: of every four channels four weights of the first
 * kernel and four of the second. */
typedef void sk_winograd_block(const uint32_t *values, const int32_t *weights, int32_t *sums);

/* The work of a printed routine, in plain C. */
SK_INLINE void sk_winograd_block_plain(
    const uint32_t *values, const int32_t *weights, int32_t *sums, int32_t tiles, int32_t steps)
{
    for (int32_t place = 0; place < SK_PLACES; place++) {
        for (int32_t i = 0; i < 2 * tiles; i++) {
            const uint32_t *x = values + (place * tiles + i / 2) * 2 * steps;
            const int32_t *from = weights + place * 4 * steps + i % 2 * 2;
            int32_t sum = 0;
            for (int32_t step = 0; step < steps; step++) {
                sum = sk_smlad(x[2 * step], (uint32_t)from[4 * step], sum);
                sum = sk_smlad(x[2 * step + 1], (uint32_t)from[4 * step + 1], sum);
            }
            sums[place * 2 * tiles + i] = sum;
        }
    }
}

/* Two lanes through one direction: (a - c, b + c, c - b, d - b). */
SK_INLINE void sk_lanes_to_places(
    uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t *to, int32_t step)
{
    to[0] = sk_ssub16(a, c);
    to[step] = sk_sadd16(b, c);
    to[2 * step] = sk_ssub16(c, b);
    to[3 * step] = sk_ssub16(d, b);
}

SK_INLINE uint32_t sk_widened(uint32_t bytes, sk_type type, bool odd)
{
    if (type == SK_UINT8) {
        return odd ? sk_uxtb16_ror8(bytes) : sk_uxtb16(bytes);
    }
    return odd ? sk_sxtb16_ror8(bytes) : sk_sxtb16(bytes);
}

/* Four bytes of one row of a window, to both pairs of lanes. */
SK_INLINE void sk_column_to_places(
    const sk_tile *tile, int32_t j, int32_t channel, sk_type type, uint32_t *even, uint32_t *odd)
{
    const uint32_t a = sk_load32(tile->pixels[j] + channel);
    const uint32_t b = sk_load32(tile->pixels[4 + j] + channel);
    const uint32_t c = sk_load32(tile->pixels[8 + j] + channel);
    const uint32_t d = sk_load32(tile->pixels[12 + j] + channel);
    sk_lanes_to_places(
        sk_widened(a, type, false), sk_widened(b, type, false), sk_widened(c, type, false),
        sk_widened(d, type, false), even + j, 4);
    sk_lanes_to_places(
        sk_widened(a, type, true), sk_widened(b, type, true), sk_widened(c, type, true),
        sk_widened(d, type, true), odd + j, 4);
}

/* Four channels of a window to their 16 places, `distance` words apart. */
SK_INLINE void sk_four_to_places(
    const sk_tile *tile, int32_t channel, sk_type type, uint32_t *to, int32_t distance)
{
    uint32_t even[SK_PLACES];
    uint32_t odd[SK_PLACES];
    SK_UNROLL_4
    for (int32_t j = 0; j < 4; j++) {
        sk_column_to_places(tile, j, channel, type, even, odd);
    }
    SK_UNROLL_4
    for (int32_t i = 0; i < SK_PLACES; i += 4) {
        uint32_t *place = to + i * distance;
        sk_lanes_to_places(even[i], even[i + 1], even[i + 2], even[i + 3], place, distance);
        sk_lanes_to_places(odd[i], odd[i + 1], odd[i + 2], odd[i + 3], place + 1, distance);
    }
}

/* With the limits that single entries are clipped to, where `sk_lift` follows on all. */
SK_INLINE sk_winograd sk_winograd_plainer(sk_winograd w)
{
    w.to.minimum =
        sk_is_lifted(w.output_type, w.to.minimum, w.to.maximum) ? -128 : w.to.minimum;
    return w;
}

SK_INLINE void sk_winograd_lift(sk_winograd w)
{
    if (sk_is_lifted(w.output_type, w.to.minimum, w.to.maximum)) {
        sk_lift((int8_t *)w.output, w.rows * w.columns * w.kernels);
    }
}

/* A map (rows, columns, kernels); `channels` is a multiple of four. */
SK_INLINE void sk_dsp_winograd(sk_winograd w, const int32_t *weights, sk_winograd_block *block)
{
    const int32_t words = w.map.channels / 2;
    const int32_t count = sk_tile_count(w);
    sk_tile tiles[SK_MOST_TILES];
    sk_clear_pixel(w);
    for (int32_t first = 0; first < count; first += w.tiles) {
        const int32_t few = sk_tiles_from(w, first);
        for (int32_t slot = 0; slot < few; slot++) {
            uint32_t *to = (uint32_t *)w.values + slot * words;
            sk_tile_begin(w, first + slot, tiles + slot);
            for (int32_t c = 0; c < w.map.channels; c += 4) {
                sk_four_to_places(tiles + slot, c, w.input_type, to + c / 2, w.tiles * words);
            }
        }
        for (int32_t kernel = 0; kernel < w.kernels; kernel += 2) {
            block(w.values, weights + kernel * SK_PLACES * words, w.sums);
            sk_winograd_finish(sk_winograd_plainer(w), tiles, few, kernel);
        }
    }
    sk_winograd_lift(w);
}

#endif
