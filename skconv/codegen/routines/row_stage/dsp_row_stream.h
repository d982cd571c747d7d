/* A stage of dsp_row_stage.h whose input comes row by row, straight into the ring. */
#ifndef SKCONV_DSP_ROW_STREAM_H
#define SKCONV_DSP_ROW_STREAM_H

#include "dsp_row_stage.h"

typedef struct {
    sk_progress *progress;
    sk_sink features; /* all of them, or a row where there is a head */
    const int32_t *weights;
    const int32_t *bias;
    int32_t *scores;
    sk_row_head head; /* of no outputs: there is none */
    sk_dsp_row_stage stage; /* its input is the one row that comes */
} sk_dsp_row_stream;

SK_INLINE void sk_dsp_row_stream_begin(sk_dsp_row_stream s)
{
    s.progress->filled = 0;
    s.progress->row = 0;
    for (int32_t i = 0; i < s.head.outputs; i++) {
        s.scores[i] = s.bias[i];
    }
    sk_row_stage_begin(&s.stage);
}

/* Row `row` of the windows is complete. */
SK_INLINE void sk_dsp_row_stream_complete(const sk_dsp_row_stream *s, int32_t row)
{
    const bool is_stored = s->head.outputs == 0;
    sk_stage_complete(s->stage.stage, s->features, row, is_stored ? row : 0);
    if (!is_stored) {
        sk_row_head_run(s->features.output, s->weights, row, s->scores, s->head);
    }
}

/* Row `row` of the convolution, where a window needs it. */
SK_INLINE void sk_dsp_row_stream_row(const sk_dsp_row_stream *s, int32_t row)
{
    const sk_stage *const stage = &s->stage.stage;
    const sk_pool pool = stage->pool;
    const sk_run rows =
        sk_windows_at(row, pool.height, pool.row_stride, stage->result.height);
    if (rows.first == rows.end) {
        return;
    }
    if (s->stage.by_pixel) {
        sk_row_stage_conv(&s->stage, 0, true);
    } else {
        sk_row_stage_windows(&s->stage);
    }
    sk_row_stage_spread(&s->stage, row, rows);
    if (row == rows.first * pool.row_stride + pool.height - 1) {
        sk_dsp_row_stream_complete(s, rows.first);
    }
}

/* The row that came, or zeros where it is NULL, as line `line` of the ring. */
SK_INLINE void sk_dsp_row_stream_fill(const sk_dsp_row_stream *s, int32_t line)
{
    sk_conv_ring ring = sk_row_stage_ring(&s->stage);
    ring.map.height = 1;
    sk_conv_fill(ring, s->stage.ring, ring.input == NULL ? -1 : 0, line);
}

/* The next row of the input is that of the stage. */
SK_INLINE void sk_dsp_row_stream_push(sk_dsp_row_stream s)
{
    sk_progress *const p = s.progress;
    const sk_kernels kernels = s.stage.stage.in.kernels;
    if (p->row == sk_stage_reach(s.stage.stage)) {
        return;
    }
    if (p->filled >= 0 && !s.stage.by_pixel) {
        sk_dsp_row_stream_fill(&s, p->filled);
    }
    p->filled++;
    if (p->filled < kernels.height) {
        return;
    }
    sk_dsp_row_stream_row(&s, p->row);
    p->row++;
    p->filled = kernels.height - kernels.row_stride;
    if (p->filled > 0) {
        const int32_t values = kernels.row_stride * s.stage.stage.in.map.channels;
        sk_conv_move(sk_row_stage_ring(&s.stage), s.stage.ring, values);
    }
}

#endif
