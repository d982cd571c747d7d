/* Powers of two with a fraction. */
#ifndef SKCONV_EXP2_H
#define SKCONV_EXP2_H

#include "types.h"

/* 2^-u with 15 fraction bits, for u with 8 fraction bits: a table and a shift. */
SK_INLINE int64_t sk_exp2_negative(const SK_FLASH uint16_t *table, int32_t u)
{
    const int32_t whole = u >> 8;
    return whole < 16 ? table[u & 255] >> whole : 0;
}

/* The same for u with 14 fraction bits: the last six subtract their share of the logarithm
 * of 2, which is 177 / 256. */
SK_INLINE int32_t sk_fine_exp2_negative(const SK_FLASH uint16_t *table, int32_t u)
{
    const int32_t whole = u >> 14;
    const int32_t entry = table[(u >> 6) & 255];
    const int32_t part = (entry * (u & 63) * 177 + ((int32_t)1 << 21)) >> 22;
    return whole < 16 ? (entry - part) >> whole : 0;
}

#endif
