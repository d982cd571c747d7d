/* A row of a convolution into the sums of pooling windows, however these overlap.
 *
 * From one window to the next the row is a step of `column_stride` pixels. A window is a few
 * whole steps and the first pixels of one more: the nonlinearity of a pixel is computed once
 * and added up over its step. Bytes are worked on four channels at a time, where a few
 * instructions make the nonlinearity.
 */
#ifndef SKCONV_DSP_ROW_PARTS_H
#define SKCONV_DSP_ROW_PARTS_H

#include "dsp_bytes.h"
#include "dsp_requantize.h"
#include "stage_rows.h"

#define SK_ROW_MOST_STEPS 8

/* What pixels come to. One channel: `a`. Four: two lanes each in `a`, of the channels 0 and
 * 2, and `b`, of 1 and 3; or bytes in `a`, the largest ones. `c` and `d` are of the negative
 * entries where both signs are kept. */
typedef struct {
    uint32_t a, b, c, d;
} sk_row_sums;

SK_INLINE bool sk_keeps_both_signs(const sk_stage *s)
{
    return s->result.channels > s->channels;
}

/* Whether four channels are worked on at a time. */
SK_INLINE bool sk_row_has_fours(const sk_stage *s)
{
    const bool simple = s->nonlinearity == SK_STAGE_PLAIN || s->nonlinearity == SK_STAGE_RELU;
    const bool sized = s->nonlinearity == SK_STAGE_MAGNITUDE || s->nonlinearity == SK_STAGE_SQUARE;
    const bool sums = s->sum_type == SK_INT16 || s->sum_type == SK_UINT16;
    return s->channels % 4 == 0
           && (s->conv.type == SK_INT8 ? !sized : s->conv.type == SK_UINT8 && simple)
           && (s->pooling == SK_POOL_MAX || (s->pooling == SK_POOL_MEAN && sums));
}

/* Entries of four channels, as bytes; `beyond` are their thresholds. */
SK_INLINE uint32_t sk_four_entries(const sk_stage *s, uint32_t x, bool positive, uint32_t beyond)
{
    if (s->conv.type == SK_UINT8 || s->nonlinearity == SK_STAGE_PLAIN) {
        return x;
    }
    if (s->nonlinearity == SK_STAGE_ABS) {
        return sk_four_sizes(x);
    }
    const uint32_t entries = positive ? sk_four_positive(x) : sk_four_negative(x);
    return s->nonlinearity == SK_STAGE_SOFT_THRESHOLD ? sk_uqsub8(entries, beyond) : entries;
}

/* The thresholds of four channels, as bytes. */
SK_INLINE uint32_t sk_four_thresholds(const sk_stage *s, int32_t c)
{
    if (s->nonlinearity != SK_STAGE_SOFT_THRESHOLD) {
        return 0;
    }
    const uint32_t first = sk_load32(s->threshold + c);
    const uint32_t second = sk_load32(s->threshold + c + 2);
    return sk_pack_low(first, second) | sk_pack_high(first, second) << 8;
}

/* What entry `c` of a pixel adds to a sum. */
SK_INLINE int32_t sk_row_addend(const sk_stage *s, const uint8_t *pixel, int32_t c)
{
    if (s->nonlinearity != SK_STAGE_SQUARE) {
        return sk_stage_addend(s, pixel, c);
    }
    const int32_t x = sk_load(pixel, s->conv.type, c);
    const int32_t square = sk_dsp_requantize(x * x, c, s->square);
    return s->pooling == SK_POOL_L2 ? square * square : square;
}

/* Four entries more in the lanes or bytes `a` and `b`. */
SK_INLINE void sk_four_add(const sk_stage *s, uint32_t *a, uint32_t *b, uint32_t entries)
{
    if (s->pooling == SK_POOL_MAX) {
        *a = s->sum_type == SK_INT8 ? sk_four_larger(*a, entries) : sk_four_higher(*a, entries);
    } else if (s->conv.type == SK_INT8 && s->nonlinearity == SK_STAGE_PLAIN) {
        *a = sk_sxtab16(*a, entries);
        *b = sk_sxtab16_ror8(*b, entries);
    } else {
        *a = sk_uxtab16(*a, entries);
        *b = sk_uxtab16_ror8(*b, entries);
    }
}

SK_INLINE sk_row_sums sk_row_nothing(const sk_stage *s)
{
    uint32_t nothing = (uint32_t)sk_stage_nothing(s->pooling, s->sum_type);
    if (sk_row_has_fours(s)) {
        nothing = (nothing & 0xFFu) * 0x01010101u;
    }
    const sk_row_sums sums = {nothing, nothing, nothing, nothing};
    return sums;
}

