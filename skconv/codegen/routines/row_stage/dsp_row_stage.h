/* A stage (stage.h) on a map of any channels: rows of the convolution come from dsp_conv.h.
 *
 * A row is computed, its pixels go into the sums of their windows (dsp_row_parts.h), and it
 * is forgotten.
 * `stage.conv.tensor` has room for a row, and so has `stage.pixel.tensor`, where there are ops
 * on whole pixels; the weights of `stage.in` are those of the table.
 */
#ifndef SKCONV_DSP_ROW_STAGE_H
#define SKCONV_DSP_ROW_STAGE_H

#include "dsp_conv.h"
#include "dsp_row_head.h"
#include "dsp_row_parts.h"

typedef struct {
    bool by_pixel; /* kernels of one pixel need no ring */
    int32_t windows;
    sk_conv_block *block;
    sk_conv_block *rest;
    const int32_t *table;
    int16_t *ring;
    sk_stage stage;
} sk_dsp_row_stage;

SK_INLINE int32_t sk_row_stage_columns(const sk_dsp_row_stage *t)
{
    return sk_column_windows(t->stage.in.map, t->stage.in.kernels, t->stage.in.padding).count;
}

SK_INLINE sk_conv_ring sk_row_stage_ring(const sk_dsp_row_stage *t)
{
    return sk_conv_ring_of(
        t->stage.in.input, t->stage.in.input_type, SK_INT16, t->stage.in.map,
        t->stage.in.kernels, t->stage.in.padding, 4);
}

/* The row of the convolution whose windows the ring holds. */
SK_INLINE void sk_row_stage_windows(const sk_dsp_row_stage *t)
{
    const sk_kernels kernels = t->stage.in.kernels;
    const sk_type type = t->stage.conv.type;
    uint8_t *const conv = (uint8_t *)t->stage.conv.tensor;
    sk_dsp_conv_row(
        t->ring, kernels.column_stride * sk_row_stage_ring(t).column, conv,
        kernels.kernels * sk_bytes(type), sk_row_stage_columns(t), t->table, t->windows,
        t->block, t->rest);
}

/* Row `row` of the convolution; the ring alone moves on where no window needs it. */
SK_INLINE void sk_row_stage_conv(const sk_dsp_row_stage *t, int32_t row, bool is_needed)
{
    const sk_map map = t->stage.in.map;
    const sk_kernels kernels = t->stage.in.kernels;
    const sk_type input_type = t->stage.in.input_type;
    const sk_type type = t->stage.conv.type;
    if (t->by_pixel && is_needed) {
        const uint8_t *const input = (const uint8_t *)t->stage.in.input;
        sk_dsp_conv_pixels(
            input + row * map.width * map.channels * sk_bytes(input_type), input_type,
            t->stage.conv.tensor, type, map.width, map.channels, t->table, kernels.kernels,
            t->windows, t->block, t->rest, t->ring);
    } else if (!t->by_pixel) {
        const sk_conv_ring r = sk_row_stage_ring(t);
        sk_conv_next_rows(r, t->ring, row);
        if (is_needed) {
            sk_row_stage_windows(t);
        }
    }
}

/* Adds row `row` of the convolution, already computed, to the sums of the windows `rows`. */
SK_INLINE void sk_row_stage_spread(const sk_dsp_row_stage *t, int32_t row, sk_run rows)
{
    const sk_stage behind = sk_stage_behind(t->stage);
    for (int32_t i = 0; t->stage.pixelwise != NULL && i < sk_row_stage_columns(t); i++) {
        t->stage.pixelwise(t->stage.in.input, t->stage.scratch, row, i);
    }
    sk_row_parts_spread(&behind, rows);
}

/* The next row of the convolution; the row of windows that is complete then, or -1. */
SK_INLINE int32_t sk_row_stage_next(const sk_dsp_row_stage *t, int32_t row)
{
    const sk_pool pool = t->stage.pool;
    const sk_run rows =
        sk_windows_at(row, pool.height, pool.row_stride, t->stage.result.height);
    const bool is_needed = rows.first < rows.end;
    sk_row_stage_conv(t, row, is_needed);
    if (!is_needed) {
        return -1;
    }
    sk_row_stage_spread(t, row, rows);
    return row == rows.first * pool.row_stride + pool.height - 1 ? rows.first : -1;
}

SK_INLINE void sk_row_stage_begin(const sk_dsp_row_stage *t)
{
    sk_stage_clear(t->stage, 0, t->stage.slots);
    if (!t->by_pixel) {
        sk_conv_start(sk_row_stage_ring(t), t->ring);
    }
}

/* Computes all features. */
SK_INLINE void sk_dsp_row_stage_map(sk_dsp_row_stage t, sk_sink sink)
{
    sk_row_stage_begin(&t);
    for (int32_t row = 0; row < sk_stage_reach(t.stage); row++) {
        const int32_t complete = sk_row_stage_next(&t, row);
        if (complete >= 0) {
            sk_stage_complete(t.stage, sink, complete, complete);
        }
    }
}

/* The scores of a linear layer on them; the sink has room for a row of features. */
SK_INLINE void sk_dsp_row_stage_scores(
    sk_dsp_row_stage t, sk_sink run, const int32_t *weights, const int32_t *bias,
    int32_t *scores, sk_row_head head)
{
    for (int32_t i = 0; i < head.outputs; i++) {
        scores[i] = bias[i];
    }
    sk_row_stage_begin(&t);
    for (int32_t row = 0; row < sk_stage_reach(t.stage); row++) {
        const int32_t complete = sk_row_stage_next(&t, row);
        if (complete >= 0) {
            sk_stage_complete(t.stage, run, complete, 0);
            sk_row_head_run(run.output, weights, complete, scores, head);
        }
    }
}

#endif
