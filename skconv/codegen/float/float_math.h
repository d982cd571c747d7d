/* Square root and powers of two of floats, without libm. */
#ifndef SKCONV_FLOAT_MATH_H
#define SKCONV_FLOAT_MATH_H

#include <string.h>

#include "types.h"

SK_INLINE float sk_float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Newton's iteration on 1 / sqrt(x), begun by halving the exponent. */
SK_INLINE float sk_float_sqrt(float x)
{
    if (!(x >= 1.17549435e-38f)) { /* the smallest normal float; below it the root is taken as 0 */
        return 0.0f;
    }
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    float inverse = sk_float_from_bits(0x5f375a86u - (bits >> 1));
    for (int32_t i = 0; i < 3; i++) {
        inverse *= 1.5f - (0.5f * x * inverse) * inverse;
    }
    return x * inverse;
}

/* 2^-u for u >= 0: exponent bits for the nearest integer, a polynomial for the rest. */
SK_INLINE float sk_float_exp2_negative(float u)
{
    if (!(u < 126.0f)) {
        return 0.0f;
    }
    const int32_t whole = (int32_t)(u + 0.5f);
    const float t = ((float)whole - u) * 0.69314718f;
    const float tail = 1.0f / 24.0f + t * (1.0f / 120.0f + t * (1.0f / 720.0f));
    const float power = 1.0f + t * (1.0f + t * (0.5f + t * (1.0f / 6.0f + t * tail)));
    return power * sk_float_from_bits((uint32_t)(127 - whole) << 23);
}

#endif
