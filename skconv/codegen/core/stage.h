/* A convolution, a nonlinearity and a pooling (or codes and their histogram) in one.
 *
 * A pixel of the convolution is computed, used and forgotten: no map is kept. Windows that do
 * not overlap are computed one after the other (`sk_stage_windows`). Otherwise each row of pixels
 * is added to all windows that hold it (stage_rows.h).
 */
#ifndef SKCONV_STAGE_H
#define SKCONV_STAGE_H

#include "conv.h"
#include "pool.h"
#include "root.h"
#include "signed_root.h"
#include "sink.h"

typedef enum {
    SK_STAGE_PLAIN,
    SK_STAGE_RELU,
    SK_STAGE_ABS,
    SK_STAGE_BOTH_SIGNS,
    SK_STAGE_MAGNITUDE,
    SK_STAGE_SQUARE,
    SK_STAGE_SOFT_THRESHOLD
} sk_nonlinearity;

/* Computes a whole pixel from a pixel of the convolution, at its row and column. */
typedef void sk_pixelwise(const void *input, uint8_t *scratch, int32_t row, int32_t column);

typedef struct {
    sk_conv_inputs in;
    sk_conv_output conv; /* one pixel */
    int32_t channels;    /* of that pixel, behind `pixelwise`: entries, or codes */
    sk_pixelwise *pixelwise; /* or NULL: the pixel stays as it is */
    uint8_t *scratch;        /* where that reads and writes */
    sk_conv_output pixel;    /* what it writes */
    sk_nonlinearity nonlinearity;
    sk_requantization square; /* of SK_STAGE_SQUARE */
    const SK_FLASH int16_t *threshold; /* of SK_STAGE_SOFT_THRESHOLD, a channel each */
    sk_pooling pooling;
    bool requantised; /* pooled sums are requantised by `to`: always, except for a plain maximum */
    sk_requantization to;
    bool rooted; /* the result is the root of that */
    sk_root root;
    void *sums; /* of windows, or their maxima: `result.channels` of each */
    sk_type sum_type;
    int32_t slots; /* rows of windows whose sums are kept; 0: a single window */
    sk_map result; /* of the pooling; blocks of a histogram have the channels of a pixel */
    sk_pool pool;  /* last: old compilers lose track of fields after inner braces */
} sk_stage;

/* The progress of a stage whose input comes row by row. */
typedef struct {
    int32_t filled; /* rows of the input in memory; negative: rows still to be skipped */
    int32_t row;    /* of results or of the convolution: the next one */
} sk_progress;

/* The stage after `pixelwise`: entries are those of the pixel that `pixelwise` writes. */
SK_INLINE sk_stage sk_stage_behind(sk_stage s)
{
    if (s.pixelwise != NULL) {
        s.conv = s.pixel;
    }
    return s;
}

/* One pixel of the convolution, passed through `pixelwise`. */
SK_INLINE void sk_stage_pixel(sk_stage s, int32_t row, int32_t column)
{
    const sk_windows rows = sk_row_windows(s.in.map, s.in.kernels, s.in.padding);
    const sk_windows columns = sk_column_windows(s.in.map, s.in.kernels, s.in.padding);
    const int32_t top = row * s.in.kernels.row_stride - s.in.padding.top;
    const int32_t left = column * s.in.kernels.column_stride - s.in.padding.left;
    if (row >= rows.first && row < rows.end && column >= columns.first && column < columns.end) {
        sk_conv_pixel(s.in, s.conv, top, left, true, 0);
    } else {
        sk_conv_pixel(s.in, s.conv, top, left, false, 0);
    }
    if (s.pixelwise != NULL) {
        s.pixelwise(s.in.input, s.scratch, row, column);
    }
}

/* The map of the convolution that entry `c` is made of. Where both signs are kept the second
 * half of the entries is of the negative ones.
 */
SK_INLINE int32_t sk_stage_channel(const sk_stage *s, int32_t c)
{
    return c < s->channels ? c : c - s->channels;
}

/* Entry `c`, of `x` in that map; `odd` is the partner of SK_STAGE_MAGNITUDE. */
SK_INLINE int32_t sk_stage_entry_of(const sk_stage *s, int32_t x, int32_t odd, int32_t c)
{
    const bool positive = c < s->channels;
    switch (s->nonlinearity) {
    case SK_STAGE_RELU:
        return x > 0 ? x : 0;
    case SK_STAGE_ABS:
        return x < 0 ? -x : x;
    case SK_STAGE_BOTH_SIGNS:
        return positive ? (x > 0 ? x : 0) : (x < 0 ? -x : 0);
    case SK_STAGE_SOFT_THRESHOLD: {
        const int32_t beyond = (positive ? x : -x) - s->threshold[sk_stage_channel(s, c)];
        return beyond > 0 ? beyond : 0;
    }
    case SK_STAGE_MAGNITUDE:
        return sk_rounded_size(x, odd, s->conv.type);
    case SK_STAGE_SQUARE:
        return sk_requantize(x * x, c, s->square);
    case SK_STAGE_PLAIN:
    default:
        return x;
    }
}

