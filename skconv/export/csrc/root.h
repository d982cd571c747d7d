/* Integer square root and rounded quotient. */
#ifndef SKCONV_ROOT_H
#define SKCONV_ROOT_H

#include "types.h"

/* Nearest integer to the square root: one bit of the root a step, no division. */
SK_INLINE uint32_t sk_rounded_root(uint32_t value)
{
    uint32_t rest = value;
    uint32_t root = 0;
    for (uint32_t bit = (uint32_t)1 << 30; bit != 0; bit >>= 2) {
        const uint32_t trial = root + bit;
        root >>= 1;
        if (rest >= trial) {
            rest -= trial;
            root += bit;
        }
    }
    /* Here rest = value - root^2, and (root + 1/2)^2 lies just above root^2 + root. */
    return rest > root ? root + 1 : root;
}

/* Nearest integer to numerator / denominator, halves up; the denominator is positive. */
SK_INLINE int32_t sk_rounded_quotient(int64_t numerator, int64_t denominator)
{
    const int64_t doubled = 2 * numerator + denominator;
    const int64_t quotient = doubled / (2 * denominator);
    /* C rounds towards zero; the rule is floor. */
    return (int32_t)(doubled % (2 * denominator) < 0 ? quotient - 1 : quotient);
}

#endif
