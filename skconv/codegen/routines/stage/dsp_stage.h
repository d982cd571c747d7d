/* A stage on a one-channel map (dsp_rows_pool.h), row after row. */
#ifndef SKCONV_DSP_STAGE_H
#define SKCONV_DSP_STAGE_H

#include "dsp_row_head.h"
#include "dsp_rows_pool.h"

/* The destination of rows of features. */
typedef struct {
    void *output;          /* the features, or int32 scores where there is a head */
    int32_t feature_bytes; /* of a row of them */
    void *run;             /* room for a row of them, where there is a head */
    const int32_t *weights;
    const int32_t *bias;
    sk_row_head head; /* of no outputs: there is none */
} sk_dsp_sink;

typedef struct {
    uint32_t *rows; /* the buffer */
    int32_t feature_rows;
    const int32_t *table;
    sk_rows conv;
    sk_rows_pool pool;
} sk_dsp_stage;

SK_INLINE void sk_dsp_sink_begin(sk_dsp_sink sink)
{
    int32_t *const scores = (int32_t *)sink.output;
    for (int32_t i = 0; i < sink.head.outputs; i++) {
        scores[i] = sink.bias[i];
    }
}

/* The destination of row `row` of the features. */
SK_INLINE void *sk_dsp_sink_place(sk_dsp_sink sink, int32_t row)
{
    uint8_t *const features = (uint8_t *)sink.output;
    return sink.head.outputs > 0 ? sink.run : features + row * sink.feature_bytes;
}

/* The row has been written. */
SK_INLINE void sk_dsp_sink_take(sk_dsp_sink sink, int32_t row)
{
    if (sink.head.outputs > 0) {
        sk_row_head_run(sink.run, sink.weights, row, (int32_t *)sink.output, sink.head);
    }
}

SK_INLINE void sk_dsp_stage_begin(sk_dsp_sink sink, sk_progress *p)
{
    p->filled = 0;
    p->row = 0;
    sk_dsp_sink_begin(sink);
}

/* The next row of the padded input, or one of zeros where it is NULL. */
SK_INLINE void sk_dsp_stage_push(
    sk_dsp_stage s, sk_dsp_sink sink, sk_progress *p, const void *row)
{
    const int32_t wanted = sk_rows_pool_wanted(s.conv, s.pool);
    if (p->row == s.feature_rows
        || !sk_lanes_push(s.rows, &p->filled, row, wanted, s.conv.input)) {
        return;
    }
    sk_rows_pool_row(
        s.rows, s.table, sk_dsp_sink_place(sink, p->row), s.conv, s.pool, sink.head.kept,
        p->row * sink.head.size);
    sk_rows_pool_drop(s.rows, &p->filled, s.conv, s.pool);
    sk_dsp_sink_take(sink, p->row);
    p->row++;
}

/* The whole map: `pushes` rows of the padded input, of which `top` lie above it. */
SK_INLINE void sk_dsp_stage_run(
    sk_dsp_stage s, sk_dsp_sink sink, const void *input, sk_map map, int32_t top,
    int32_t pushes)
{
    const uint8_t *const bytes = (const uint8_t *)input;
    const int32_t row_bytes = map.width * (s.conv.input.type == SK_INT16 ? 2 : 1);
    sk_progress progress;
    sk_dsp_stage_begin(sink, &progress);
    for (int32_t y = -top; y < pushes - top; y++) {
        const bool padding = y < 0 || y >= map.height;
        sk_dsp_stage_push(s, sink, &progress, padding ? NULL : bytes + y * row_bytes);
    }
}

#endif
