/* The length of vectors. */
#ifndef SKCONV_FLOAT_NORM_H
#define SKCONV_FLOAT_NORM_H

#include "float_math.h"
#include "types.h"

SK_INLINE void sk_float_euclidean_norm(
    const float *input, float *output, int32_t vectors, int32_t axes)
{
    for (int32_t i = 0; i < vectors; i++) {
        float sum = 0.0f;
        for (int32_t j = 0; j < axes; j++) {
            sum += input[i * axes + j] * input[i * axes + j];
        }
        output[i] = sk_float_sqrt(sum);
    }
}

#endif
