/* Cosines of integer phases: whole turns are lost exactly. */
#ifndef SKCONV_PHASES_H
#define SKCONV_PHASES_H

#include "types.h"

typedef struct {
    const SK_FLASH int16_t *table; /* a quarter of a turn in 64 steps, and the entry after it */
    int32_t multiplier;            /* phase = ((x << shift) * multiplier + 2^31) >> 32 */
    int32_t shift;
} sk_phases;

/* cos(2 pi phase / 2^16), with 1 as 32767 */
SK_INLINE int32_t sk_phase_cosine(const SK_FLASH int16_t *table, uint32_t phase)
{
    const uint32_t quarter = (phase >> 14) & 3u;
    const uint32_t after = phase & 0x3FFFu;
    const uint32_t angle = quarter & 1u ? 0x4000u - after : after;
    const uint32_t place = angle >> 8;
    const int32_t entry = table[place];
    const int32_t step = table[place + 1] - entry;
    const int32_t cosine = entry + ((step * (int32_t)(angle & 255u) + 128) >> 8);
    return quarter == 1u || quarter == 2u ? -cosine : cosine;
}

SK_INLINE void sk_phase_cosines(
    const void *input, sk_type type, int16_t *output, int32_t size, sk_phases p)
{
    for (int32_t i = 0; i < size; i++) {
        /* The shift goes through unsigned: a negative number must not be shifted left. */
        const int32_t x = (int32_t)((uint32_t)sk_load(input, type, i) << p.shift);
        const int64_t product = (int64_t)x * p.multiplier + ((int64_t)1 << 31);
        output[i] = (int16_t)sk_phase_cosine(p.table, (uint32_t)(product >> 32));
    }
}

#endif