/* Channel `c`, or four from there on, of `count` pixels more. */
SK_INLINE sk_row_sums sk_row_add(
    const sk_stage *s, sk_row_sums x, const uint8_t *pixels, int32_t count, int32_t c,
    uint32_t beyond)
{
    const int32_t bytes = s->channels * sk_bytes(s->conv.type);
    SK_UNROLL_4
    for (int32_t i = 0; i < count; i++) {
        const uint8_t *const pixel = pixels + i * bytes;
        if (sk_row_has_fours(s)) {
            const uint32_t four = sk_load32(pixel + c);
            sk_four_add(s, &x.a, &x.b, sk_four_entries(s, four, true, beyond));
            sk_four_add(s, &x.c, &x.d, sk_four_entries(s, four, false, beyond));
            continue;
        }
        const int32_t entry = sk_row_addend(s, pixel, c);
        x.a = (uint32_t)sk_stage_sum(s->pooling, (int32_t)x.a, entry);
        if (sk_keeps_both_signs(s)) {
            const int32_t negative = sk_row_addend(s, pixel, c + s->channels);
            x.c = (uint32_t)sk_stage_sum(s->pooling, (int32_t)x.c, negative);
        }
    }
    return x;
}

/* Merges two of the sums. */
SK_INLINE uint32_t sk_row_join(const sk_stage *s, uint32_t x, uint32_t y)
{
    if (!sk_row_has_fours(s)) {
        return (uint32_t)sk_stage_sum(s->pooling, (int32_t)x, (int32_t)y);
    }
    if (s->pooling == SK_POOL_MAX) {
        return s->sum_type == SK_INT8 ? sk_four_larger(x, y) : sk_four_higher(x, y);
    }
    return sk_sadd16(x, y);
}

/* Adds `a` and `b` to the sums from `at` on. */
SK_INLINE void sk_row_gather(const sk_stage *s, int32_t at, uint32_t a, uint32_t b)
{
    if (!sk_row_has_fours(s)) {
        sk_stage_gather(*s, at, (int32_t)a, false);
        return;
    }
    uint8_t *const to = (uint8_t *)s->sums + at * sk_bytes(s->sum_type);
    if (s->pooling == SK_POOL_MAX) {
        sk_store32(to, sk_row_join(s, sk_load32(to), a));
        return;
    }
    sk_store32(to, sk_sadd16(sk_load32(to), sk_pack_low(a, b)));
    sk_store32(to + 4, sk_sadd16(sk_load32(to + 4), sk_pack_high(a, b)));
}

/* One window's sums number `at` of every row `rows`. */
SK_INLINE void sk_row_gather_all(const sk_stage *s, sk_run rows, int32_t at, sk_row_sums x)
{
    const int32_t row_size = s->result.width * s->result.channels;
    int32_t place = sk_stage_place(*s, rows.first);
    for (int32_t i = rows.first; i < rows.end; i++) {
        sk_row_gather(s, place + at, x.a, x.b);
        if (sk_keeps_both_signs(s)) {
            sk_row_gather(s, place + at + s->channels, x.c, x.d);
        }
        place += row_size;
        place -= place < s->slots * row_size ? 0 : s->slots * row_size;
    }
}

/* Channel `c`, or four from there on, of the whole row. */
SK_INLINE void sk_row_channels(const sk_stage *s, sk_run rows, int32_t c)
{
    const int32_t step = s->pool.column_stride;
    const int32_t whole = (s->pool.width - 1) / step;
    const int32_t more = s->pool.width - whole * step;
    const int32_t bytes = s->channels * sk_bytes(s->conv.type);
    const uint32_t beyond = sk_row_has_fours(s) ? sk_four_thresholds(s, c) : 0;
    const uint8_t *pixels = (const uint8_t *)s->conv.tensor;
    sk_row_sums steps[SK_ROW_MOST_STEPS];
    SK_UNROLL_4
    for (int32_t i = 0; i < whole; i++) {
        steps[i] = sk_row_add(s, sk_row_nothing(s), pixels, step, c, beyond);
        pixels += step * bytes;
    }
    for (int32_t i = 0; i < s->result.width; i++) {
        sk_row_sums last = sk_row_add(s, sk_row_nothing(s), pixels, more, c, beyond);
        sk_row_sums window = last;
        SK_UNROLL_4
        for (int32_t k = 0; k < whole; k++) {
            window.a = sk_row_join(s, window.a, steps[k].a);
            window.b = sk_row_join(s, window.b, steps[k].b);
            window.c = sk_row_join(s, window.c, steps[k].c);
            window.d = sk_row_join(s, window.d, steps[k].d);
        }
        sk_row_gather_all(s, rows, i * s->result.channels + c, window);
        if (whole == 0 || i + 1 == s->result.width) {
            pixels += step * bytes;
            continue;
        }
        last = sk_row_add(s, last, pixels + more * bytes, step - more, c, beyond);
        SK_UNROLL_4
        for (int32_t k = 0; k + 1 < whole; k++) {
            steps[k] = steps[k + 1];
        }
        steps[whole - 1] = last;
        pixels += step * bytes;
    }
}

/* Adds a row of pixels to the sums of the windows `rows`. */
SK_INLINE void sk_row_parts_spread(const sk_stage *s, sk_run rows)
{
    const int32_t channels =
        sk_keeps_both_signs(s) ? s->channels : s->result.channels;
    for (int32_t c = 0; c < channels; c += sk_row_has_fours(s) ? 4 : 1) {
        sk_row_channels(s, rows, c);
    }
}

#endif
