/* A stage (stage.h) row by row: every pixel goes into all windows that hold it.
 *
 * The sums hold as many rows of windows as can be unfinished at a time. When the last row of
 * pixels of a window is done, its place is free for a new window.
 */
#ifndef SKCONV_STAGE_ROWS_H
#define SKCONV_STAGE_ROWS_H

#include "stage.h"

/* A run of windows; empty if `first` equals `end`. */
typedef struct {
    int32_t first;
    int32_t end;
} sk_run;

/* The windows along one axis, of `count`, that hold place `at`. */
SK_INLINE sk_run sk_windows_at(int32_t at, int32_t size, int32_t stride, int32_t count)
{
    const int32_t begun = at / stride + 1;
    const int32_t first = at < size ? 0 : (at - size) / stride + 1;
    const int32_t end = begun < count ? begun : count;
    const sk_run run = {first < end ? first : end, end};
    return run;
}

/* Where the sums of row number `row` of the windows begin. */
SK_INLINE int32_t sk_stage_place(sk_stage s, int32_t row)
{
    return row % s.slots * s.result.width * s.result.channels;
}

/* The initial value of a sum. */
SK_INLINE int32_t sk_stage_nothing(sk_pooling pooling, sk_type sum_type)
{
    if (pooling != SK_POOL_MAX) {
        return 0;
    }
    return sum_type == SK_INT8 ? INT8_MIN : sum_type == SK_INT16 ? INT16_MIN : 0;
}

/* Initialises the sums of `rows` rows of windows, from entry `at` on. */
SK_INLINE void sk_stage_clear(sk_stage s, int32_t at, int32_t rows)
{
    const int32_t nothing = sk_stage_nothing(s.pooling, s.sum_type);
    for (int32_t i = 0; i < rows * s.result.width * s.result.channels; i++) {
        sk_store(s.sums, s.sum_type, at + i, nothing);
    }
}

/* Adds the pixel at a row and a column of the convolution to the sums of its windows. */
SK_INLINE void sk_stage_spread(
    sk_stage s, int32_t row, int32_t column, sk_run rows, sk_run columns)
{
    const int32_t row_size = s.result.width * s.result.channels;
    const int32_t start = sk_stage_place(s, rows.first);
    for (int32_t c = 0; c < s.result.channels; c++) {
        const int32_t x = sk_stage_addend(&s, s.conv.tensor, c);
        int32_t place = start + c;
        for (int32_t i = rows.first; i < rows.end; i++) {
            for (int32_t j = columns.first; j < columns.end; j++) {
                const int32_t weight = sk_pool_weight(
                    s.pooling, s.pool, row - i * s.pool.row_stride,
                    column - j * s.pool.column_stride);
                sk_stage_gather(s, place + j * s.result.channels, x * weight, false);
            }
            place += row_size;
            place -= place < s.slots * row_size ? 0 : s.slots * row_size;
        }
    }
}

/* Counts the pixel's codes in the histograms of its blocks. */
SK_INLINE void sk_stage_count_all(sk_stage s, sk_sink sink, sk_run rows, sk_run columns)
{
    for (int32_t i = rows.first; i < rows.end; i++) {
        for (int32_t j = columns.first; j < columns.end; j++) {
            sk_stage_count(s, sink, i * s.result.width + j);
        }
    }
}

/* Writes row `row` of the windows to the sink, as row `to` of the results. */
SK_INLINE void sk_stage_complete(sk_stage s, sk_sink sink, int32_t row, int32_t to)
{
    const int32_t place = sk_stage_place(s, row);
    for (int32_t column = 0; column < s.result.width; column++) {
        sk_stage_yield(
            s, sink, place + column * s.result.channels, to * s.result.width + column);
    }
    sk_stage_clear(s, place, 1);
}

/* Row number `row` of the convolution, which is row `at` of that of `s.in`; windows that it
 * completes go to the sink.
 */
SK_INLINE void sk_stage_row(sk_stage s, sk_sink sink, int32_t at, int32_t row)
{
    const int32_t stride = s.pool.row_stride;
    const int32_t width = sk_column_windows(s.in.map, s.in.kernels, s.in.padding).count;
    const sk_run rows = sk_windows_at(row, s.pool.height, stride, s.result.height);
    if (s.in.factors.count > 0 && rows.first < rows.end) {
        sk_lines_fill(s.in, at);
    }
    for (int32_t column = 0; column < width && rows.first < rows.end; column++) {
        const sk_run columns =
            sk_windows_at(column, s.pool.width, s.pool.column_stride, s.result.width);
        if (columns.first == columns.end) {
            continue;
        }
        sk_stage_pixel(s, at, column);
        if (sink.bins > 0) {
            sk_stage_count_all(s, sink, rows, columns);
        } else {
            sk_stage_spread(sk_stage_behind(s), row, column, rows, columns);
        }
    }
    if (sink.bins == 0 && row == rows.first * stride + s.pool.height - 1) {
        sk_stage_complete(s, sink, rows.first, rows.first);
    }
}

/* Rows of the convolution that the windows reach. */
SK_INLINE int32_t sk_stage_reach(sk_stage s)
{
    return (s.result.height - 1) * s.pool.row_stride + s.pool.height;
}

SK_INLINE void sk_stage_begin(sk_stage s, sk_sink sink)
{
    sk_sink_begin(sink, sk_stage_size(s, sink));
    if (sink.bins == 0) {
        sk_stage_clear(s, 0, s.slots);
    }
}

/* All of them. */
SK_INLINE void sk_stage_rows(sk_stage s, sk_sink sink)
{
    sk_stage_begin(s, sink);
    for (int32_t row = 0; row < sk_stage_reach(s); row++) {
        sk_stage_row(s, sink, row, row);
    }
}

#endif
