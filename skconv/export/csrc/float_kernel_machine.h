/* Support vector machines with a kernel, in floats. */
#ifndef SKCONV_FLOAT_KERNEL_MACHINE_H
#define SKCONV_FLOAT_KERNEL_MACHINE_H

#include "float_math.h"
#include "votes.h"

typedef enum { SK_FLOAT_LAPLACIAN, SK_FLOAT_RBF, SK_FLOAT_POLY } sk_float_kernel;

typedef struct {
    sk_float_kernel kernel;
    int32_t features;
    int32_t vectors;
    int32_t classes;
    const float *support_vectors; /* (vectors, features), sorted by class */
    const uint16_t *n_support;    /* of every class */
    const float *coefficients;    /* (classes - 1, vectors) */
    const float *intercept;       /* of every pair of classes */
    float gamma;                  /* laplacian and rbf: gamma / ln 2, for powers of 2 */
    float coef0;
    int32_t degree;
} sk_float_machine;

/* 2^-(gamma ||x - s||_1), 2^-(gamma ||x - s||_2^2) or (gamma x . s + coef0)^degree */
SK_INLINE float sk_float_kernel_value(sk_float_machine m, const float *x, const float *s)
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

/* One decision per pair of classes i < j; positive votes for i.
 *
 * A support vector of class i has coefficient row j - 1 against a class j > i, and row j
 * against a class j < i.
 */
SK_INLINE void sk_float_kernel_machine(const float *input, float *output, sk_float_machine m)
{
    for (int32_t pair = 0; pair < m.classes * (m.classes - 1) / 2; pair++) {
        output[pair] = m.intercept[pair];
    }
    int32_t vector = 0;
    for (int32_t i = 0; i < m.classes; i++) {
        for (int32_t n = 0; n < m.n_support[i]; n++) {
            const float value =
                sk_float_kernel_value(m, input, m.support_vectors + vector * m.features);
            for (int32_t j = 0; j < m.classes; j++) {
                if (j != i) {
                    const int32_t row = j > i ? j - 1 : j;
                    output[sk_pair(i, j, m.classes)] +=
                        m.coefficients[row * m.vectors + vector] * value;
                }
            }
            vector++;
        }
    }
}

#endif
