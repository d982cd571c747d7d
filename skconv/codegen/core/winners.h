/* Groups of kernels that compete along time: sums of what the winners respond, and how often
 * each kernel loses. No response is kept.
 */
#ifndef SKCONV_WINNERS_H
#define SKCONV_WINNERS_H

#include <string.h>

#include "requantize.h"

typedef struct {
    int32_t count;
    int32_t kernels; /* of a group */
    int32_t taps;
    int32_t summed;            /* channels that a group adds up */
    const SK_FLASH int8_t *weights; /* (count, kernels, taps) */
    const SK_FLASH uint8_t *channels; /* (count, summed) */
    const SK_FLASH int16_t *dilations;
    const SK_FLASH uint8_t *differences; /* 1 where a group reads differences */
    int32_t unit;  /* what a loss adds */
    int32_t shift; /* of a response, before it is added */
} sk_groups;

/* The sum of the channels of a group at one step of time. */
SK_INLINE int32_t sk_summed_channels(
    const void *input, sk_type type, int32_t first, sk_groups g, int32_t group)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < g.summed; i++) {
        sum += sk_load(input, type, first + g.channels[group * g.summed + i]);
    }
    return sum;
}

/* Writes what a group reads, with `reach` zeros at both ends; returns its steps of time. */
SK_INLINE int32_t sk_group_row(
    const void *input, sk_type type, sk_map map, sk_groups g, int32_t group, void *row,
    sk_type row_type, int32_t reach)
{
    const int32_t less = g.differences[group];
    const int32_t length = map.width - less;
    const int32_t bytes = sk_bytes(row_type);
    memset(row, 0, (size_t)(reach * bytes));
    memset((uint8_t *)row + (reach + length) * bytes, 0, (size_t)(reach * bytes));
    int32_t last = less ? sk_summed_channels(input, type, 0, g, group) : 0;
    for (int32_t i = 0; i < length; i++) {
        const int32_t at = (i + less) * map.channels;
        const int32_t next = sk_summed_channels(input, type, at, g, group);
        sk_store(row, row_type, reach + i, next - last);
        last = less ? next : 0;
    }
    return length;
}

/* The response of one kernel to the window that begins at `first`. */
SK_INLINE int32_t sk_kernel_response(
    const void *row, sk_type type, int32_t first, int32_t step, const SK_FLASH int8_t *kernel,
    int32_t taps)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < taps; i++) {
        sum += sk_load(row, type, first + i * step) * kernel[i];
    }
    return sum;
}

/* Adds what the winner of the window at `first` responds, and one loss; the first of equals. */
SK_INLINE void sk_compete(
    const void *row, sk_type type, int32_t first, int32_t step,
    const SK_FLASH int8_t *weights, sk_groups g, int32_t *sums, int32_t *losses)
{
    int32_t most = sk_kernel_response(row, type, first, step, weights, g.taps);
    int32_t least = most;
    int32_t winner = 0;
    int32_t loser = 0;
    for (int32_t k = 1; k < g.kernels; k++) {
        const int32_t response =
            sk_kernel_response(row, type, first, step, weights + k * g.taps, g.taps);
        if (response > most) {
            most = response;
            winner = k;
        }
        if (response < least) {
            least = response;
            loser = k;
        }
    }
    sums[winner] += most >> g.shift;
    losses[loser] += g.unit;
}

/* Of every group its sums, then its losses. `work` has room for those of one group. */
SK_INLINE void sk_winner_counts(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_groups g, int32_t *work, sk_type row_type, sk_requantization to)
{
    void *const row = work + 2 * g.kernels;
    for (int32_t group = 0; group < g.count; group++) {
        const int32_t step = g.dilations[group];
        const int32_t reach = g.taps / 2 * step;
        const SK_FLASH int8_t *const weights = g.weights + group * g.kernels * g.taps;
        const int32_t length =
            sk_group_row(input, input_type, map, g, group, row, row_type, reach);
        memset(work, 0, (size_t)(2 * g.kernels) * sizeof(int32_t));
        for (int32_t i = 0; i < length; i++) {
            sk_compete(row, row_type, i, step, weights, g, work, work + g.kernels);
        }
        for (int32_t k = 0; k < 2 * g.kernels; k++) {
            const int32_t at = group * 2 * g.kernels + k;
            sk_store(output, output_type, at, sk_requantize(work[k], 0, to));
        }
    }
}

#endif
