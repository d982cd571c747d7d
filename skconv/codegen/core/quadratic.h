/* Scores that fall with a squared distance: an offset less a sum of squares. */
#ifndef SKCONV_QUADRATIC_H
#define SKCONV_QUADRATIC_H

#include "types.h"

typedef struct {
    int32_t scores;
    bool relative; /* only differences count: of two scores one result */
    const SK_FLASH int64_t *offsets;
    const SK_FLASH uint8_t *shifts; /* from a sum of squares to a distance */
} sk_quadratic;

/* The score of a class: its offset less the distance, which is the sum, rounded. */
SK_INLINE int64_t sk_quadratic_score(sk_quadratic q, int32_t k, int64_t sum)
{
    const int32_t shift = q.shifts[k];
    return q.offsets[k] - ((sum + (((int64_t)1 << shift) >> 1)) >> shift);
}

/* A score of 64 bits, clipped to 2^30 in magnitude. */
SK_INLINE int32_t sk_clipped_score(int64_t score)
{
    const int64_t limit = (int64_t)1 << 30;
    return (int32_t)(score > limit ? limit : (score < -limit ? -limit : score));
}

/* Scores as they are, or the differences that count. */
SK_INLINE void sk_compare_scores(const int64_t *scores, int32_t *output, sk_quadratic q)
{
    int64_t from = 0;
    if (q.relative && q.scores == 2) {
        output[0] = sk_clipped_score(scores[1] - scores[0]);
        return;
    }
    if (q.relative) {
        from = scores[0];
        for (int32_t k = 1; k < q.scores; k++) {
            from = scores[k] > from ? scores[k] : from;
        }
    }
    for (int32_t k = 0; k < q.scores; k++) {
        output[k] = sk_clipped_score(scores[k] - from);
    }
}

/* The squares of each `size` numbers that follow each other; `scores` is room for one each. */
SK_INLINE void sk_grouped_squares(
    const void *input, sk_type type, int32_t size, int32_t *output, int64_t *scores,
    sk_quadratic q)
{
    for (int32_t k = 0; k < q.scores; k++) {
        int64_t sum = 0;
        for (int32_t i = 0; i < size; i++) {
            const int32_t y = sk_load(input, type, k * size + i);
            sum += y * y;
        }
        scores[k] = sk_quadratic_score(q, k, sum);
    }
    sk_compare_scores(scores, output, q);
}

/* The square of one number, less its centre, times its factor. */
SK_INLINE int64_t sk_diagonal_square(int32_t x, int32_t factor, int32_t bias)
{
    const int32_t y = x * factor + bias;
    return (int64_t)y * y;
}

/* The squares of all numbers, for every score with factors and biases of its own; four a turn,
 * because on a small core the loop would cost as much as what is in it. */
SK_INLINE void sk_diagonal_squares(
    const void *input, sk_type type, const SK_FLASH int16_t *factors,
    const SK_FLASH int32_t *biases, int32_t size, int32_t *output, int64_t *scores,
    sk_quadratic q)
{
    for (int32_t k = 0; k < q.scores; k++) {
        const uint8_t *x = (const uint8_t *)input;
        const uint8_t *end = x + size / 4 * 4 * sk_bytes(type);
        int64_t sum = 0;
        while (x != end) {
            sum += sk_diagonal_square(sk_load(x, type, 0), factors[0], biases[0]);
            sum += sk_diagonal_square(sk_load(x, type, 1), factors[1], biases[1]);
            sum += sk_diagonal_square(sk_load(x, type, 2), factors[2], biases[2]);
            sum += sk_diagonal_square(sk_load(x, type, 3), factors[3], biases[3]);
            x += 4 * sk_bytes(type);
            factors += 4;
            biases += 4;
        }
        for (int32_t i = 0; i < size % 4; i++) {
            sum += sk_diagonal_square(sk_load(x, type, i), *factors++, *biases++);
        }
        scores[k] = sk_quadratic_score(q, k, sum);
    }
    sk_compare_scores(scores, output, q);
}

#endif
