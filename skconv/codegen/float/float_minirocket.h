/* How often convolutions of a signal of floats are above biases. */
#ifndef SKCONV_FLOAT_MINIROCKET_H
#define SKCONV_FLOAT_MINIROCKET_H

#include "types.h"

typedef struct {
    const float *input; /* (length, channels) */
    int32_t length;
    int32_t channels;
    float *sums; /* of channels: `reach` zeros, `length` sums, `reach` zeros */
    int32_t reach;
    int32_t convolutions;
    const SK_FLASH void *steps;
    sk_type step_type;
    const SK_FLASH uint8_t *kernels; /* and 128 where zeros beside the signal count */
    const SK_FLASH uint16_t *triples; /* of each kernel: taps of weight 2, four bits each */
    const SK_FLASH uint8_t *n_read;  /* channels that are added; 0: those of before */
    const SK_FLASH uint8_t *read;
    const SK_FLASH void *n_biases;
    sk_type n_biases_type;
    const SK_FLASH float *biases;
} sk_float_rocket;

SK_INLINE void sk_float_rocket_read(
    sk_float_rocket r, const SK_FLASH uint8_t *channels, int32_t count)
{
    for (int32_t t = 0; t < r.length; t++) {
        float sum = 0.0f;
        for (int32_t i = 0; i < count; i++) {
            sum += r.input[t * r.channels + channels[i]];
        }
        r.sums[r.reach + t] = sum;
    }
}

/* The response of a window, whose taps are `step` apart. */
SK_INLINE float sk_float_rocket_response(const float *window, int32_t step, int32_t triple)
{
    float sum = 0.0f;
    for (int32_t tap = 0; tap < 9; tap++) {
        sum -= window[tap * step];
    }
    for (int32_t bit = 0; bit < 12; bit += 4) {
        sum += 3.0f * window[((triple >> bit) & 15) * step];
    }
    return sum;
}

SK_INLINE void sk_float_rocket_counts(sk_float_rocket r, float *output)
{
    const SK_FLASH uint8_t *read = r.read;
    const SK_FLASH float *biases = r.biases;
    for (int32_t i = 0; i < r.reach; i++) {
        r.sums[i] = 0.0f;
        r.sums[r.reach + r.length + i] = 0.0f;
    }
    for (int32_t i = 0; i < r.convolutions; i++) {
        if (r.n_read[i] > 0) {
            sk_float_rocket_read(r, read, r.n_read[i]);
            read += r.n_read[i];
        }
        const int32_t step = sk_load_table(r.steps, r.step_type, i);
        const int32_t count = sk_load_table(r.n_biases, r.n_biases_type, i);
        const int32_t edge = r.kernels[i] < 128 ? 4 * step : 0;
        const int32_t triple = r.triples[r.kernels[i] & 127];
        for (int32_t j = 0; j < count; j++) {
            output[j] = 0.0f;
        }
        for (int32_t t = edge; t < r.length - edge; t++) {
            const float *window = r.sums + r.reach + t - 4 * step;
            const float response = sk_float_rocket_response(window, step, triple);
            for (int32_t j = 0; j < count; j++) {
                output[j] += response > biases[j] ? 1.0f : 0.0f;
            }
        }
        output += count;
        biases += count;
    }
}

#endif
