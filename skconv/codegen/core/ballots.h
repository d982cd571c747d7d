/* Votes of several classifiers. */
#ifndef SKCONV_BALLOTS_H
#define SKCONV_BALLOTS_H

#include "decide.h"
#include "root.h"

/* 1 at the largest score, the first of equal ones, else 0. One score votes for the second of two
 * classes where it is > 0.
 */
SK_INLINE void sk_winner(const void *scores, sk_type type, int32_t size, uint8_t *output)
{
    const int32_t best = size == 1 ? sk_threshold(scores, type) : sk_argmax(scores, type, size);
    for (int32_t i = 0; i < (size == 1 ? 2 : size); i++) {
        output[i] = i == best ? 1 : 0;
    }
}

/* A decision between a class and another, seen from the class: positive votes for it. */
SK_INLINE int32_t sk_pair_decision(
    const void *decisions, sk_type type, int32_t of, int32_t against, int32_t classes,
    bool first_is_positive)
{
    const bool is_first = of < against;
    const int32_t pair = is_first ? sk_pair(of, against, classes) : sk_pair(against, of, classes);
    const int32_t decision = sk_load(decisions, type, pair);
    return is_first == first_is_positive ? decision : -decision;
}

/* Votes for each class, and the sum s of its decisions as s / (3 (|s| + one)), with 20 fraction
 * bits.
 */
SK_INLINE void sk_pair_confidence(
    const void *decisions, sk_type type, int32_t *output, int32_t classes, bool first_is_positive,
    int32_t one)
{
    for (int32_t i = 0; i < classes; i++) {
        int32_t votes = 0;
        int32_t sum = 0;
        for (int32_t j = 0; j < classes; j++) {
            if (i != j) {
                const int32_t decision =
                    sk_pair_decision(decisions, type, i, j, classes, first_is_positive);
                votes += decision > 0 || (decision == 0 && i < j) ? 1 : 0;
                sum += decision;
            }
        }
        const int64_t size = sum < 0 ? -(int64_t)sum : sum;
        const int32_t part = sk_rounded_quotient(size * 1048576, 3 * (size + one));
        output[i] = votes * 1048576 + (sum < 0 ? -part : part);
    }
}

#endif
