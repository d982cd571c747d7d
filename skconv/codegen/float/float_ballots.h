/* Votes of several classifiers, of float scores. */
#ifndef SKCONV_FLOAT_BALLOTS_H
#define SKCONV_FLOAT_BALLOTS_H

#include "float_decide.h"

/* 1 at the largest score, the first of equal ones, else 0. One score votes for the second of two
 * classes where it is > 0.
 */
SK_INLINE void sk_float_winner(const float *scores, int32_t size, float *output)
{
    const int32_t best = size == 1 ? sk_float_threshold(scores) : sk_float_argmax(scores, size);
    for (int32_t i = 0; i < (size == 1 ? 2 : size); i++) {
        output[i] = i == best ? 1.0f : 0.0f;
    }
}

/* Votes for each class, and the sum s of its decisions as s / (3 (|s| + 1)). */
SK_INLINE void sk_float_pair_confidence(
    const float *decisions, float *output, int32_t classes, bool first_is_positive)
{
    for (int32_t i = 0; i < classes; i++) {
        float votes = 0.0f;
        float sum = 0.0f;
        for (int32_t j = 0; j < classes; j++) {
            if (i != j) {
                const bool is_first = i < j;
                const int32_t pair = is_first ? sk_pair(i, j, classes) : sk_pair(j, i, classes);
                const float decision =
                    is_first == first_is_positive ? decisions[pair] : -decisions[pair];
                votes += decision > 0.0f || (decision >= 0.0f && is_first) ? 1.0f : 0.0f;
                sum += decision;
            }
        }
        output[i] = votes + sum / (3.0f * ((sum < 0.0f ? -sum : sum) + 1.0f));
    }
}

#endif
