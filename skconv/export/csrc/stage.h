/* A convolution, a nonlinearity and a pooling (or codes and their histogram) in one.
 *
 * Windows of the pooling do not overlap, so every pixel of the convolution is needed once:
 * it is computed, used and forgotten. No map is kept. `sums` has room for one int32 per
 * pooled channel, `conv.tensor` for one pixel.
 */
#ifndef SKCONV_STAGE_H
#define SKCONV_STAGE_H

#include "conv.h"
#include "pool.h"
#include "root.h"

typedef enum {
    SK_STAGE_PLAIN,
    SK_STAGE_RELU,
    SK_STAGE_ABS,
    SK_STAGE_BOTH_SIGNS,
    SK_STAGE_MAGNITUDE,
    SK_STAGE_SQUARE
} sk_nonlinearity;

typedef struct {
    sk_conv_inputs in;
    sk_conv_output conv; /* one pixel */
    int32_t channels;    /* of that pixel: entries, or codes */
    sk_nonlinearity nonlinearity;
    sk_requantization square; /* of SK_STAGE_SQUARE */
    sk_pooling pooling;
    bool requantised; /* what is pooled goes through `to`: always, but for a plain maximum */
    sk_requantization to;
    int32_t *sums;
    sk_pool pool; /* last: old compilers miss fields after inner braces */
} sk_stage;

/* A linear layer that reads what a stage yields, as it appears; `scores` hold its bias. */
typedef struct {
    int32_t *scores;
    const SK_FLASH void *weights; /* (rows, columns) */
    sk_type weight_type;
    int32_t rows;
    int32_t columns;
} sk_head;

/* Channels that are pooled. */
SK_INLINE int32_t sk_stage_depth(sk_stage s)
{
    return s.nonlinearity == SK_STAGE_BOTH_SIGNS  ? 2 * s.channels
           : s.nonlinearity == SK_STAGE_MAGNITUDE ? s.channels / 2
                                                  : s.channels;
}

SK_INLINE sk_windows sk_stage_rows(sk_stage s)
{
    return sk_row_windows(s.in.map, s.in.kernels, s.in.padding);
}

SK_INLINE sk_windows sk_stage_columns(sk_stage s)
{
    return sk_column_windows(s.in.map, s.in.kernels, s.in.padding);
}

/* The pooled map: blocks of a histogram have a channel for each code of a pixel. */
SK_INLINE sk_map sk_stage_result(sk_stage s)
{
    const sk_map result = {
        sk_window_count(sk_stage_rows(s).count, s.pool.height, s.pool.row_stride),
        sk_window_count(sk_stage_columns(s).count, s.pool.width, s.pool.column_stride),
        sk_stage_depth(s)};
    return result;
}

/* One pixel of the convolution. */
SK_INLINE void sk_stage_pixel(sk_stage s, int32_t row, int32_t column)
{
    const sk_windows rows = sk_stage_rows(s);
    const sk_windows columns = sk_stage_columns(s);
    const int32_t top = row * s.in.kernels.row_stride - s.in.padding.top;
    const int32_t left = column * s.in.kernels.column_stride - s.in.padding.left;
    if (row >= rows.first && row < rows.end && column >= columns.first && column < columns.end) {
        sk_conv_pixel(s.in, s.conv, top, left, true, 0);
    } else {
        sk_conv_pixel(s.in, s.conv, top, left, false, 0);
    }
}

/* Entry `c` of the pixel behind the nonlinearity. */
SK_INLINE int32_t sk_stage_entry(sk_stage s, int32_t c)
{
    const int32_t x = sk_load(s.conv.tensor, s.conv.type, c % s.channels);
    switch (s.nonlinearity) {
    case SK_STAGE_RELU:
        return x > 0 ? x : 0;
    case SK_STAGE_ABS:
        return x < 0 ? -x : x;
    case SK_STAGE_BOTH_SIGNS:
        return c < s.channels ? (x > 0 ? x : 0) : (x < 0 ? -x : 0);
    case SK_STAGE_MAGNITUDE: {
        const int32_t odd = sk_load(s.conv.tensor, s.conv.type, c + s.channels / 2);
        return (int32_t)sk_rounded_root((uint32_t)(x * x) + (uint32_t)(odd * odd));
    }
    case SK_STAGE_SQUARE:
        return sk_requantize(x * x, c, s.square);
    case SK_STAGE_PLAIN:
    default:
        return x;
    }
}

