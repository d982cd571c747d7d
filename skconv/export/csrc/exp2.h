/* Powers of two with a fraction. */
#ifndef SKCONV_EXP2_H
#define SKCONV_EXP2_H

#include "types.h"

/* 2^-u with 15 bits of fraction, of u with 8: a table and a shift. */
SK_INLINE int64_t sk_exp2_negative(const SK_FLASH uint16_t *table, int32_t u)
{
    const int32_t whole = u >> 8;
    return whole < 16 ? table[u & 255] >> whole : 0;
}

#endif
