/* The audio front end of TFLite-Micro on numbers that are rounded to integers of 16 bits. */
#ifndef SKCONV_FLOAT_MICRO_FRONTEND_H
#define SKCONV_FLOAT_MICRO_FRONTEND_H

#include "micro_frontend.h"

/* The nearest integer of 16 bits, halves to even. */
SK_INLINE int16_t sk_float_sample(float x)
{
    if (x >= 32767.0f) {
        return 32767;
    }
    if (x <= -32768.0f) {
        return -32768;
    }
    const int32_t near = (int32_t)x;
    const int32_t below = (float)near > x ? near - 1 : near;
    const float above = x - (float)below;
    const bool is_next = above > 0.5f || (above == 0.5f && (below & 1) != 0);
    return (int16_t)(is_next ? below + 1 : below);
}

SK_INLINE void sk_float_micro_frontend(
    const float *signal, float *output, sk_micro_window by, sk_bands bands,
    sk_micro_levels levels, void *scratch)
{
    const int32_t n_bands = bands.bands;
    uint32_t *const noise = (uint32_t *)scratch + by.fft.points;
    int32_t *const roots = (int32_t *)(noise + n_bands);
    int16_t *const frame = (int16_t *)(void *)(roots + n_bands);
    for (int32_t b = 0; b < n_bands; b++) {
        noise[b] = 0;
    }
    for (int32_t i = 0; i < bands.frames; i++) {
        for (int32_t j = 0; j < by.frame_length; j++) {
            frame[j] = sk_float_sample(signal[i * bands.hop + j]);
        }
        sk_micro_frame(by, bands, frame, SK_INT16, roots, scratch);
        for (int32_t b = 0; b < n_bands; b++) {
            const int32_t level = sk_micro_level(levels, (uint32_t)roots[b], b, noise + b);
            output[i * n_bands + b] = (float)level;
        }
    }
}

#endif
