/* Background taken off band powers by the ratio of their means, and a small power of the rest. */
#ifndef SKCONV_FLOAT_POWER_NORMALIZATION_H
#define SKCONV_FLOAT_POWER_NORMALIZATION_H

#include "float_spectra.h"

#define SK_MOST_SMOOTHING 31

typedef struct {
    int32_t frames;
    int32_t bands;
    int32_t reach;
    int32_t smoothing; /* at most SK_MOST_SMOOTHING */
    int32_t steps;
    float floor;
    float lowest;
    float exponent;
    const SK_FLASH float *targets;
} sk_float_normalization;

SK_INLINE float sk_float_power_of(sk_float_normalization by, float power)
{
    return power > by.lowest ? power : by.lowest;
}

/* The mean power of a band around a frame; the first and the last frame go on. */
SK_INLINE float sk_float_medium(
    sk_float_normalization by, const float *powers, int32_t frame, int32_t band)
{
    float sum = 0.0f;
    for (int32_t j = frame - by.reach; j <= frame + by.reach; j++) {
        const int32_t near = j < 0 ? 0 : j < by.frames ? j : by.frames - 1;
        sum += sk_float_power_of(by, powers[near * by.bands + band]);
    }
    return sum * (1.0f / (float)(2 * by.reach + 1));
}

SK_INLINE float sk_float_left(float medium, float taken, float floor)
{
    const float least = floor * medium;
    return medium - taken > least ? medium - taken : least;
}

/* The logarithm of the ratio of the means of what is left of a band; its mean beside it. */
SK_INLINE float sk_float_ratio(
    sk_float_normalization by, const float *powers, int32_t band, float taken, float *mean)
{
    const float share = 1.0f / (float)by.frames;
    float sum = 0.0f;
    float logarithms = 0.0f;
    for (int32_t i = 0; i < by.frames; i++) {
        const float left = sk_float_left(sk_float_medium(by, powers, i, band), taken, by.floor);
        sum += left;
        logarithms += sk_float_log(left);
    }
    *mean = sum * share;
    return sk_float_log(*mean) - logarithms * share;
}

SK_INLINE float sk_float_background(
    sk_float_normalization by, const float *powers, int32_t band)
{
    float low = 0.0f;
    float high;
    float unused;
    if (sk_float_ratio(by, powers, band, 0.0f, &high) >= by.targets[band]) {
        return 0.0f;
    }
    for (int32_t step = 0; step < by.steps; step++) {
        const float middle = 0.5f * (low + high);
        if (sk_float_ratio(by, powers, band, middle, &unused) < by.targets[band]) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5f * (low + high);
}

/* The powers of a frame times the mean of the weights around each, in place of the weights. */
SK_INLINE float sk_float_keep(sk_float_normalization by, const float *powers, float *weights)
{
    float before[SK_MOST_SMOOTHING + 1];
    float total = 0.0f;
    float sum = 0.0f;
    int32_t count = 0;
    for (; count < by.smoothing && count < by.bands; count++) {
        sum += weights[count];
    }
    for (int32_t band = 0; band < by.bands; band++) {
        const int32_t next = band + by.smoothing;
        const int32_t gone = band - by.smoothing - 1;
        if (next < by.bands) {
            sum += weights[next];
            count++;
        }
        if (gone >= 0) {
            sum -= before[gone % (SK_MOST_SMOOTHING + 1)];
            count--;
        }
        before[band % (SK_MOST_SMOOTHING + 1)] = weights[band];
        weights[band] = sk_float_power_of(by, powers[band]) * (sum / (float)count);
        total += weights[band];
    }
    return total;
}

SK_INLINE void sk_float_power_normalize(
    const float *powers, float *output, sk_float_normalization by)
{
    for (int32_t band = 0; band < by.bands; band++) {
        const float taken = sk_float_background(by, powers, band);
        for (int32_t i = 0; i < by.frames; i++) {
            const float medium = sk_float_medium(by, powers, i, band);
            output[i * by.bands + band] = sk_float_left(medium, taken, by.floor) / medium;
        }
    }
    const int32_t size = by.frames * by.bands;
    float total = 0.0f;
    for (int32_t i = 0; i < size; i += by.bands) {
        total += sk_float_keep(by, powers + i, output + i);
    }
    const float inverse = (float)size / total;
    for (int32_t i = 0; i < size; i++) {
        output[i] *= inverse;
    }
    sk_float_raise(output, output, size, by.exponent);
}

#endif
