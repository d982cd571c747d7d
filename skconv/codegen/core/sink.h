/* Where a stage writes its results: to a tensor, or straight into the scores of a layer. */
#ifndef SKCONV_SINK_H
#define SKCONV_SINK_H

#include "kept.h"
#include "narrow.h"
#include "types.h"

typedef struct {
    void *output; /* a tensor, or int32 scores where there is a layer */
    sk_type type;
    int32_t bins;                 /* of each histogram; 0: results are not counts */
    const SK_FLASH void *weights; /* (rows, columns) of the layer */
    sk_type weight_type;
    const SK_FLASH int32_t *bias;
    const SK_FLASH uint16_t *kept; /* results that have weights; NULL: all */
    int32_t rows; /* 0: no layer */
    int32_t columns; /* of the weights */
} sk_sink;

/* Scores start at the bias, `size` counts at 0. Other results are written once. */
SK_INLINE void sk_sink_begin(sk_sink sink, int32_t size)
{
    if (sink.rows > 0) {
        for (int32_t row = 0; row < sink.rows; row++) {
            sk_store(sink.output, sink.type, row, sink.bias[row]);
        }
    } else if (sink.bins > 0) {
        for (int32_t i = 0; i < size; i++) {
            sk_store(sink.output, sink.type, i, 0);
        }
    }
}

SK_INLINE void sk_sink_add(sk_sink sink, int32_t at, int32_t x)
{
    sk_store(sink.output, sink.type, at, sk_load(sink.output, sink.type, at) + x);
}

SK_INLINE void sk_sink_score_narrow(sk_sink sink, int32_t i, int32_t x)
{
    const sk_type type = sink.weight_type;
    if (sk_is_by_input(sink.rows)) {
        sk_line line = sk_line_at(sink.weights, type, i, sink.rows);
        for (int32_t row = 0; row < sink.rows; row++) {
            sk_sink_add(sink, row, x * sk_line_next(&line, type));
        }
        return;
    }
    for (int32_t row = 0; row < sink.rows; row++) {
        sk_sink_add(sink, row, x * sk_line_weight(sink.weights, type, row, sink.columns, i));
    }
}

/* Sets result `i` to `x`, or adds `x` to it. */
SK_INLINE void sk_sink_score(sk_sink sink, int32_t i, int32_t x)
{
    if (!sk_is_kept(sink.kept, i)) {
        return;
    }
    const int32_t column = sk_kept_before(sink.kept, i);
    if (sk_is_narrow(sink.weight_type)) {
        sk_sink_score_narrow(sink, column, x);
        return;
    }
    for (int32_t row = 0; row < sink.rows; row++) {
        const int32_t at = row * sink.columns + column;
        sk_sink_add(sink, row, x * sk_load_table(sink.weights, sink.weight_type, at));
    }
}

/* Sets result `i` to `x`. */
SK_INLINE void sk_sink_put(sk_sink sink, int32_t i, int32_t x)
{
    if (sink.rows > 0) {
        sk_sink_score(sink, i, x);
    } else {
        sk_store(sink.output, sink.type, i, x);
    }
}

/* Counts one more code in bin `i`. */
SK_INLINE void sk_sink_count(sk_sink sink, int32_t i)
{
    if (sink.rows > 0) {
        sk_sink_score(sink, i, 1);
    } else {
        sk_sink_add(sink, i, 1);
    }
}

#endif
