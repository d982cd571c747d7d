/* Where counts go: to a tensor, or straight into the scores of a linear layer. */
#ifndef SKCONV_COUNTS_H
#define SKCONV_COUNTS_H

#include "types.h"

typedef struct {
    void *output; /* a tensor, or int32 scores where there is a layer */
    sk_type type;
    const SK_FLASH void *weights; /* (counts, rows) of the layer */
    sk_type weight_type;
    const SK_FLASH int32_t *bias;
    int32_t rows; /* 0: no layer */
} sk_counts;

/* Scores start at the bias. */
SK_INLINE void sk_counts_begin(sk_counts to)
{
    for (int32_t row = 0; row < to.rows; row++) {
        ((int32_t *)to.output)[row] = to.bias[row];
    }
}

/* Writes the next count, or adds it to the scores; returns where the one after it goes. */
SK_INLINE int32_t sk_counts_put(sk_counts to, int32_t at, int32_t count)
{
    if (to.rows == 0) {
        sk_store(to.output, to.type, at, count);
        return at + 1;
    }
    for (int32_t row = 0; row < to.rows; row++) {
        ((int32_t *)to.output)[row] += count * sk_load_table(to.weights, to.weight_type, at + row);
    }
    return at + to.rows;
}

#endif
