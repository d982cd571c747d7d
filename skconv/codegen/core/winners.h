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
    int32_t row_shift; /* of what a group reads, which is then clipped to int16 */
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
    const void *input, sk_type type, sk_map map, sk_groups g, int32_t group, int16_t *row,
    int32_t reach)
{
    const int32_t less = g.differences[group];
    const int32_t length = map.width - less;
    memset(row, 0, (size_t)reach * sizeof(int16_t));
    memset(row + reach + length, 0, (size_t)reach * sizeof(int16_t));
    int32_t last = less ? sk_summed_channels(input, type, 0, g, group) : 0;
    for (int32_t i = 0; i < length; i++) {
        const int32_t at = (i + less) * map.channels;
        const int32_t next = sk_summed_channels(input, type, at, g, group);
        const int32_t shifted = (next - last) >> g.row_shift;
        const int32_t floored = shifted < -32768 ? -32768 : shifted;
        row[reach + i] = (int16_t)(floored > 32767 ? 32767 : floored);
        last = less ? next : 0;
    }
    return length;
}

/* The response of one kernel to a window. */
SK_INLINE int32_t sk_kernel_response(
    const int16_t *window, int32_t step, const SK_FLASH int8_t *kernel, int32_t taps)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < taps; i++) {
        sum += (int32_t)window[i * step] * kernel[i];
    }
    return sum;
}

/* The largest and the least response to a window so far, and whose they are. */
typedef struct {
    int32_t most;
    int32_t least;
    int32_t winner;
    int32_t loser;
} sk_contest;

SK_INLINE sk_contest sk_first_response(int32_t response)
{
    const sk_contest only = {response, response, 0, 0};
    return only;
}

/* One more response; of equals the first stays. */
SK_INLINE sk_contest sk_enter(sk_contest now, int32_t response, int32_t kernel)
{
    if (response > now.most) {
        now.most = response;
        now.winner = kernel;
    }
    if (response < now.least) {
        now.least = response;
        now.loser = kernel;
    }
    return now;
}

/* Adds what the winner responds, and one loss. */
SK_INLINE void sk_settle(sk_contest end, sk_groups g, int32_t *sums, int32_t *losses)
{
    sums[end.winner] += end.most >> g.shift;
    losses[end.loser] += g.unit;
}

/* Writes the sums of a group, then its losses. */
SK_INLINE void sk_store_group(
    const int32_t *sums, int32_t group, sk_groups g, void *output, sk_type type,
    sk_requantization to)
{
    for (int32_t k = 0; k < 2 * g.kernels; k++) {
        sk_store(output, type, group * 2 * g.kernels + k, sk_requantize(sums[k], 0, to));
    }
}

/* Of every group its sums, then its losses. `work` has room for those of one group, and for
 * what it reads. */
SK_INLINE void sk_winner_counts(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_groups g, int32_t *work, sk_requantization to)
{
    int16_t *const row = (int16_t *)(void *)(work + 2 * g.kernels);
    for (int32_t group = 0; group < g.count; group++) {
        const int32_t step = g.dilations[group];
        const SK_FLASH int8_t *const weights = g.weights + group * g.kernels * g.taps;
        const int32_t length =
            sk_group_row(input, input_type, map, g, group, row, g.taps / 2 * step);
        memset(work, 0, (size_t)(2 * g.kernels) * sizeof(int32_t));
        for (int32_t i = 0; i < length; i++) {
            sk_contest contest =
                sk_first_response(sk_kernel_response(row + i, step, weights, g.taps));
            for (int32_t k = 1; k < g.kernels; k++) {
                const int32_t response =
                    sk_kernel_response(row + i, step, weights + k * g.taps, g.taps);
                contest = sk_enter(contest, response, k);
            }
            sk_settle(contest, g, work, work + g.kernels);
        }
        sk_store_group(work, group, g, output, output_type, to);
    }
}

#endif
