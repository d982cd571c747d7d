/* Codes of the signs of convolutions, each channel of a map alone, on packed arithmetic.
 *
 * A channel is a one-channel map (dsp_rows.h), and one after the other goes through the
 * same buffer of rows. Two rows of codes come of it at a time: they are the result, or go
 * to the blocks of dsp_hash_blocks.h.
 *
 * The table of the bank holds for every kernel bias and runs of weights, with the signs
 * changed: a sum is positive where theirs is negative, and that is one bit of it.
 */
#ifndef SKCONV_DSP_HASH_H
#define SKCONV_DSP_HASH_H

#include "dsp_rows.h"

typedef struct {
    int32_t height; /* of the input */
    int32_t top;    /* rows of zeros above it */
    int32_t rows;   /* of codes that are wanted */
    int32_t bits;   /* of a code: they divide the kernels */
    const void *input;
    uint32_t *buffer;
    const int32_t *table;
    sk_rows conv; /* of one channel; `input` tells how many there are */
} sk_dsp_hash;

/* Number of codes of a pixel of one channel. */
SK_INLINE int32_t sk_dsp_hash_codes(sk_dsp_hash h)
{
    return h.conv.kernels / h.bits;
}

SK_INLINE int32_t sk_dsp_hash_depth(sk_dsp_hash h)
{
    return h.conv.input.channels * sk_dsp_hash_codes(h);
}

/* Four codes, a byte each, after one more kernel: its signs enter at the top. */
SK_INLINE uint32_t sk_dsp_hash_enter(uint32_t codes, sk_quad q)
{
    const uint32_t tops = 0x80008000u;
    const uint32_t low = sk_pack_high((uint32_t)q.a, (uint32_t)q.c) & tops;
    const uint32_t high = sk_pack_high((uint32_t)q.b, (uint32_t)q.d) & tops;
    return (codes >> 1) | high | ((uint32_t)sk_pin((int32_t)low) >> 8);
}

/* One code each of two rows at `pixel` and the next one.
 *
 * As in `sk_rows_block`, a distance is 0 where there is no neighbour: the first is written
 * last.
 */
SK_INLINE void sk_dsp_hash_block(
    const uint32_t *pixel, const uint32_t **table, uint8_t *codes, int32_t below, int32_t right,
    sk_dsp_hash h)
{
    /* A mark runs ahead of the bits: it is the lowest one when the last of them enters. */
    uint32_t four = (uint32_t)1 << (h.bits - 1);
    bool last = false;
    while (!last) {
        const sk_quad q = sk_rows_sums(pixel, table, h.conv);
        last = (four & 1) != 0;
        four = sk_dsp_hash_enter(four, q);
    }
    four >>= 8 - h.bits;
    codes[below + right] = (uint8_t)(four >> 24);
    codes[below] = (uint8_t)(four >> 16);
    codes[right] = (uint8_t)(four >> 8);
    codes[0] = (uint8_t)four;
}

/* A row of a channel: `y` counts those of the input, with rows of zeros above and below. */
SK_INLINE const void *sk_dsp_hash_row(sk_dsp_hash h, int32_t channel, int32_t y)
{
    const sk_lanes l = h.conv.input;
    const int32_t entry = y * l.pixels * l.channels + channel;
    const bool padding = y < 0 || y >= h.height;
    return padding ? NULL : (const uint8_t *)h.input + entry * (l.type == SK_INT16 ? 2 : 1);
}

/* Codes of a channel in rows `row` and `row + 1`, pixels `step` apart and rows `below`. */
SK_INLINE void sk_dsp_hash_two(
    sk_dsp_hash h, int32_t channel, int32_t row, int32_t *filled, uint8_t *codes, int32_t step,
    int32_t below)
{
    bool full = false;
    while (!full) {
        const void *from = sk_dsp_hash_row(h, channel, row + *filled - h.top);
        full = sk_lanes_push(h.buffer, filled, from, h.conv.height + 1, h.conv.input);
    }
    for (int32_t x = 0; x < h.conv.columns; x += 2) {
        const uint32_t *table = (const uint32_t *)h.table;
        const int32_t right = sk_has_next(x, h.conv.columns) ? step : 0;
        for (int32_t i = 0; i < sk_dsp_hash_codes(h); i++) {
            sk_dsp_hash_block(h.buffer + x / 2, &table, codes + x * step + i, below, right, h);
        }
    }
    sk_lanes_drop(h.buffer, filled, h.conv.height - 1, 2, h.conv.input);
}

/* Computes the map of codes. */
SK_INLINE void sk_dsp_hash_map(sk_dsp_hash h, uint8_t *output)
{
    const int32_t depth = sk_dsp_hash_depth(h);
    const int32_t row_size = h.conv.columns * depth;
    for (int32_t channel = 0; channel < h.conv.input.channels; channel++) {
        uint8_t *to = output + channel * sk_dsp_hash_codes(h);
        int32_t filled = 0;
        for (int32_t row = 0; row < h.rows; row += 2) {
            const int32_t below = sk_has_next(row, h.rows) ? row_size : 0;
            sk_dsp_hash_two(h, channel, row, &filled, to + row * row_size, depth, below);
        }
    }
}

#endif
