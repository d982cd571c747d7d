/* Probabilities from scores. */
#ifndef SKCONV_SOFTMAX_H
#define SKCONV_SOFTMAX_H

#include "exp2.h"
#include "requantize.h"
#include "root.h"

typedef struct {
    const void *scores;
    sk_type type;
    int32_t size;
    const SK_FLASH uint16_t *exp2_table; /* 2^-(i / 256) with 15 fraction bits */
    int32_t shift;                       /* of a distance from the largest score */
    int32_t limit;                       /* of that */
    sk_requantization exponent; /* last: old compilers lose track of fields after inner braces */
} sk_scores;

/* A single score stands for two classes; the first has score 0. */
SK_INLINE int32_t sk_score(sk_scores s, int32_t i)
{
    if (s.size == 1) {
        return i == 0 ? 0 : sk_load(s.scores, s.type, 0);
    }
    return sk_load(s.scores, s.type, i);
}

/* 2^-u, where u is the distance of a score from the largest score. */
SK_INLINE uint32_t sk_score_power(sk_scores s, int32_t i, int32_t largest)
{
    const int64_t distance = ((int64_t)largest - sk_score(s, i)) >> s.shift;
    const int32_t near = (int32_t)(distance < s.limit ? distance : s.limit);
    return (uint32_t)sk_exp2_negative(s.exp2_table, sk_requantize(near, 0, s.exponent));
}

/* Each entry divided by the sum, with 15 fraction bits. */
SK_INLINE void sk_softmax(sk_scores s, uint16_t *output)
{
    const int32_t classes = s.size == 1 ? 2 : s.size;
    int32_t largest = sk_score(s, 0);
    uint32_t sum = 0;
    for (int32_t i = 1; i < classes; i++) {
        largest = sk_score(s, i) > largest ? sk_score(s, i) : largest;
    }
    for (int32_t i = 0; i < classes; i++) {
        sum += sk_score_power(s, i, largest);
    }
    for (int32_t i = 0; i < classes; i++) {
        const int64_t power = sk_score_power(s, i, largest);
        output[i] = (uint16_t)sk_rounded_quotient(power * 32768, sum);
    }
}

#endif