/* Entry `c` of a pixel of the convolution, behind the nonlinearity. */
SK_INLINE int32_t sk_stage_entry(const sk_stage *s, const void *pixel, int32_t c)
{
    const bool is_paired = s->nonlinearity == SK_STAGE_MAGNITUDE;
    const int32_t odd = is_paired ? sk_load(pixel, s->conv.type, c + s->channels / 2) : 0;
    const int32_t x = sk_load(pixel, s->conv.type, sk_stage_channel(s, c));
    return sk_stage_entry_of(s, x, odd, c);
}

/* What that entry adds to a sum. */
SK_INLINE int32_t sk_stage_addend(const sk_stage *s, const void *pixel, int32_t c)
{
    const int32_t x = sk_stage_entry(s, pixel, c);
    return s->pooling == SK_POOL_L2 ? x * x : x;
}

/* A sum with one more addend. */
SK_INLINE int32_t sk_stage_sum(sk_pooling pooling, int32_t before, int32_t x)
{
    return pooling != SK_POOL_MAX ? before + x : (x > before ? x : before);
}

/* Adds an addend to sum `at`; `first`: it is the first of its window. */
SK_INLINE void sk_stage_gather(sk_stage s, int32_t at, int32_t x, bool first)
{
    const int32_t sum = first ? x : sk_stage_sum(s.pooling, sk_load(s.sums, s.sum_type, at), x);
    sk_store(s.sums, s.sum_type, at, sum);
}

/* The result of sum `at`, which belongs to channel `c`. */
SK_INLINE int32_t sk_stage_pooled(sk_stage s, int32_t at, int32_t c)
{
    const int32_t sum = sk_load(s.sums, s.sum_type, at);
    const int32_t value =
        s.pooling == SK_POOL_L2 ? (int32_t)sk_rounded_root((uint32_t)sum) : sum;
    const int32_t pooled = s.requantised ? sk_requantize(value, c, s.to) : value;
    return s.rooted ? sk_requantize(sk_signed_root(pooled, s.root), c, s.root.to) : pooled;
}

/* Finishes window `window`, whose sums begin at `at`. */
SK_INLINE void sk_stage_yield(sk_stage s, sk_sink sink, int32_t at, int32_t window)
{
    for (int32_t c = 0; c < s.result.channels; c++) {
        const int32_t x = sk_stage_pooled(s, at + c, c);
        sk_sink_put(sink, window * s.result.channels + c, x);
    }
}

/* Counts the codes of the pixel in the histograms of block `block`. */
SK_INLINE void sk_stage_count(sk_stage s, sk_sink sink, int32_t block)
{
    for (int32_t c = 0; c < s.result.channels; c++) {
        const int32_t code = sk_load(s.conv.tensor, s.conv.type, c);
        sk_sink_count(sink, (block * s.result.channels + c) * sink.bins + code);
    }
}

/* Results, or bins of the histograms. */
SK_INLINE int32_t sk_stage_size(sk_stage s, sk_sink sink)
{
    const int32_t bins = sink.bins > 0 ? sink.bins : 1;
    return s.result.height * s.result.width * s.result.channels * bins;
}

/* Goes through the pixels of one window: counts codes, or adds entries. */
SK_INLINE void sk_stage_window(sk_stage s, sk_sink sink, int32_t row, int32_t column)
{
    for (int32_t i = 0; i < s.pool.height; i++) {
        for (int32_t j = 0; j < s.pool.width; j++) {
            sk_stage_pixel(s, row * s.pool.row_stride + i, column * s.pool.column_stride + j);
            if (sink.bins > 0) {
                sk_stage_count(s, sink, row * s.result.width + column);
                continue;
            }
            const sk_stage behind = sk_stage_behind(s);
            for (int32_t c = 0; c < s.result.channels; c++) {
                const int32_t x = sk_stage_addend(&behind, behind.conv.tensor, c);
                const int32_t weight = sk_pool_weight(s.pooling, s.pool, i, j);
                sk_stage_gather(s, c, x * weight, i == 0 && j == 0);
            }
        }
    }
}

/* Computes window after window. Windows do not overlap, so one set of sums is enough. */
SK_INLINE void sk_stage_windows(sk_stage s, sk_sink sink)
{
    sk_sink_begin(sink, sk_stage_size(s, sink));
    for (int32_t row = 0; row < s.result.height; row++) {
        for (int32_t column = 0; column < s.result.width; column++) {
            sk_stage_window(s, sink, row, column);
            if (sink.bins == 0) {
                sk_stage_yield(s, sink, 0, row * s.result.width + column);
            }
        }
    }
}

#endif
