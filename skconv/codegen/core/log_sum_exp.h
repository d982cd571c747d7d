/* The logarithm of a sum of densities, out of their logarithms. */
#ifndef SKCONV_LOG_SUM_EXP_H
#define SKCONV_LOG_SUM_EXP_H

#include "probabilities.h"
#include "spectra.h"

/* The largest score, and the logarithm of the sum of powers relative to it. */
SK_INLINE void sk_log_sum_exp(sk_scores s, int32_t *output, sk_logarithm log)
{
    const int64_t largest = sk_largest_score(s);
    uint32_t sum = 0;
    for (int32_t i = 0; i < s.size; i++) {
        sum += sk_score_power(s, largest - sk_score(s, i));
    }
    output[0] = (int32_t)largest + sk_log_above(sum, 15, log);
}

#endif
