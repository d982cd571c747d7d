/* Groups of kernels that compete along time, two taps at a time.
 *
 * The numbers are those of winners.h. The table holds the kernels as pairs of int16, a zero
 * behind the last tap.
 */
#ifndef SKCONV_DSP_WINNERS_H
#define SKCONV_DSP_WINNERS_H

#include "dsp.h"
#include "winners.h"

#define SK_MOST_PAIRS 8

/* The window that begins at `at`, as pairs of taps. */
SK_INLINE void sk_window_pairs(const int16_t *at, int32_t step, int32_t taps, uint32_t *pairs)
{
    SK_UNROLL_8
    for (int32_t i = 0; i < taps / 2; i++) {
        const uint32_t first = (uint32_t)(int32_t)at[0];
        pairs[i] = sk_pack_low(first, (uint32_t)(int32_t)at[step]);
        at += 2 * step;
    }
    pairs[taps / 2] = (uint32_t)(int32_t)at[0];
}

/* The response of the kernel that `from` points to, and on to the next. */
SK_INLINE int32_t sk_pairs_response(const uint32_t *pairs, const uint32_t **from, int32_t count)
{
    int32_t sum = 0;
    SK_UNROLL_8
    for (int32_t i = 0; i < count / 2; i++) {
        uint32_t first;
        uint32_t second;
        sk_next_two_words(from, &first, &second);
        sum = sk_smlad(pairs[2 * i], first, sum);
        sum = sk_smlad(pairs[2 * i + 1], second, sum);
    }
    return count % 2 == 1 ? sk_smlad(pairs[count - 1], sk_next_word(from), sum) : sum;
}

/* As `sk_winner_counts`; `packed` holds the kernels. */
SK_INLINE void sk_dsp_winner_counts(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_groups g, const uint32_t *packed, int32_t *work, sk_requantization to)
{
    const int32_t count = g.taps / 2 + 1;
    int16_t *const row = (int16_t *)(void *)(work + 2 * g.kernels);
    for (int32_t group = 0; group < g.count; group++) {
        const int32_t step = g.dilations[group];
        const int32_t length =
            sk_group_row(input, input_type, map, g, group, row, g.taps / 2 * step);
        memset(work, 0, (size_t)(2 * g.kernels) * sizeof(int32_t));
        for (int32_t i = 0; i < length; i++) {
            const uint32_t *from = packed + group * g.kernels * count;
            uint32_t pairs[SK_MOST_PAIRS];
            sk_window_pairs(row + i, step, g.taps, pairs);
            sk_contest contest = sk_first_response(sk_pairs_response(pairs, &from, count));
            SK_UNROLL_8
            for (int32_t k = 1; k < g.kernels; k++) {
                contest = sk_enter(contest, sk_pairs_response(pairs, &from, count), k);
            }
            sk_settle(contest, g, work, work + g.kernels);
        }
        sk_store_group(work, group, g, output, output_type, to);
    }
}

#endif
