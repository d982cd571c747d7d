/* Rows of a map as int16 lanes, in a buffer of a few rows: what packed convolutions read.
 *
 * A buffered row is the padded row of the input, two values to a word, every value shifted
 * up by as much of the requantisation's shift as int16 has room for.
 */
#ifndef SKCONV_DSP_LANES_H
#define SKCONV_DSP_LANES_H

#include "dsp.h"

typedef struct {
    sk_type type; /* of the input: SK_UINT8, SK_INT8 or SK_INT16 */
    int32_t pixels;
    int32_t channels;
    int32_t slots; /* lanes of a pixel: 1, its channels, or one more that stays zero */
    int32_t left;  /* zero pixels before the first */
    int32_t shift; /* at most 7 for uint8, 0 or 8 for int8, 0 for int16 */
    int32_t pitch; /* words from one row of the buffer to the next */
} sk_lanes;

/* Bytes 0, 2 and bytes 1, 3 as lanes. */
SK_INLINE uint32_t sk_lanes_even(uint32_t bytes, sk_lanes l)
{
    if (l.type == SK_UINT8) {
        return sk_uxtb16(bytes) << l.shift;
    }
    return l.shift == 8 ? (bytes << 8) & 0xFF00FF00u : sk_sxtb16(bytes);
}

SK_INLINE uint32_t sk_lanes_odd(uint32_t bytes, sk_lanes l)
{
    if (l.type == SK_UINT8) {
        return sk_uxtb16_ror8(bytes) << l.shift;
    }
    return l.shift == 8 ? bytes & 0xFF00FF00u : sk_sxtb16_ror8(bytes);
}

/* The value of one lane of the row. */
SK_INLINE int32_t sk_lanes_value(const void *input, int32_t lane, sk_lanes l)
{
    const int32_t pixel = lane / l.slots - l.left;
    const int32_t channel = lane % l.slots;
    if (pixel < 0 || pixel >= l.pixels || channel >= l.channels) {
        return 0;
    }
    const int32_t value = sk_load(input, l.type, pixel * l.channels + channel);
    return (int32_t)((uint32_t)value << l.shift);
}

/* Words `from` to before `to`, value by value. */
SK_INLINE void sk_lanes_fill_slowly(
    uint32_t *row, const void *input, int32_t from, int32_t to, sk_lanes l)
{
    for (int32_t i = from; i < to; i++) {
        row[i] = sk_lanes16(
            sk_lanes_value(input, 2 * i, l), sk_lanes_value(input, 2 * i + 1, l));
    }
}

/* Bytes that lie as densely as the lanes, four at a time; returns the words written.
 * Where the padding is odd, a word takes its low lane from the four before.
 */
SK_INLINE int32_t sk_lanes_fill_bytes(uint32_t *row, const uint8_t *bytes, sk_lanes l)
{
    const int32_t before = l.left * l.channels;
    const int32_t fours = l.pixels * l.channels / 4;
    const int32_t first = before / 2;
    uint32_t carried = 0;
    for (int32_t i = 0; i < first; i++) {
        row[i] = 0;
    }
    for (int32_t i = 0; i < fours; i++) {
        const uint32_t four = sk_load32(bytes + 4 * i);
        const uint32_t even = sk_lanes_even(four, l);
        const uint32_t odd = sk_lanes_odd(four, l);
        uint32_t *const to = row + first + 2 * i;
        if (before % 2 == 0) {
            to[0] = sk_pack_low(even, odd);
            to[1] = sk_pack_high(even, odd);
        } else {
            to[0] = sk_pack_low(carried, even);
            to[1] = sk_pack_low_high(odd, even);
            carried = odd >> 16;
        }
    }
    return first + 2 * fours;
}

/* Pixels of three bytes in four lanes; returns the words written. */
SK_INLINE int32_t sk_lanes_fill_threes(uint32_t *row, const uint8_t *bytes, sk_lanes l)
{
    const int32_t first = 2 * l.left;
    for (int32_t i = 0; i < first; i++) {
        row[i] = 0;
    }
    /* The fourth byte is the next pixel's: the last one is left to the slow path. */
    for (int32_t i = 0; i < l.pixels - 1; i++) {
        const uint32_t four = sk_load32(bytes + 3 * i);
        const uint32_t even = sk_lanes_even(four, l);
        row[first + 2 * i] = sk_pack_low(even, sk_lanes_odd(four, l));
        row[first + 2 * i + 1] = even >> 16;
    }
    return first + 2 * (l.pixels - 1);
}

/* The first channel alone, two pixels at a time; returns the words written. */
SK_INLINE int32_t sk_lanes_fill_channel(uint32_t *row, const void *input, sk_lanes l)
{
    const int32_t odd = l.left % 2;
    const int32_t pairs = (l.pixels - odd) / 2;
    const int32_t first = l.left / 2;
    for (int32_t i = 0; i < first; i++) {
        row[i] = 0;
    }
    if (odd != 0) {
        row[first] = sk_pack_low(0, (uint32_t)sk_lanes_value(input, l.left, l));
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < pairs; i++) {
        const int32_t at = (odd + 2 * i) * l.channels;
        const int32_t low = sk_load(input, l.type, at);
        const int32_t high = sk_load(input, l.type, at + l.channels);
        row[first + odd + i] = sk_pack_low((uint32_t)low << l.shift, (uint32_t)high << l.shift);
    }
    return first + odd + pairs;
}

/* One row of the input, or of zeros where `input` is NULL. */
SK_INLINE void sk_lanes_fill(uint32_t *row, const void *input, sk_lanes l)
{
    if (input == NULL) {
        for (int32_t i = 0; i < l.pitch; i++) {
            row[i] = 0;
        }
        return;
    }
    int32_t done = 0;
    if (l.type != SK_INT16 && l.slots == l.channels) {
        done = sk_lanes_fill_bytes(row, (const uint8_t *)input, l);
    } else if (l.type != SK_INT16 && l.slots == 4) {
        done = sk_lanes_fill_threes(row, (const uint8_t *)input, l);
    } else if (l.slots == 1) {
        done = sk_lanes_fill_channel(row, input, l);
    }
    sk_lanes_fill_slowly(row, input, done, l.pitch, l);
}

/* Whether the even `i` is followed by another of `count`: known where `count` is even. */
SK_INLINE bool sk_has_next(int32_t i, int32_t count)
{
    return count % 2 == 0 || i + 1 < count;
}

/* One more row (NULL: zeros) behind the `*filled` ones; whether there are `wanted` now. */
SK_INLINE bool sk_lanes_push(
    uint32_t *rows, int32_t *filled, const void *input, int32_t wanted, sk_lanes l)
{
    sk_lanes_fill(rows + *filled * l.pitch, input, l);
    *filled += 1;
    return *filled == wanted;
}

/* Drops the first `done` rows: the `kept` others move up. */
SK_INLINE void sk_lanes_drop(
    uint32_t *rows, int32_t *filled, int32_t kept, int32_t done, sk_lanes l)
{
    const uint32_t *from = rows + done * l.pitch;
    for (int32_t i = 0; i < kept * l.pitch; i++) {
        rows[i] = from[i];
    }
    *filled = kept;
}

#endif
