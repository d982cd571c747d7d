/* Support vector machines with a kernel, in integers. */
#ifndef SKCONV_KERNEL_MACHINE_H
#define SKCONV_KERNEL_MACHINE_H

#include "requantize.h"
#include "votes.h"

typedef enum { SK_LAPLACIAN, SK_RBF, SK_POLY } sk_kernel;

typedef struct {
    sk_kernel kernel;
    sk_type type; /* of the input and of the support vectors */
    int32_t features;
    int32_t vectors;
    int32_t classes;
    const void *support_vectors;      /* (vectors, features), sorted by class */
    const uint16_t *n_support;        /* of every class */
    const void *coefficients;         /* (classes - 1, vectors) */
    sk_type coefficient_type;
    const int64_t *intercept;         /* of every pair of classes */
    const uint16_t *exp2_table;       /* 2^-(i / 256), 15 bits of fraction; not for poly */
    sk_requantization exponent;
    int32_t offset;                   /* poly: added to the product */
    int32_t degree;
} sk_machine;

/* ||x - s||_1, ||x - s||_2^2 or x . s + offset */
SK_INLINE int32_t sk_distance(sk_machine m, const void *input, int32_t vector)
{
    int32_t sum = m.kernel == SK_POLY ? m.offset : 0;
    for (int32_t i = 0; i < m.features; i++) {
        const int32_t x = sk_load(input, m.type, i);
        const int32_t s = sk_load(m.support_vectors, m.type, vector * m.features + i);
        if (m.kernel == SK_POLY) {
            sum += x * s;
        } else if (m.kernel == SK_RBF) {
            sum += (x - s) * (x - s);
        } else {
            sum += x > s ? x - s : s - x;
        }
    }
    return sum;
}

/* 2^-u with 15 bits of fraction, of u with 8: a table and a shift. */
SK_INLINE int64_t sk_exp2_negative(const uint16_t *table, int32_t u)
{
    const int32_t whole = u >> 8;
    return whole < 16 ? table[u & 255] >> whole : 0;
}

/* base^degree with 20 bits of fraction, of a base with 15, rounded at every product. */
SK_INLINE int64_t sk_power(int32_t base, int32_t degree)
{
    int64_t result = (int64_t)base * 32;
    for (int32_t i = 1; i < degree; i++) {
        result = (result * base + (1 << 14)) >> 15;
    }
    return result;
}

SK_INLINE int64_t sk_kernel_value(sk_machine m, const void *input, int32_t vector)
{
    const int32_t u = sk_requantize(sk_distance(m, input, vector), 0, m.exponent);
    return m.kernel == SK_POLY ? sk_power(u, m.degree) : sk_exp2_negative(m.exp2_table, u);
}

/* One decision per pair of classes i < j; positive votes for i.
 *
 * `sums` is room for one int64 per pair. A support vector of class i has coefficient row
 * j - 1 against a class j > i, and row j against a class j < i.
 */
SK_INLINE void sk_kernel_machine(
    const void *input, int32_t *output, int64_t *sums, sk_machine m)
{
    const int32_t pairs = m.classes * (m.classes - 1) / 2;
    const int32_t bits = m.kernel == SK_POLY ? 20 : 15;
    for (int32_t pair = 0; pair < pairs; pair++) {
        sums[pair] = m.intercept[pair];
    }
    int32_t vector = 0;
    for (int32_t i = 0; i < m.classes; i++) {
        for (int32_t n = 0; n < m.n_support[i]; n++) {
            const int64_t value = sk_kernel_value(m, input, vector);
            for (int32_t j = 0; j < m.classes; j++) {
                if (j != i) {
                    const int32_t row = j > i ? j - 1 : j;
                    sums[sk_pair(i, j, m.classes)] +=
                        sk_load(m.coefficients, m.coefficient_type, row * m.vectors + vector)
                        * value;
                }
            }
            vector++;
        }
    }
    for (int32_t pair = 0; pair < pairs; pair++) {
        output[pair] = (int32_t)((sums[pair] + ((int64_t)1 << (bits - 1))) >> bits);
    }
}

#endif
