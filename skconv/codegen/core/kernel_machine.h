/* Kernel machines (support vector machines) in integers. */
#ifndef SKCONV_KERNEL_MACHINE_H
#define SKCONV_KERNEL_MACHINE_H

#include "exp2.h"
#include "narrow.h"
#include "requantize.h"
#include "votes.h"

typedef enum { SK_LAPLACIAN, SK_RBF, SK_POLY } sk_kernel;

typedef struct {
    sk_kernel kernel;
    sk_type type; /* of the input and of the support vectors */
    int32_t features;
    int32_t vectors;
    int32_t classes;                      /* 0: scores of all vectors, one a row */
    int32_t rows;                         /* of coefficients: classes - 1, or scores */
    const SK_FLASH void *support_vectors; /* (vectors, features), sorted by class */
    const SK_FLASH uint16_t *n_support;   /* of every class; not for scores */
    const SK_FLASH void *coefficients;    /* (rows, vectors) */
    sk_type coefficient_type;
    const SK_FLASH int64_t *intercept;    /* of every result */
    const SK_FLASH uint16_t *exp2_table;  /* 2^-(i / 256) with 15 fraction bits; not for poly */
    bool fine;                            /* exponents have 14 fraction bits, not 8 */
    int32_t offset;                       /* poly: added to the product */
    int32_t degree;
    int32_t shift;                        /* from a sum to a decision; 0: 15 */
    int32_t first; /* where vectors are stored two features a byte: what 0 means, */
    int32_t step;  /* and what 1 adds to it; 0: features have the type of the input */
    sk_requantization exponent; /* last: old compilers lose track of fields after inner braces */
} sk_machine;

/* A feature of a support vector; of two in a byte the first is in the lower half. */
SK_INLINE int32_t sk_vector_feature(
    sk_machine m, const SK_FLASH void *vector, int32_t feature)
{
    if (m.step == 0) {
        return sk_load_table(vector, m.type, feature);
    }
    const int32_t both = sk_load_table(vector, SK_UINT8, feature / 2);
    const int32_t half = feature % 2 == 0 ? both & 15 : both >> 4;
    return m.first + (uint16_t)((uint16_t)half * (uint16_t)m.step);
}

/* Bytes of some features of a support vector. */
SK_INLINE int32_t sk_vector_bytes(sk_machine m, int32_t features)
{
    if (m.step != 0) {
        return (features + 1) / 2;
    }
    return m.type == SK_INT16 ? 2 * features : features;
}

/* One feature's part of ||x - s||_1, ||x - s||_2^2 or x . s */
SK_INLINE int32_t sk_add_feature(
    sk_machine m, const void *input, const SK_FLASH void *vector, int32_t feature,
    int32_t sum)
{
    const int32_t x = sk_load(input, m.type, feature);
    const int32_t s = sk_vector_feature(m, vector, feature);
    if (m.kernel == SK_POLY) {
        return sum + x * s;
    }
    if (m.kernel == SK_RBF) {
        return sum + (x - s) * (x - s);
    }
    return x > s ? sum + (x - s) : sum - (x - s);
}

/* ||x - s||_1, ||x - s||_2^2 or x . s + offset; four features a turn, because on a small
 * core the loop would cost as much as what is in it. With `stops` any sum from `limit` on
 * stands for a distance from there on. */
SK_INLINE int32_t sk_distance_below(
    sk_machine m, const void *input, int32_t vector, bool stops, int32_t limit)
{
    const int32_t size = m.type == SK_INT16 ? 2 : 1;
    const uint8_t *x = (const uint8_t *)input;
    const SK_FLASH uint8_t *s =
        (const SK_FLASH uint8_t *)m.support_vectors + vector * sk_vector_bytes(m, m.features);
    const uint8_t *end = x + m.features / 4 * 4 * size;
    int32_t sum = m.kernel == SK_POLY ? m.offset : 0;
    while (x != end) {
        sum = sk_add_feature(m, x, s, 0, sum);
        sum = sk_add_feature(m, x, s, 1, sum);
        sum = sk_add_feature(m, x, s, 2, sum);
        sum = sk_add_feature(m, x, s, 3, sum);
        if (stops && sum >= limit) {
            return sum;
        }
        x += 4 * size;
        s += sk_vector_bytes(m, 4);
    }
    for (int32_t i = 0; i < m.features % 4; i++) {
        sum = sk_add_feature(m, x, s, i, sum);
    }
    return sum;
}

SK_INLINE int32_t sk_distance(sk_machine m, const void *input, int32_t vector)
{
    return sk_distance_below(m, input, vector, false, 0);
}

/* base^degree with 30 fraction bits, for a base with 23; every product is rounded. */
SK_INLINE int32_t sk_power(int32_t base, int32_t degree)
{
    int32_t result = base * 128;
    for (int32_t i = 1; i < degree; i++) {
        result = (int32_t)(((int64_t)result * base + ((int64_t)1 << 22)) >> 23);
    }
    return result;
}

SK_INLINE int32_t sk_kernel_value(sk_machine m, const void *input, int32_t vector)
{
    const int32_t u = sk_requantize(sk_distance(m, input, vector), 0, m.exponent);
    if (m.kernel == SK_POLY) {
        return sk_power(u, m.degree);
    }
    return m.fine ? sk_fine_exp2_negative(m.exp2_table, u)
                  : (int32_t)sk_exp2_negative(m.exp2_table, u);
}

/* int16 coefficients: a kernel of up to 2^15 needs no product of 64 bits. */
SK_INLINE int64_t sk_weighted(sk_machine m, int32_t row, int32_t vector, int32_t value)
{
    const int32_t coefficient =
        sk_is_narrow(m.coefficient_type)
            ? sk_line_weight(m.coefficients, m.coefficient_type, row, m.vectors, vector)
            : sk_load_table(m.coefficients, m.coefficient_type, row * m.vectors + vector);
    return m.kernel == SK_POLY ? (int64_t)coefficient * value : coefficient * value;
}

/* One decision per pair of classes i < j, positive votes for i; or one score per row.
 *
 * `sums` is room for one int64 per result.
 */
SK_INLINE void sk_kernel_machine(
    const void *input, int32_t *output, int64_t *sums, sk_machine m)
{
    const int32_t results = sk_machine_results(m.classes, m.rows);
    const int32_t bits = m.shift > 0 ? m.shift : 15;
    for (int32_t i = 0; i < results; i++) {
        sums[i] = m.intercept[i];
    }
    int32_t vector = 0;
    for (int32_t i = 0; i < (m.classes == 0 ? 1 : m.classes); i++) {
        const int32_t count = m.classes == 0 ? m.vectors : m.n_support[i];
        for (int32_t n = 0; n < count; n++) {
            const int32_t value = sk_kernel_value(m, input, vector);
            for (int32_t row = 0; row < m.rows; row++) {
                sums[sk_machine_place(i, row, m.classes)] +=
                    sk_weighted(m, row, vector, value);
            }
            vector++;
        }
    }
    for (int32_t i = 0; i < results; i++) {
        output[i] = (int32_t)((sums[i] + ((int64_t)1 << (bits - 1))) >> bits);
    }
}

#endif
