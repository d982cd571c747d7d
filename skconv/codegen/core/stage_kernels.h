/* A stage whose input comes row by row, one kernel after the other.
 *
 * The rows that a row of windows covers are kept. When the last of them has come, each kernel
 * goes over them by itself: only the sums of its own windows are in memory. Rows that windows
 * share are computed once for each.
 */
#ifndef SKCONV_STAGE_KERNELS_H
#define SKCONV_STAGE_KERNELS_H

#include "stage_stream.h"

/* The number that kernel `kernel` gives at row `row` of the rows that are kept. */
SK_INLINE int32_t sk_stage_kernel(sk_stage s, int32_t kernel, int32_t row, int32_t column)
{
    const sk_windows columns = sk_column_windows(s.in.map, s.in.kernels, s.in.padding);
    const int32_t top = row * s.in.kernels.row_stride;
    const int32_t left = column * s.in.kernels.column_stride - s.in.padding.left;
    const int32_t sum =
        column >= columns.first && column < columns.end
            ? sk_conv_sum(s.in, kernel, 0, s.in.map.channels, top, left, true)
            : sk_conv_sum(s.in, kernel, 0, s.in.map.channels, top, left, false);
    return sk_requantize(sum, kernel, s.conv.to);
}

/* Adds what kernel `kernel` gives, `x`, to the sums of its windows. */
SK_INLINE void sk_stage_spread_kernel(
    sk_stage s, int32_t kernel, int32_t x, int32_t row, int32_t column)
{
    const sk_run run = sk_windows_at(column, s.pool.width, s.pool.column_stride, s.result.width);
    const int32_t signs = s.result.channels / s.channels;
    for (int32_t sign = 0; sign < signs; sign++) {
        const int32_t entry = sk_stage_entry_of(&s, x, 0, kernel + sign * s.channels);
        const int32_t addend = s.pooling == SK_POOL_L2 ? entry * entry : entry;
        for (int32_t j = run.first; j < run.end; j++) {
            const int32_t weight =
                sk_pool_weight(s.pooling, s.pool, row, column - j * s.pool.column_stride);
            sk_stage_gather(s, j * signs + sign, addend * weight, false);
        }
    }
}

/* Row `row` of the windows, of one kernel. */
SK_INLINE void sk_stage_windows_of(sk_stage s, sk_sink sink, int32_t kernel, int32_t row)
{
    const int32_t signs = s.result.channels / s.channels;
    const int32_t reach = (s.result.width - 1) * s.pool.column_stride + s.pool.width;
    sk_stage own = s;
    own.result.channels = signs;
    sk_stage_clear(own, 0, 1);
    for (int32_t i = 0; i < s.pool.height; i++) {
        for (int32_t column = 0; column < reach; column++) {
            const int32_t x = sk_stage_kernel(s, kernel, i, column);
            sk_stage_spread_kernel(s, kernel, x, i, column);
        }
    }
    for (int32_t at = 0; at < s.result.width * signs; at++) {
        const int32_t c = kernel + at % signs * s.channels;
        const int32_t window = row * s.result.width + at / signs;
        sk_sink_put(sink, window * s.result.channels + c, sk_stage_pooled(s, at, c));
    }
}

SK_INLINE void sk_stage_kernels_begin(sk_stage_stream t)
{
    t.progress->filled = 0;
    t.progress->row = 0;
    sk_sink_begin(t.sink, sk_stage_size(t.stage, t.sink));
}

/* Takes the next row of the input; NULL is a row of zeros. */
SK_INLINE void sk_stage_kernels_push(sk_stage_stream t, const void *row)
{
    if (t.progress->row == t.stage.result.height || !sk_stage_stream_fill(t, row)) {
        return;
    }
    for (int32_t kernel = 0; kernel < t.stage.channels; kernel++) {
        sk_stage_windows_of(t.stage, t.sink, kernel, t.progress->row);
    }
    t.progress->row++;
    sk_stage_stream_drop(t, t.stage.pool.row_stride * t.stage.in.kernels.row_stride);
}

#endif
