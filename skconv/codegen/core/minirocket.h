/* How often convolutions of a signal are above biases: additions and comparisons only.
 *
 * A kernel has nine taps, `step` apart: three have the weight 2 and six the weight -1. So a
 * response is three times the sum of the three less the sum of all nine. The places of a
 * window `step` apart follow each other: from one to the next the sum of nine gains one tap
 * and loses one.
 */
#ifndef SKCONV_MINIROCKET_H
#define SKCONV_MINIROCKET_H

#include "types.h"
#include "counts.h"

typedef struct {
    const void *input; /* (length, channels) */
    sk_type type;
    int32_t length;
    int32_t channels;
    int32_t first;  /* the entry that the signal begins with, where the input is a ring */
    void *sums;     /* of channels: `reach` zeros, `length` sums, `reach` zeros */
    sk_type sum_type;
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
    const SK_FLASH void *biases;
    sk_type bias_type;
} sk_rocket;

/* Distances of taps from the first one. */
typedef struct {
    int32_t a, b, c; /* those with the weight 2 */
    int32_t last;
    int32_t step;
} sk_rocket_taps;

SK_INLINE void sk_rocket_zeros(sk_rocket r)
{
    for (int32_t i = 0; i < r.reach; i++) {
        sk_store(r.sums, r.sum_type, i, 0);
        sk_store(r.sums, r.sum_type, r.reach + r.length + i, 0);
    }
}

/* Adds up `count` channels. */
SK_INLINE void sk_rocket_read(sk_rocket r, const SK_FLASH uint8_t *channels, int32_t count)
{
    const int32_t end = r.length * r.channels;
    int32_t at = r.first;
    for (int32_t t = 0; t < r.length; t++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < count; i++) {
            sum += sk_load(r.input, r.type, at + channels[i]);
        }
        sk_store(r.sums, r.sum_type, r.reach + t, sum);
        at += r.channels;
        at = at == end ? 0 : at;
    }
}

SK_INLINE sk_rocket_taps sk_rocket_taps_of(int32_t triple, int32_t step)
{
    int32_t places[9];
    places[0] = 0;
    for (int32_t i = 1; i < 9; i++) {
        places[i] = places[i - 1] + step;
    }
    const sk_rocket_taps taps = {
        places[triple & 15], places[(triple >> 4) & 15], places[triple >> 8], places[8], step};
    return taps;
}

/* 3 three - sum. Where GCC saves bytes it would multiply, unless the sum comes in between. */
SK_INLINE int32_t sk_rocket_response(int32_t three, int32_t sum)
{
#ifdef __OPTIMIZE_SIZE__
    int32_t response = three + three;
    response -= sum;
    return response + three;
#else
    return three + three + three - sum;
#endif
}

/* Counts over windows whose first tap is at `begin` .. `end - 1`; of one bias, or of two. */
SK_INLINE void sk_rocket_count(
    sk_rocket r, int32_t begin, int32_t end, sk_rocket_taps taps, const int32_t *biases, bool two,
    int32_t *counts)
{
    const int32_t bias = biases[0], other_bias = biases[1];
    int32_t count = 0, other_count = 0;
    for (int32_t phase = 0; phase < taps.step && begin + phase < end; phase++) {
        int32_t at = begin + phase;
        int32_t sum = 0;
        for (int32_t tap = 0; tap < taps.last; tap += taps.step) {
            sum += sk_load(r.sums, r.sum_type, at + tap);
        }
        for (; at < end; at += taps.step) {
            const int32_t three = sk_load(r.sums, r.sum_type, at + taps.a)
                                  + sk_load(r.sums, r.sum_type, at + taps.b)
                                  + sk_load(r.sums, r.sum_type, at + taps.c);
            sum += sk_load(r.sums, r.sum_type, at + taps.last);
            const int32_t response = sk_rocket_response(three, sum);
            count += response > bias;
            other_count += two && response > other_bias;
            sum -= sk_load(r.sums, r.sum_type, at);
        }
    }
    counts[0] = count;
    counts[1] = other_count;
}

SK_INLINE void sk_rocket_counts(sk_rocket r, sk_counts to)
{
    int32_t bias = 0, place = 0;
    const SK_FLASH uint8_t *read = r.read;
    sk_rocket_zeros(r);
    sk_counts_begin(to);
    for (int32_t i = 0; i < r.convolutions; i++) {
        if (r.n_read[i] > 0) {
            sk_rocket_read(r, read, r.n_read[i]);
            read += r.n_read[i];
        }
        const int32_t step = sk_load_table(r.steps, r.step_type, i);
        const int32_t half = step + step + step + step;
        const int32_t edge = r.kernels[i] < 128 ? half : 0;
        const int32_t begin = r.reach - half + edge;
        const int32_t end = r.reach - half + r.length - edge;
        const sk_rocket_taps taps = sk_rocket_taps_of(r.triples[r.kernels[i] & 127], step);
        int32_t left = sk_load_table(r.n_biases, r.n_biases_type, i);
        while (left > 0) {
            int32_t biases[2], counts[2];
            biases[0] = sk_load_table(r.biases, r.bias_type, bias);
            biases[1] = biases[0];
            if (left == 1) {
                sk_rocket_count(r, begin, end, taps, biases, false, counts);
            } else {
                biases[1] = sk_load_table(r.biases, r.bias_type, bias + 1);
                sk_rocket_count(r, begin, end, taps, biases, true, counts);
            }
            place = sk_counts_put(to, place, counts[0]);
            if (left > 1) {
                place = sk_counts_put(to, place, counts[1]);
            }
            bias += 2;
            left -= 2;
        }
        bias += left; /* 0, or -1 where the last one stood alone */
    }
}

#endif
