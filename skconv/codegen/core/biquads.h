/* Second-order sections one after the other, along time. */
#ifndef SKCONV_BIQUADS_H
#define SKCONV_BIQUADS_H

#include <string.h>

#include "lines.h"
#include "requantize.h"

typedef struct {
    int32_t sections;
    const SK_FLASH int32_t *numerators; /* three a section */
    const SK_FLASH uint8_t *shifts;     /* of their sums, to the right */
    const SK_FLASH int32_t *feedback;   /* two a section, 30 bits of fraction */
    int32_t input_shift;
    sk_requantization to;
} sk_biquads;

/* One sample of one channel. `state` holds two delays before each section and behind the last,
 * newest first, and then what rounding left in each section. No sum leaves 64 bits: that is
 * proven when the code is printed.
 */
SK_INLINE int32_t sk_biquads_next(int32_t value, int32_t *state, sk_biquads by)
{
    const int32_t largest = (int32_t)1 << 30;
    int32_t *const rests = state + 2 * (by.sections + 1);
    value = (int32_t)((uint32_t)value << by.input_shift);
    for (int32_t k = 0; k < by.sections; k++, state += 2) {
        const SK_FLASH int32_t *n = by.numerators + 3 * k;
        const SK_FLASH int32_t *f = by.feedback + 2 * k;
        int64_t sum = (int64_t)n[0] * value + (int64_t)n[1] * state[0] + (int64_t)n[2] * state[1];
        sum = (sum >> by.shifts[k]) + rests[k];
        sum += (int64_t)f[0] * state[2] + (int64_t)f[1] * state[3];
        state[1] = state[0];
        state[0] = value;
        rests[k] = (int32_t)(sum & (largest - 1));
        sum >>= 30;
        value = sum < -largest ? -largest : sum > largest ? largest : (int32_t)sum;
    }
    state[1] = state[0];
    state[0] = value;
    return sk_requantize(value, 0, by.to);
}

/* How many numbers the state of a channel has. */
SK_INLINE int32_t sk_biquads_states(sk_biquads by)
{
    return 3 * by.sections + 2;
}

/* At rest: nothing came before. */
SK_INLINE void sk_biquads_begin(int32_t *states, int32_t count)
{
    memset(states, 0, (size_t)count * sizeof(int32_t));
}

/* One sample of all channels, each with its state. */
SK_INLINE void sk_biquads_push(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t channels,
    sk_biquads by, int32_t *states)
{
    for (int32_t c = 0; c < channels; c++) {
        int32_t *const state = states + c * sk_biquads_states(by);
        const int32_t value = sk_biquads_next(sk_load(input, input_type, c), state, by);
        sk_store(output, output_type, c, value);
    }
}

/* Whole signals, from rest: one after the other in the same state. */
SK_INLINE void sk_biquads_run(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_lines lines,
    sk_biquads by, void *scratch)
{
    int32_t *const state = (int32_t *)scratch;
    for (int32_t block = 0; block < lines.blocks; block++) {
        for (int32_t line = 0; line < lines.lines; line++) {
            const int32_t first = block * lines.length * lines.lines + line;
            sk_biquads_begin(state, sk_biquads_states(by));
            for (int32_t i = 0; i < lines.length; i++) {
                const int32_t at = first + i * lines.lines;
                const int32_t value = sk_load(input, input_type, at);
                sk_store(output, output_type, at, sk_biquads_next(value, state, by));
            }
        }
    }
}

#endif
