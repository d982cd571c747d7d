/* Kernels of few levels for depthwise convolutions: expanded when their channels come.
 *
 * The table has for every channel its bias, the taps in words of eight fields of four bits, the
 * first one lowest, and the multiplier. What is computed from is made of it in a scratch for two
 * channels: bias, pairs of int16 lanes, multiplier.
 */
#ifndef SKCONV_DSP_NARROW_H
#define SKCONV_DSP_NARROW_H

#include "dsp.h"

typedef struct {
    int32_t height;
    int32_t breadth;
    int32_t step;       /* taps from one pair to the next: 1 or 2 */
    int32_t shift;      /* of weights in the lanes */
    uint32_t *expanded; /* or NULL: the table holds pairs, and is read as it is */
} sk_narrow_taps;

SK_INLINE int32_t sk_narrow_tap(const uint32_t *words, int32_t i, int32_t shift)
{
    const int32_t weight = (int32_t)(words[i / 8] << (28 - i % 8 * 4)) >> 28;
    return (int32_t)((uint32_t)weight << shift);
}

/* One channel, to `entry`; returns the table on. */
SK_INLINE const uint32_t *sk_narrow_expand(
    const uint32_t *table, uint32_t *entry, sk_narrow_taps n)
{
    const uint32_t *const words = table + 1;
    const int32_t n_words = (n.height * n.breadth + 7) / 8;
    const int32_t last = n.step == 1 && n.breadth > 1 ? n.breadth - 1 : n.breadth;
    *entry++ = table[0];
    for (int32_t i = 0; i < n.height; i++) {
        for (int32_t j = 0; j < last; j += n.step) {
            const int32_t tap = i * n.breadth + j;
            const int32_t low = sk_narrow_tap(words, tap, n.shift);
            const int32_t high =
                j + 1 < n.breadth ? sk_narrow_tap(words, tap + 1, n.shift) : 0;
            *entry++ = sk_lanes16(low, high);
        }
    }
    *entry = words[n_words];
    return words + n_words + 1;
}

/* Words of a channel in the scratch. */
SK_INLINE int32_t sk_narrow_words(sk_narrow_taps n)
{
    const int32_t last = n.step == 1 && n.breadth > 1 ? n.breadth - 1 : n.breadth;
    return 2 + n.height * ((last + n.step - 1) / n.step);
}

/* Where the next `planes` channels are read from; the table moves on where it is expanded. */
SK_INLINE const uint32_t *sk_narrow_entries(
    const uint32_t **table, int32_t planes, sk_narrow_taps n)
{
    if (n.expanded == NULL) {
        return *table;
    }
    for (int32_t plane = 0; plane < planes; plane++) {
        *table = sk_narrow_expand(*table, n.expanded + plane * sk_narrow_words(n), n);
    }
    return n.expanded;
}

#endif
