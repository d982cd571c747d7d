/* Probabilities from float scores. */
#ifndef SKCONV_FLOAT_PROBABILITIES_H
#define SKCONV_FLOAT_PROBABILITIES_H

#include "float_math.h"

/* A single score stands for two classes; the first has score 0. */
SK_INLINE float sk_float_score(const float *scores, int32_t size, int32_t i)
{
    if (size == 1) {
        return i == 0 ? 0.0f : scores[0];
    }
    return scores[i];
}

SK_INLINE void sk_float_divide_by_sum(float *output, int32_t size)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < size; i++) {
        sum += output[i];
    }
    for (int32_t i = 0; i < size; i++) {
        output[i] /= sum;
    }
}

/* exp(factor * score), divided by the sum of all; `bits` is factor / ln 2. */
SK_INLINE void sk_float_softmax(const float *scores, float *output, int32_t size, float bits)
{
    const int32_t classes = size == 1 ? 2 : size;
    float largest = sk_float_score(scores, size, 0);
    for (int32_t i = 1; i < classes; i++) {
        const float score = sk_float_score(scores, size, i);
        largest = score > largest ? score : largest;
    }
    for (int32_t i = 0; i < classes; i++) {
        output[i] = sk_float_exp2_negative(bits * (largest - sk_float_score(scores, size, i)));
    }
    sk_float_divide_by_sum(output, classes);
}

/* 1 / (1 + exp(-score)), divided by the sum of all; two scores or more. */
SK_INLINE void sk_float_sigmoids(const float *scores, float *output, int32_t size)
{
    const float log2_e = 1.44269504f;
    float largest = scores[0];
    for (int32_t i = 1; i < size; i++) {
        largest = scores[i] > largest ? scores[i] : largest;
    }
    largest = largest < 0.0f ? largest : 0.0f;
    for (int32_t i = 0; i < size; i++) {
        const float distance = largest > scores[i] ? largest - scores[i] : 0.0f;
        const float size_of = scores[i] < 0.0f ? -scores[i] : scores[i];
        const float whole = 1.0f + sk_float_exp2_negative(log2_e * size_of);
        output[i] = sk_float_exp2_negative(log2_e * distance) / whole;
    }
    sk_float_divide_by_sum(output, size);
}

SK_INLINE float sk_float_share(float share)
{
    return share < 0.0f ? 0.0f : share > 1.0f ? 1.0f : share;
}

/* Scores that are probabilities in another scale; a single one is the difference of two. */
SK_INLINE void sk_float_shares(const float *scores, float *output, int32_t size, float factor)
{
    if (size == 1) {
        const float second = sk_float_share(0.5f + 0.5f * factor * scores[0]);
        output[0] = 1.0f - second;
        output[1] = second;
        return;
    }
    for (int32_t i = 0; i < size; i++) {
        output[i] = sk_float_share(factor * scores[i]);
    }
}

#endif
