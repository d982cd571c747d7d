/* Kernel machines (support vector machines) in floats. */
#ifndef SKCONV_FLOAT_KERNEL_MACHINE_H
#define SKCONV_FLOAT_KERNEL_MACHINE_H

#include "float_math.h"
#include "votes.h"

typedef enum { SK_FLOAT_LAPLACIAN, SK_FLOAT_RBF, SK_FLOAT_POLY } sk_float_kernel;

typedef struct {
    sk_float_kernel kernel;
    int32_t features;
    int32_t vectors;
    int32_t classes;                       /* 0: scores of all vectors, one a row */
    int32_t rows;                          /* of coefficients: classes - 1, or scores */
    const SK_FLASH float *support_vectors; /* (vectors, features), sorted by class */
    const SK_FLASH uint16_t *n_support;    /* of every class; not for scores */
    const SK_FLASH float *coefficients;    /* (rows, vectors) */
    const SK_FLASH float *intercept;       /* of every result */
    float gamma;                           /* laplacian and rbf: gamma / ln 2, for powers of 2 */
    float coef0;
    int32_t degree;
} sk_float_machine;

/* 2^-(gamma ||x - s||_1), 2^-(gamma ||x - s||_2^2) or (gamma x . s + coef0)^degree */
SK_INLINE float sk_float_kernel_value(
    sk_float_machine m, const float *x, const SK_FLASH float *s)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < m.features; i++) {
        if (m.kernel == SK_FLOAT_POLY) {
            sum += x[i] * s[i];
        } else if (m.kernel == SK_FLOAT_RBF) {
            sum += (x[i] - s[i]) * (x[i] - s[i]);
        } else {
            sum += x[i] > s[i] ? x[i] - s[i] : s[i] - x[i];
        }
    }
    if (m.kernel != SK_FLOAT_POLY) {
        return sk_float_exp2_negative(m.gamma * sum);
    }
    const float base = m.gamma * sum + m.coef0;
    float power = 1.0f;
    for (int32_t i = 0; i < m.degree; i++) {
        power *= base;
    }
    return power;
}

/* One decision per pair of classes i < j, positive votes for i; or one score per row. */
SK_INLINE void sk_float_kernel_machine(const float *input, float *output, sk_float_machine m)
{
    for (int32_t i = 0; i < sk_machine_results(m.classes, m.rows); i++) {
        output[i] = m.intercept[i];
    }
    int32_t vector = 0;
    for (int32_t i = 0; i < (m.classes == 0 ? 1 : m.classes); i++) {
        const int32_t count = m.classes == 0 ? m.vectors : m.n_support[i];
        for (int32_t n = 0; n < count; n++) {
            const float value =
                sk_float_kernel_value(m, input, m.support_vectors + vector * m.features);
            for (int32_t row = 0; row < m.rows; row++) {
                output[sk_machine_place(i, row, m.classes)] +=
                    m.coefficients[row * m.vectors + vector] * value;
            }
            vector++;
        }
    }
}

#endif
