/* Products with weights that were expanded to RAM: four at a time with packed arithmetic. */
#ifndef SKCONV_EXPANDED_H
#define SKCONV_EXPANDED_H

#include "dsp.h"

/* Four products of int8 weights. */
SK_INLINE int32_t sk_expanded_four(const uint8_t *x, sk_type type, uint32_t weights, int32_t sum)
{
    const uint32_t even = sk_sxtb16(weights);
    const uint32_t odd = sk_sxtb16_ror8(weights);
    const uint32_t first = sk_load32(x);
    if (type == SK_INT16) {
        const uint32_t last = sk_load32(x + 4);
        sum = sk_smlad(even, sk_pack_low(first, last), sum);
        return sk_smlad(odd, sk_pack_high(first, last), sum);
    }
    if (type == SK_INT8) {
        return sk_smlad(odd, sk_sxtb16_ror8(first), sk_smlad(even, sk_sxtb16(first), sum));
    }
    return sk_smlad(odd, sk_uxtb16_ror8(first), sk_smlad(even, sk_uxtb16(first), sum));
}

/* `size` entries of the input from entry `x` on, times expanded weights from `w` on. */
SK_INLINE int32_t sk_expanded_dot(
    const void *input, sk_type type, int32_t x, const SK_FLASH void *expanded, int32_t w,
    int32_t size, int32_t sum)
{
    const int8_t *const weights = (const int8_t *)(uintptr_t)expanded + w;
    const bool packs = SK_DSP && (type == SK_INT8 || type == SK_UINT8 || type == SK_INT16);
    int32_t i = 0;
    if (packs) {
        const int32_t bytes = type == SK_INT16 ? 2 : 1;
        const uint8_t *const from = (const uint8_t *)input + x * bytes;
        for (; i + 4 <= size; i += 4) {
            sum = sk_expanded_four(from + i * bytes, type, sk_load32(weights + i), sum);
        }
    }
    for (; i < size; i++) {
        sum += sk_load(input, type, x + i) * weights[i];
    }
    return sum;
}

#endif
