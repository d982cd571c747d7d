/* The logarithm of a sum of densities, in floats. */
#ifndef SKCONV_FLOAT_LOG_SUM_EXP_H
#define SKCONV_FLOAT_LOG_SUM_EXP_H

#include "float_math.h"
#include "float_spectra.h"

SK_INLINE void sk_float_log_sum_exp(const float *input, int32_t size, float *output)
{
    float largest = input[0];
    float sum = 0.0f;
    for (int32_t i = 1; i < size; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    for (int32_t i = 0; i < size; i++) {
        sum += sk_float_exp2_negative((largest - input[i]) * 1.44269504f);
    }
    output[0] = largest + sk_float_log(sum);
}

#endif