/* The pixels of one window into the sums. */
SK_INLINE void sk_stage_window(sk_stage s, int32_t row, int32_t column)
{
    const int32_t depth = sk_stage_depth(s);
    for (int32_t i = 0; i < s.pool.height; i++) {
        for (int32_t j = 0; j < s.pool.width; j++) {
            sk_stage_pixel(s, row * s.pool.row_stride + i, column * s.pool.column_stride + j);
            for (int32_t c = 0; c < depth; c++) {
                const int32_t x = sk_stage_entry(s, c);
                if (i == 0 && j == 0) {
                    s.sums[c] = s.pooling == SK_POOL_L2 ? x * x : x;
                } else if (s.pooling == SK_POOL_MAX) {
                    s.sums[c] = x > s.sums[c] ? x : s.sums[c];
                } else {
                    s.sums[c] += s.pooling == SK_POOL_L2 ? x * x : x;
                }
            }
        }
    }
}

/* What a sum comes to in the end. */
SK_INLINE int32_t sk_stage_pooled(sk_stage s, int32_t c)
{
    const int32_t sum = s.sums[c];
    const int32_t value =
        s.pooling == SK_POOL_L2 ? (int32_t)sk_rounded_root((uint32_t)sum) : sum;
    return s.requantised ? sk_requantize(value, c, s.to) : value;
}

/* A map (rows, columns, depth). */
SK_INLINE void sk_stage_map(sk_stage s, void *output, sk_type type)
{
    const sk_map result = sk_stage_result(s);
    for (int32_t window = 0; window < result.height * result.width; window++) {
        sk_stage_window(s, window / result.width, window % result.width);
        for (int32_t c = 0; c < result.channels; c++) {
            sk_store(output, type, window * result.channels + c, sk_stage_pooled(s, c));
        }
    }
}

SK_INLINE void sk_head_begin(sk_head head, const SK_FLASH int32_t *bias)
{
    for (int32_t row = 0; row < head.rows; row++) {
        head.scores[row] = bias[row];
    }
}

/* Input number `i` of the layer is `x`. */
SK_INLINE void sk_head_add(sk_head head, int32_t i, int32_t x)
{
    for (int32_t row = 0; row < head.rows; row++) {
        const int32_t at = row * head.columns + i;
        head.scores[row] += x * sk_load_table(head.weights, head.weight_type, at);
    }
}

/* The scores of a linear layer on that map, flattened. */
SK_INLINE void sk_stage_scores(sk_stage s, sk_head head, const SK_FLASH int32_t *bias)
{
    const sk_map result = sk_stage_result(s);
    sk_head_begin(head, bias);
    for (int32_t window = 0; window < result.height * result.width; window++) {
        sk_stage_window(s, window / result.width, window % result.width);
        for (int32_t c = 0; c < result.channels; c++) {
            sk_head_add(head, window * result.channels + c, sk_stage_pooled(s, c));
        }
    }
}

/* The codes of the pixel (row, column) of a block; its first bin is returned. */
SK_INLINE int32_t sk_stage_codes(sk_stage s, int32_t block, int32_t pixel, int32_t bins)
{
    const sk_map result = sk_stage_result(s);
    sk_stage_pixel(
        s, block / result.width * s.pool.row_stride + pixel / s.pool.width,
        block % result.width * s.pool.column_stride + pixel % s.pool.width);
    return block * result.channels * bins;
}

/* Counts (rows, columns, codes of a pixel * bins) of the codes in every block. */
SK_INLINE void sk_stage_histogram(sk_stage s, void *output, sk_type type, int32_t bins)
{
    const sk_map result = sk_stage_result(s);
    const int32_t blocks = result.height * result.width;
    for (int32_t i = 0; i < blocks * result.channels * bins; i++) {
        sk_store(output, type, i, 0);
    }
    for (int32_t block = 0; block < blocks; block++) {
        for (int32_t pixel = 0; pixel < s.pool.height * s.pool.width; pixel++) {
            const int32_t first = sk_stage_codes(s, block, pixel, bins);
            for (int32_t c = 0; c < result.channels; c++) {
                const int32_t bin = first + c * bins + sk_load(s.conv.tensor, s.conv.type, c);
                sk_store(output, type, bin, sk_load(output, type, bin) + 1);
            }
        }
    }
}

/* The scores of a linear layer on those counts: every code adds its weights. */
SK_INLINE void sk_stage_code_scores(
    sk_stage s, int32_t bins, sk_head head, const SK_FLASH int32_t *bias)
{
    const sk_map result = sk_stage_result(s);
    sk_head_begin(head, bias);
    for (int32_t block = 0; block < result.height * result.width; block++) {
        for (int32_t pixel = 0; pixel < s.pool.height * s.pool.width; pixel++) {
            const int32_t first = sk_stage_codes(s, block, pixel, bins);
            for (int32_t c = 0; c < result.channels; c++) {
                const int32_t code = sk_load(s.conv.tensor, s.conv.type, c);
                sk_head_add(head, first + c * bins + code, 1);
            }
        }
    }
}

#endif
