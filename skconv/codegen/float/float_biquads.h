/* Second-order sections one after the other, along time. */
#ifndef SKCONV_FLOAT_BIQUADS_H
#define SKCONV_FLOAT_BIQUADS_H

#include "lines.h"

/* One sample of one channel: transposed direct form II, two delays a section. */
SK_INLINE float sk_float_biquads_next(
    float value, float *state, int32_t sections, const SK_FLASH float *coefficients)
{
    for (int32_t k = 0; k < sections; k++, state += 2, coefficients += 5) {
        const float x = value;
        value = coefficients[0] * x + state[0];
        state[0] = coefficients[1] * x - coefficients[3] * value + state[1];
        state[1] = coefficients[2] * x - coefficients[4] * value;
    }
    return value;
}

/* Whole signals, from rest: one after the other in the same state. */
SK_INLINE void sk_float_biquads_run(
    const float *input, float *output, sk_lines lines, int32_t sections,
    const SK_FLASH float *coefficients, void *scratch)
{
    float *const state = (float *)scratch;
    for (int32_t block = 0; block < lines.blocks; block++) {
        for (int32_t line = 0; line < lines.lines; line++) {
            const int32_t first = block * lines.length * lines.lines + line;
            for (int32_t i = 0; i < 2 * sections; i++) {
                state[i] = 0.0f;
            }
            for (int32_t i = 0; i < lines.length; i++) {
                const int32_t at = first + i * lines.lines;
                output[at] = sk_float_biquads_next(input[at], state, sections, coefficients);
            }
        }
    }
}

#endif
