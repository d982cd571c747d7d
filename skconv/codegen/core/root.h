/* Integer square root and rounded quotient. */
#ifndef SKCONV_ROOT_H
#define SKCONV_ROOT_H

#include "types.h"

/* Compilers do not inline this function, nor do they learn anything from its callers. If they knew
 * how many steps there are, they would count them in one more register, which a Cortex-M0 lacks.
 */
#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ < 8)
#define SK_ISOLATED static __attribute__((noinline, unused))
#elif defined(__GNUC__)
#define SK_ISOLATED static __attribute__((noipa, unused))
#else
#define SK_ISOLATED static inline
#endif

/* Nearest integer to the square root: one bit of the root per step, no division. The value
 * must be below four times `highest`, a power of four.
 */
SK_ISOLATED uint32_t sk_rounded_root_below(uint32_t value, uint32_t highest)
{
    uint32_t rest = value;
    uint32_t root = 0;
    for (uint32_t bit = highest; bit != 0; bit >>= 2) {
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

SK_INLINE uint32_t sk_rounded_root(uint32_t value)
{
    return sk_rounded_root_below(value, (uint32_t)1 << 30);
}

/* Nearest integer to sqrt(a^2 + b^2), of numbers of this type. */
SK_INLINE int32_t sk_rounded_size(int32_t a, int32_t b, sk_type type)
{
    const uint32_t square = (uint32_t)(a * a) + (uint32_t)(b * b);
    const uint32_t bits = type == SK_INT8 ? 14 : type == SK_UINT8 ? 16 : 30;
    return (int32_t)sk_rounded_root_below(square, (uint32_t)1 << bits);
}

/* Nearest integer to numerator / denominator, halves up; the denominator is positive. */
SK_INLINE int32_t sk_rounded_quotient(int64_t numerator, int64_t denominator)
{
    const int64_t doubled = 2 * numerator + denominator;
    const int64_t quotient = doubled / (2 * denominator);
    /* C rounds towards zero; floor is wanted. */
    return (int32_t)(doubled % (2 * denominator) < 0 ? quotient - 1 : quotient);
}

#endif
