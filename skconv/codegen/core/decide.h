/* The class index from the scores. */
#ifndef SKCONV_DECIDE_H
#define SKCONV_DECIDE_H

#include "votes.h"

/* One vote per pair i < j: for i if its decision is > 0, else for j. */
SK_INLINE void sk_ovo_vote(const void *input, sk_type type, int32_t *output, int32_t classes)
{
    for (int32_t i = 0; i < classes; i++) {
        output[i] = 0;
    }
    for (int32_t i = 0; i < classes; i++) {
        for (int32_t j = i + 1; j < classes; j++) {
            output[sk_load(input, type, sk_pair(i, j, classes)) > 0 ? i : j]++;
        }
    }
}

/* Index of the largest of `size` entries that begin at `start`; the first of equal ones. */
SK_INLINE int32_t sk_argmax_from(const void *input, sk_type type, int32_t start, int32_t size)
{
    int32_t best = 0;
    for (int32_t i = 1; i < size; i++) {
        if (sk_load(input, type, start + i) > sk_load(input, type, start + best)) {
            best = i;
        }
    }
    return best;
}

/* Index of the largest entry; the first of equal ones. */
SK_INLINE int32_t sk_argmax(const void *input, sk_type type, int32_t size)
{
    return sk_argmax_from(input, type, 0, size);
}

/* 1 if the score is > 0, else 0. */
SK_INLINE int32_t sk_threshold(const void *input, sk_type type)
{
    return sk_load(input, type, 0) > 0 ? 1 : 0;
}

/* For each of several outputs the index of the largest of its scores, which begin at `start`. */
SK_INLINE void sk_argmaxes(
    const void *input, sk_type type, int32_t start, int32_t *output, int32_t outputs,
    int32_t scores)
{
    for (int32_t i = 0; i < outputs; i++) {
        output[i] = sk_argmax_from(input, type, start + i * scores, scores);
    }
}

/* For each of several outputs 1 if its score is > 0, else 0; the scores begin at `start`. */
SK_INLINE void sk_thresholds(
    const void *input, sk_type type, int32_t start, int32_t *output, int32_t outputs)
{
    for (int32_t i = 0; i < outputs; i++) {
        output[i] = sk_load(input, type, start + i) > 0 ? 1 : 0;
    }
}

#endif
