/* Asymmetric noise suppression of band powers with temporal masking, and a small power of the rest.
 *
 * `skconv.runtime.noise_suppression` defines every number.
 */
#ifndef SKCONV_NOISE_SUPPRESSION_H
#define SKCONV_NOISE_SUPPRESSION_H

#include "power_normalization.h"

typedef struct {
    int64_t noise; /* 16 fraction bits */
    int64_t floor;
    uint32_t peak;
} sk_suppression;

/* One step of a lowpass that rises slowly and falls fast. */
SK_INLINE int64_t sk_followed(int64_t last, uint32_t x)
{
    const int64_t change = ((int64_t)x << 16) - last;
    return last + (change >= 0 ? (change * 1049) >> 20 : change >> 1);
}

/* What is left of a sum, over the sum, with 15 fraction bits. */
SK_INLINE uint32_t sk_suppressed(sk_suppression *state, uint32_t sum)
{
    state->noise = sk_followed(state->noise, sum);
    const uint32_t noise = (uint32_t)(state->noise >> 16);
    const uint32_t speech = sum > noise ? sum - noise : 0;
    state->floor = sk_followed(state->floor, speech);
    uint32_t kept = (uint32_t)(state->floor >> 16);
    const uint32_t faded = (uint32_t)(((uint64_t)state->peak * 55706u) >> 16);
    const uint32_t hidden = (uint32_t)(((uint64_t)state->peak * 13107u) >> 16);
    const uint32_t heard = speech >= faded ? speech : hidden;
    state->peak = speech > faded ? speech : faded;
    if (((int64_t)sum << 15) >= state->noise && heard > kept) {
        kept = heard;
    }
    const uint64_t share = ((uint64_t)kept << 15) / sum;
    return share < 0xFFFFFFFFu ? (uint32_t)share : 0xFFFFFFFFu;
}

/* The weights of a band in every frame, of its sums. */
SK_INLINE void sk_suppress_band(
    sk_normalization by, const uint32_t *sums, uint32_t *weights, int32_t band)
{
    sk_suppression state = {(int64_t)sums[0] * 58982, 0, 0};
    for (int32_t i = 0; i < by.frames; i++) {
        if (i == 0) {
            /* The floor begins at a part of the first speech. */
            const uint32_t noise = (uint32_t)(sk_followed(state.noise, sums[0]) >> 16);
            state.floor = sums[0] > noise ? (int64_t)(sums[0] - noise) * 58982 : 0;
        }
        weights[i * by.bands + band] = sk_suppressed(&state, sums[i]);
    }
}

/* The power of a band in a frame times the mean of the weights around it. */
SK_INLINE uint64_t sk_left_power(
    sk_normalization by, const int32_t *powers, const uint32_t *weights, int32_t frame,
    int32_t band)
{
    const int32_t first = band > by.smoothing ? band - by.smoothing : 0;
    const int32_t end =
        band + by.smoothing + 1 < by.bands ? band + by.smoothing + 1 : by.bands;
    const uint32_t count = (uint32_t)(end - first);
    uint64_t sum = 0;
    for (int32_t b = first; b < end; b++) {
        sum += weights[frame * by.bands + b];
    }
    const uint64_t weight = (sum + count / 2) / count;
    return (uint64_t)powers[frame * by.bands + band] * weight;
}

SK_INLINE int64_t sk_total_left(
    sk_normalization by, const int32_t *powers, const uint32_t *weights, int32_t frame)
{
    int64_t total = 0;
    for (int32_t band = 0; band < by.bands; band++) {
        total += (int64_t)(sk_left_power(by, powers, weights, frame, band) >> 8);
    }
    return total;
}

SK_INLINE void sk_suppress_noise(
    const int32_t *powers, void *output, sk_type type, sk_normalization by, void *scratch)
{
    int64_t *const totals = (int64_t *)scratch;
    uint32_t *const sums = (uint32_t *)(void *)(totals + by.frames);
    uint32_t *const weights = sums + by.frames;
    const int32_t offset = by.power.offset;
    int64_t level = 0;
    for (int32_t band = 0; band < by.bands; band++) {
        sk_medium_sums(by, powers, band, sums);
        sk_suppress_band(by, sums, weights, band);
    }
    for (int32_t i = 0; i < by.frames; i++) {
        totals[i] = sk_total_left(by, powers, weights, i);
        level += totals[i] / by.frames;
    }
    for (int32_t i = 0; i < by.frames; i++) {
        level += (totals[i] - level) >> 10;
        by.power.offset =
            level > 0 ? offset - sk_log2(by.power.log2_table, (uint64_t)level) : offset;
        for (int32_t band = 0; band < by.bands; band++) {
            const uint64_t power =
                level > 0 ? sk_left_power(by, powers, weights, i, band) : 0;
            sk_store(output, type, i * by.bands + band, sk_power_below(power, 0, by.power));
        }
    }
}

#endif
