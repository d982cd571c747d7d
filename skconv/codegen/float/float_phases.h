/* Cosines of floats, without libm. */
#ifndef SKCONV_FLOAT_PHASES_H
#define SKCONV_FLOAT_PHASES_H

#include "types.h"

/* cos(x): what is left of whole turns is folded to a quarter, whose sine has a short series. */
SK_INLINE float sk_float_cos(float x)
{
    const float turns = x * 0.159154943f;
    const float whole = (float)(int32_t)(turns < 0.0f ? turns - 0.5f : turns + 0.5f);
    const float rest = turns - whole;
    const float u = (0.25f - (rest < 0.0f ? -rest : rest)) * 6.28318531f;
    const float q = u * u;
    const float tail = 1.0f - q * (1.0f / 42.0f) * (1.0f - q * (1.0f / 72.0f));
    return u * (1.0f - q * (1.0f / 6.0f) * (1.0f - q * 0.05f * tail));
}

SK_INLINE void sk_float_cosines(const float *input, float *output, int32_t size, float amplitude)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = amplitude * sk_float_cos(input[i]);
    }
}

#endif
