/* Asymmetric noise suppression of band powers with temporal masking, and a small power of what
 * is left.
 */
#ifndef SKCONV_FLOAT_NOISE_SUPPRESSION_H
#define SKCONV_FLOAT_NOISE_SUPPRESSION_H

#include "float_power_normalization.h"

typedef struct {
    float noise;
    float floor;
    float peak;
} sk_float_suppression;

/* One step of a lowpass that rises slowly and falls fast. */
SK_INLINE float sk_float_followed(float last, float x)
{
    return x >= last ? last + 0.001f * (x - last) : 0.5f * (last + x);
}

/* What is left of a medium-duration power, over that power. */
SK_INLINE float sk_float_suppressed(sk_float_suppression *state, float medium)
{
    state->noise = sk_float_followed(state->noise, medium);
    const float speech = medium > state->noise ? medium - state->noise : 0.0f;
    state->floor = state->floor < 0.0f ? 0.9f * speech : state->floor;
    state->floor = sk_float_followed(state->floor, speech);
    const float faded = 0.85f * state->peak;
    const float heard = speech >= faded ? speech : 0.2f * state->peak;
    state->peak = speech > faded ? speech : faded;
    const bool is_loud = medium >= 2.0f * state->noise && heard > state->floor;
    return (is_loud ? heard : state->floor) / medium;
}

SK_INLINE void sk_float_suppress_noise(
    const float *powers, float *output, sk_float_normalization by, float lowest)
{
    float level = 0.0f;
    for (int32_t band = 0; band < by.bands; band++) {
        sk_float_suppression state = {0.0f, -1.0f, 0.0f};
        for (int32_t i = 0; i < by.frames; i++) {
            const float mean = sk_float_medium(by, powers, i, band);
            const float medium = mean > lowest ? mean : lowest;
            state.noise = i == 0 ? 0.9f * medium : state.noise;
            output[i * by.bands + band] = sk_float_suppressed(&state, medium);
        }
    }
    for (int32_t i = 0; i < by.frames * by.bands; i += by.bands) {
        level += sk_float_keep(by, powers + i, output + i);
    }
    level /= (float)(by.frames * by.bands);
    for (int32_t i = 0; i < by.frames * by.bands; i += by.bands) {
        float total = 0.0f;
        for (int32_t band = 0; band < by.bands; band++) {
            total += output[i + band];
        }
        level += 0.001f * (total / (float)by.bands - level);
        for (int32_t band = 0; band < by.bands; band++) {
            output[i + band] = level > 0.0f ? output[i + band] / level : 0.0f;
        }
    }
    sk_float_raise(output, output, by.frames * by.bands, by.exponent);
}

#endif
