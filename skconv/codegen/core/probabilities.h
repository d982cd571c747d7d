/* Probabilities from scores, with 15 fraction bits. */
#ifndef SKCONV_PROBABILITIES_H
#define SKCONV_PROBABILITIES_H

#include "exp2.h"
#include "requantize.h"
#include "root.h"

typedef struct {
    const void *scores;
    sk_type type;
    int32_t size;
    const SK_FLASH uint16_t *exp2_table; /* 2^-(i / 256) with 15 fraction bits */
    int32_t shift;                       /* of a difference of scores */
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

SK_INLINE int32_t sk_largest_score(sk_scores s)
{
    const int32_t classes = s.size == 1 ? 2 : s.size;
    int32_t largest = sk_score(s, 0);
    for (int32_t i = 1; i < classes; i++) {
        largest = sk_score(s, i) > largest ? sk_score(s, i) : largest;
    }
    return largest;
}

/* exp(-distance) of a difference of scores; below 0 as of 0 */
SK_INLINE uint32_t sk_score_power(sk_scores s, int64_t distance)
{
    const int64_t shifted = distance > 0 ? distance >> s.shift : 0;
    const int32_t near = (int32_t)(shifted < s.limit ? shifted : s.limit);
    return (uint32_t)sk_exp2_negative(s.exp2_table, sk_requantize(near, 0, s.exponent));
}

/* exp of each score, divided by the sum. */
SK_INLINE void sk_softmax(sk_scores s, uint16_t *output)
{
    const int32_t classes = s.size == 1 ? 2 : s.size;
    const int64_t largest = sk_largest_score(s);
    uint32_t sum = 0;
    for (int32_t i = 0; i < classes; i++) {
        sum += sk_score_power(s, largest - sk_score(s, i));
    }
    for (int32_t i = 0; i < classes; i++) {
        const int64_t power = sk_score_power(s, largest - sk_score(s, i));
        output[i] = (uint16_t)sk_rounded_quotient(power * 32768, sum);
    }
}

/* 1 / (1 + exp(-score)) of each score, divided by the sum. Where all scores are below 0, all are
 * multiplied by exp(-largest score) first: then the sum is never 0.
 */
SK_INLINE void sk_sigmoids(sk_scores s, uint16_t *output)
{
    const int64_t found = sk_largest_score(s);
    const int64_t largest = found < 0 ? found : 0;
    uint32_t sum = 0;
    for (int32_t i = 0; i < s.size; i++) {
        const int64_t score = sk_score(s, i);
        const int64_t power = sk_score_power(s, largest - score);
        const uint32_t whole = 32768u + sk_score_power(s, score < 0 ? -score : score);
        output[i] = (uint16_t)sk_rounded_quotient(power * 32768, whole);
        sum += output[i];
    }
    for (int32_t i = 0; i < s.size; i++) {
        output[i] = (uint16_t)sk_rounded_quotient((int64_t)output[i] * 32768, sum);
    }
}

SK_INLINE int32_t sk_share(int32_t score, int32_t limit, sk_requantization to)
{
    const int32_t near = score < -limit ? -limit : score > limit ? limit : score;
    return sk_requantize(near, 0, to);
}

/* Scores that are probabilities in another scale. A single score is the difference of two
 * probabilities, requantised to the half of it.
 */
SK_INLINE void sk_shares(
    const void *scores, sk_type type, int32_t size, int32_t limit, sk_requantization to,
    uint16_t *output)
{
    if (size == 1) {
        const int32_t half = sk_share(sk_load(scores, type, 0), limit, to);
        output[0] = (uint16_t)(16384 - half);
        output[1] = (uint16_t)(16384 + half);
        return;
    }
    for (int32_t i = 0; i < size; i++) {
        output[i] = (uint16_t)sk_share(sk_load(scores, type, i), limit, to);
    }
}

#endif
