/* The class index from float scores. */
#ifndef SKCONV_FLOAT_DECIDE_H
#define SKCONV_FLOAT_DECIDE_H

#include "votes.h"

/* One vote per pair i < j: for i if its decision is > 0, else for j. */
SK_INLINE void sk_float_ovo_vote(const float *input, float *output, int32_t classes)
{
    for (int32_t i = 0; i < classes; i++) {
        output[i] = 0.0f;
    }
    for (int32_t i = 0; i < classes; i++) {
        for (int32_t j = i + 1; j < classes; j++) {
            output[input[sk_pair(i, j, classes)] > 0.0f ? i : j] += 1.0f;
        }
    }
}

/* Index of the largest entry; the first of equal ones. */
SK_INLINE int32_t sk_float_argmax(const float *input, int32_t size)
{
    int32_t best = 0;
    for (int32_t i = 1; i < size; i++) {
        if (input[i] > input[best]) {
            best = i;
        }
    }
    return best;
}

/* 1 if the score is > 0, else 0. */
SK_INLINE int32_t sk_float_threshold(const float *input)
{
    return input[0] > 0.0f ? 1 : 0;
}

/* For each of several outputs the index of the largest of its scores. */
SK_INLINE void sk_float_argmaxes(
    const float *input, int32_t *output, int32_t outputs, int32_t scores)
{
    for (int32_t i = 0; i < outputs; i++) {
        output[i] = sk_float_argmax(input + i * scores, scores);
    }
}

/* For each of several outputs 1 if its score is > 0, else 0. */
SK_INLINE void sk_float_thresholds(const float *input, int32_t *output, int32_t outputs)
{
    for (int32_t i = 0; i < outputs; i++) {
        output[i] = sk_float_threshold(input + i);
    }
}

#endif
