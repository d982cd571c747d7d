/* The requantisation of requantize.h in packed arithmetic. */
#ifndef SKCONV_DSP_REQUANTIZE_H
#define SKCONV_DSP_REQUANTIZE_H

#include "dsp.h"
#include "requantize.h"

SK_INLINE int32_t sk_dsp_requantize(int32_t sum, int32_t channel, sk_requantization to)
{
    const int32_t multiplier = to.multipliers ? to.multipliers[channel] : to.multiplier;
    const int32_t shifted = (int32_t)((uint32_t)sum << to.shift);
    return sk_clip(sk_smmulr(shifted, multiplier), to.minimum, to.maximum);
}

#endif
