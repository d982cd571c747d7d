/* A stage whose input comes row by row. Only the rows that a kernel covers are kept.
 *
 * They form the whole map of `stage.in`, from the top of the next window on.
 */
#ifndef SKCONV_STAGE_STREAM_H
#define SKCONV_STAGE_STREAM_H

#include <string.h>

#include "expand.h"
#include "stage_rows.h"

typedef struct {
    uint8_t *rows; /* `stage.in.map` */
    int32_t row_bytes;
    sk_progress *progress;
    sk_expand expand; /* or NULL: weights are not coded */
    int8_t *weights;  /* where it writes those of `stage.in.kernels` */
    sk_sink sink;
    sk_stage stage;
} sk_stage_stream;

SK_INLINE void sk_stage_stream_begin(sk_stage_stream t)
{
    t.progress->filled = 0;
    t.progress->row = 0;
    if (t.expand != NULL) {
        t.expand(0, t.stage.in.kernels.kernels, t.weights);
    }
    sk_stage_begin(t.stage, t.sink);
}

/* Moves rows up by `step`, to make room. */
SK_INLINE void sk_stage_stream_drop(sk_stage_stream t, int32_t step)
{
    const int32_t kept = t.stage.in.map.height - step;
    for (int32_t i = 0; i < kept; i++) {
        const uint8_t *from = t.rows + (i + step) * t.row_bytes;
        memcpy(t.rows + i * t.row_bytes, from, (size_t)t.row_bytes);
    }
    t.progress->filled = kept;
}

/* Takes the next row of the input; NULL is a row of zeros. Whether all rows are there. */
SK_INLINE bool sk_stage_stream_fill(sk_stage_stream t, const void *row)
{
    sk_progress *const p = t.progress;
    if (p->filled >= 0 && row != NULL) {
        memcpy(t.rows + p->filled * t.row_bytes, row, (size_t)t.row_bytes);
    } else if (p->filled >= 0) {
        memset(t.rows + p->filled * t.row_bytes, 0, (size_t)t.row_bytes);
    }
    p->filled++;
    return p->filled == t.stage.in.map.height;
}

/* Takes the next row of the input. */
SK_INLINE void sk_stage_stream_push(sk_stage_stream t, const void *row)
{
    if (t.progress->row == sk_stage_reach(t.stage) || !sk_stage_stream_fill(t, row)) {
        return;
    }
    sk_stage_row(t.stage, t.sink, 0, t.progress->row);
    t.progress->row++;
    sk_stage_stream_drop(t, t.stage.in.kernels.row_stride);
}

#endif
