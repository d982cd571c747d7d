/* Groups of kernels that compete along time, on a signal of floats. */
#ifndef SKCONV_FLOAT_WINNERS_H
#define SKCONV_FLOAT_WINNERS_H

#include <string.h>

#include "types.h"

typedef struct {
    int32_t count;
    int32_t kernels; /* of a group */
    int32_t taps;
    int32_t summed;            /* channels that a group adds up */
    const SK_FLASH int8_t *weights; /* (count, kernels, taps) */
    const SK_FLASH uint8_t *channels; /* (count, summed) */
    const SK_FLASH int16_t *dilations;
    const SK_FLASH uint8_t *differences; /* 1 where a group reads differences */
    float scale;                        /* of a response, before it is added */
} sk_float_groups;

SK_INLINE float sk_float_summed_channels(
    const float *input, int32_t first, sk_float_groups g, int32_t group)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < g.summed; i++) {
        sum += input[first + g.channels[group * g.summed + i]];
    }
    return sum;
}

/* Writes what a group reads, with `reach` zeros at both ends; returns its steps of time. */
SK_INLINE int32_t sk_float_group_row(
    const float *input, sk_map map, sk_float_groups g, int32_t group, float *row, int32_t reach)
{
    const int32_t less = g.differences[group];
    const int32_t length = map.width - less;
    for (int32_t i = 0; i < reach; i++) {
        row[i] = 0.0f;
        row[reach + length + i] = 0.0f;
    }
    float last = less ? sk_float_summed_channels(input, 0, g, group) : 0.0f;
    for (int32_t i = 0; i < length; i++) {
        const int32_t at = (i + less) * map.channels;
        const float next = sk_float_summed_channels(input, at, g, group);
        row[reach + i] = next - last;
        last = less ? next : 0.0f;
    }
    return length;
}

/* The response of one kernel, whose sum is 0, to a window less the number in its middle: a flat
 * window responds with exactly 0.
 */
SK_INLINE float sk_float_kernel_response(
    const float *window, int32_t step, const SK_FLASH int8_t *kernel, int32_t taps)
{
    const float middle = window[taps / 2 * step];
    float sum = 0.0f;
    for (int32_t i = 0; i < taps; i++) {
        sum += (window[i * step] - middle) * (float)kernel[i];
    }
    return sum;
}

/* Adds what the winner of a window responds, and one loss; the first of equals. */
SK_INLINE void sk_float_compete(
    const float *window, int32_t step, const SK_FLASH int8_t *weights, sk_float_groups g,
    float *sums, float *losses)
{
    float most = sk_float_kernel_response(window, step, weights, g.taps);
    float least = most;
    int32_t winner = 0;
    int32_t loser = 0;
    for (int32_t k = 1; k < g.kernels; k++) {
        const float response =
            sk_float_kernel_response(window, step, weights + k * g.taps, g.taps);
        if (response > most) {
            most = response;
            winner = k;
        }
        if (response < least) {
            least = response;
            loser = k;
        }
    }
    sums[winner] += most;
    losses[loser] += 1.0f;
}

/* Of every group its sums, then its losses. */
SK_INLINE void sk_float_winner_counts(
    const float *input, float *output, sk_map map, sk_float_groups g, float *row)
{
    for (int32_t group = 0; group < g.count; group++) {
        const int32_t step = g.dilations[group];
        const int32_t reach = g.taps / 2 * step;
        const SK_FLASH int8_t *const weights = g.weights + group * g.kernels * g.taps;
        float *const sums = output + group * 2 * g.kernels;
        const int32_t length = sk_float_group_row(input, map, g, group, row, reach);
        for (int32_t k = 0; k < 2 * g.kernels; k++) {
            sums[k] = 0.0f;
        }
        for (int32_t i = 0; i < length; i++) {
            sk_float_compete(row + i, step, weights, g, sums, sums + g.kernels);
        }
        for (int32_t k = 0; k < g.kernels; k++) {
            sums[k] *= g.scale;
        }
    }
}

#endif
