/* Background taken off band powers by the ratio of their means, and a small power of the rest. */
#ifndef SKCONV_POWER_NORMALIZATION_H
#define SKCONV_POWER_NORMALIZATION_H

#include "spectra.h"

typedef struct {
    int32_t frames;
    int32_t bands;
    int32_t reach;     /* frames before and after that are added */
    int32_t smoothing; /* bands below and above that share a weight */
    int32_t steps;     /* of the bisection */
    int32_t lowest;    /* powers below count as this much */
    uint32_t floor;    /* the least part that is left, 16 bits */
    const SK_FLASH int32_t *thresholds; /* log2 of the ratio, plus that of frames, 16 bits */
    sk_small_power power; /* last, as in `sk_bands` */
} sk_normalization;

/* What is left of a sum where `taken` is taken off. */
SK_INLINE uint32_t sk_left(uint32_t sum, uint32_t taken, uint32_t floor)
{
    const uint32_t least = (uint32_t)(((uint64_t)sum * floor) >> 16);
    uint32_t left = sum > taken ? sum - taken : 0;
    left = left > least ? left : least;
    return left > 0 ? left : 1;
}

/* Whether the ratio of the means of what is left is below the threshold of a band. */
SK_INLINE bool sk_ratio_is_below(
    sk_normalization by, const uint32_t *sums, uint32_t taken, uint32_t floor, int32_t threshold)
{
    uint64_t total = 0;
    int32_t logarithms = 0;
    for (int32_t i = 0; i < by.frames; i++) {
        const uint32_t left = sk_left(sums[i], taken, floor);
        total += left;
        logarithms += sk_log2(by.power.log2_table, left);
    }
    return by.frames * sk_log2(by.power.log2_table, total) - logarithms < by.frames * threshold;
}

SK_INLINE uint32_t sk_power_of_frame(
    sk_normalization by, const int32_t *powers, int32_t frame, int32_t band)
{
    const int32_t power = powers[frame * by.bands + band];
    return (uint32_t)(power > by.lowest ? power : by.lowest);
}

/* The sum over the frames around one; the first and the last go on beyond the ends. */
SK_INLINE uint64_t sk_medium_sum(
    sk_normalization by, const int32_t *powers, int32_t frame, int32_t band)
{
    uint64_t sum = 0;
    for (int32_t j = frame - by.reach; j <= frame + by.reach; j++) {
        const int32_t near = j < 0 ? 0 : j < by.frames ? j : by.frames - 1;
        sum += sk_power_of_frame(by, powers, near, band);
    }
    return sum;
}

/* These sums of a band, shifted until the largest has 31 bits. */
SK_INLINE void sk_medium_sums(
    sk_normalization by, const int32_t *powers, int32_t band, uint32_t *sums)
{
    uint64_t largest = 0;
    for (int32_t i = 0; i < by.frames; i++) {
        const uint64_t sum = sk_medium_sum(by, powers, i, band);
        largest = sum > largest ? sum : largest;
    }
    const uint32_t high = (uint32_t)(largest >> 32);
    const int32_t bit = high != 0 ? 32 + sk_leading_bit(high) : sk_leading_bit((uint32_t)largest);
    const int32_t up = bit < 30 ? 30 - bit : 0;
    const int32_t down = bit > 30 ? bit - 30 : 0;
    for (int32_t i = 0; i < by.frames; i++) {
        const uint32_t sum = (uint32_t)((sk_medium_sum(by, powers, i, band) << up) >> down);
        sums[i] = sum > 0 ? sum : 1;
    }
}

/* What has to be taken off the sums of a band so that the ratio of their means is wanted. */
SK_INLINE uint32_t sk_background(sk_normalization by, const uint32_t *sums, int32_t threshold)
{
    if (!sk_ratio_is_below(by, sums, 0, 0, threshold)) {
        return 0;
    }
    uint64_t total = 0;
    for (int32_t i = 0; i < by.frames; i++) {
        total += sums[i];
    }
    uint32_t low = 0;
    uint32_t high = (uint32_t)(total / (uint32_t)by.frames);
    for (int32_t step = 0; step < by.steps; step++) {
        const uint32_t middle = (low + high) >> 1;
        if (sk_ratio_is_below(by, sums, middle, by.floor, threshold)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) >> 1;
}

/* left / sum with 15 bits, of the 17 leading bits of the sum. */
SK_INLINE uint16_t sk_weight(uint32_t left, uint32_t sum)
{
    const int32_t above = sk_leading_bit(sum) - 16;
    const int32_t down = above > 0 ? above : 0;
    return (uint16_t)(((left >> down) << 15) / (sum >> down));
}

/* The power of a band in a frame times the mean of the weights around it. */
SK_INLINE uint64_t sk_kept_power(
    sk_normalization by, const int32_t *powers, const uint16_t *weights, int32_t frame,
    int32_t band)
{
    const int32_t first = band > by.smoothing ? band - by.smoothing : 0;
    const int32_t end =
        band + by.smoothing + 1 < by.bands ? band + by.smoothing + 1 : by.bands;
    const uint32_t count = (uint32_t)(end - first);
    uint32_t sum = 0;
    for (int32_t b = first; b < end; b++) {
        sum += weights[frame * by.bands + b];
    }
    const uint32_t weight = (sum + count / 2) / count;
    const uint64_t kept = (uint64_t)sk_power_of_frame(by, powers, frame, band) * weight;
    return kept > 0 ? kept : 1;
}

SK_INLINE void sk_power_normalize(
    const int32_t *powers, void *output, sk_type type, sk_normalization by, void *scratch)
{
    uint32_t *const sums = (uint32_t *)scratch;
    uint16_t *const weights = (uint16_t *)(void *)(sums + by.frames);
    for (int32_t band = 0; band < by.bands; band++) {
        sk_medium_sums(by, powers, band, sums);
        const uint32_t taken = sk_background(by, sums, by.thresholds[band]);
        for (int32_t i = 0; i < by.frames; i++) {
            const uint32_t left = sk_left(sums[i], taken, by.floor);
            weights[i * by.bands + band] = sk_weight(left, sums[i]);
        }
    }
    uint64_t total = 0;
    for (int32_t i = 0; i < by.frames; i++) {
        for (int32_t band = 0; band < by.bands; band++) {
            total += sk_kept_power(by, powers, weights, i, band);
        }
    }
    by.power.offset = -sk_log2(by.power.log2_table, total);
    for (int32_t i = 0; i < by.frames; i++) {
        for (int32_t band = 0; band < by.bands; band++) {
            const uint64_t power = sk_kept_power(by, powers, weights, i, band);
            sk_store(output, type, i * by.bands + band, sk_power_below(power, 0, by.power));
        }
    }
}

#endif
