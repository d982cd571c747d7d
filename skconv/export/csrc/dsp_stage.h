/* A stage on a one-channel map (dsp_rows_pool.h), row after row of the whole map. */
#ifndef SKCONV_DSP_STAGE_H
#define SKCONV_DSP_STAGE_H

#include "dsp_row_head.h"
#include "dsp_rows_pool.h"

typedef struct {
    const void *input;
    int32_t height;    /* of the input */
    int32_t row_bytes; /* of the input */
    int32_t top;       /* rows of zeros above it */
    int32_t pushes;    /* rows, those of zeros among them, that the features take */
    uint32_t *rows;    /* the buffer */
    const int32_t *table;
    sk_rows conv;
    sk_rows_pool pool;
} sk_dsp_stage;

/* Row `y` of the padded input into the buffer; whether a row of features can be computed. */
SK_INLINE bool sk_dsp_stage_push(sk_dsp_stage s, int32_t y, int32_t *filled)
{
    const int32_t at = y - s.top;
    const bool padding = at < 0 || at >= s.height;
    const void *row = padding ? NULL : (const uint8_t *)s.input + at * s.row_bytes;
    const int32_t wanted = sk_rows_pool_wanted(s.conv, s.pool);
    return sk_lanes_push(s.rows, filled, row, wanted, s.conv.input);
}

/* All features; `feature_bytes` of a row of them. */
SK_INLINE void sk_dsp_stage_map(sk_dsp_stage s, void *output, int32_t feature_bytes)
{
    uint8_t *to = output;
    int32_t filled = 0;
    for (int32_t y = 0; y < s.pushes; y++) {
        if (sk_dsp_stage_push(s, y, &filled)) {
            sk_rows_pool_row(s.rows, s.table, to, s.conv, s.pool);
            sk_rows_pool_drop(s.rows, &filled, s.conv, s.pool);
            to += feature_bytes;
        }
    }
}

/* The scores of a linear layer on them; `run` has room for a row of features. */
SK_INLINE void sk_dsp_stage_scores(
    sk_dsp_stage s, void *run, const int32_t *weights, const int32_t *bias, int32_t *scores,
    sk_row_head head)
{
    int32_t filled = 0;
    for (int32_t i = 0; i < head.outputs; i++) {
        scores[i] = bias[i];
    }
    for (int32_t y = 0; y < s.pushes; y++) {
        if (sk_dsp_stage_push(s, y, &filled)) {
            sk_rows_pool_row(s.rows, s.table, run, s.conv, s.pool);
            sk_rows_pool_drop(s.rows, &filled, s.conv, s.pool);
            weights = sk_row_head_add(run, weights, scores, head);
        }
    }
}

#endif
