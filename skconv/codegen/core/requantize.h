/* Requantisation of an int32 accumulator: one product, one rounding shift, one clip. */
#ifndef SKCONV_REQUANTIZE_H
#define SKCONV_REQUANTIZE_H

#include "types.h"

typedef struct {
    const SK_FLASH int32_t *multipliers; /* one per channel, or NULL: `multiplier` for all */
    int32_t multiplier;
    int32_t shift; /* |accumulator << shift| < 2^31 is proven when the code is printed */
    int32_t minimum;
    int32_t maximum;
} sk_requantization;

/* ((accumulator << shift) * multiplier + 2^31) >> 32, clipped */
SK_INLINE int32_t sk_requantize(int32_t accumulator, int32_t channel, sk_requantization to)
{
    const int32_t multiplier = to.multipliers ? to.multipliers[channel] : to.multiplier;
    /* The shift goes through unsigned: a negative number must not be shifted left. */
    const int32_t shifted = (int32_t)((uint32_t)accumulator << to.shift);
    const int64_t product = (int64_t)shifted * multiplier + ((int64_t)1 << 31);
    const int32_t value = (int32_t)(product >> 32);
    if (value < to.minimum) {
        return to.minimum;
    }
    return value > to.maximum ? to.maximum : value;
}

#endif
