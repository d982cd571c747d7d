/* The order of pairs of classes: (0, 1), (0, 2), ... (1, 2), ... */
#ifndef SKCONV_VOTES_H
#define SKCONV_VOTES_H

#include "types.h"

/* Place of the pair of two different classes, in any order. */
SK_INLINE int32_t sk_pair(int32_t one, int32_t other, int32_t classes)
{
    const int32_t i = one < other ? one : other;
    const int32_t j = one < other ? other : one;
    return i * (2 * classes - i - 1) / 2 + j - i - 1;
}

#endif
