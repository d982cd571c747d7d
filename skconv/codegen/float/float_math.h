/* Square root, powers of two and logarithm of floats, without libm. */
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

/* ln(x) of a normal number: 2 artanh((m - 1) / (m + 1)) of the mantissa, near 1. */
SK_INLINE float sk_float_log(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t root_of_half = 0x3f3504f3u;
    const int32_t whole = (int32_t)((bits - root_of_half) >> 23);
    const int32_t exponent = whole >= 256 ? whole - 512 : whole;
    const float m = sk_float_from_bits(bits - ((uint32_t)exponent << 23));
    const float s = (m - 1.0f) / (m + 1.0f);
    const float q = s * s;
    const float tail = 1.0f / 3.0f + q * (0.2f + q * (1.0f / 7.0f + q * (1.0f / 9.0f)));
    return (float)exponent * 0.69314718f + 2.0f * s * (1.0f + q * tail);
}

#endif
