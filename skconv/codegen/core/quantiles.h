/* Quantiles of intervals of an integer signal, or of its differences. */
#ifndef SKCONV_QUANTILES_H
#define SKCONV_QUANTILES_H

#include "requantize.h"
#include "root.h"

typedef enum { SK_RAW, SK_DIFFERENCE, SK_SECOND_DIFFERENCE } sk_representation;

typedef struct {
    const SK_FLASH uint16_t *ends; /* (count, 2): where each begins, and where it has ended */
    int32_t count;
    int32_t divisor; /* n numbers have 1 + (n - 1) / divisor quantiles */
    sk_representation representation;
    int32_t bits; /* of fraction */
} sk_intervals;

/* One channel of a signal. */
typedef struct {
    const void *input;
    sk_type type;
    int32_t length;
    int32_t channels;
    int32_t channel;
} sk_channel;

SK_INLINE int32_t sk_at_time(sk_channel x, int32_t time)
{
    return sk_load(x.input, x.type, time * x.channels + x.channel);
}

/* The sum of the 5 differences about a step of time; those at the ends are repeated. */
SK_INLINE int32_t sk_smoothed_difference(sk_channel x, int32_t time)
{
    int32_t sum = 0;
    for (int32_t i = time - 2; i <= time + 2; i++) {
        const int32_t not_before = i < 0 ? 0 : i;
        const int32_t at = not_before > x.length - 2 ? x.length - 2 : not_before;
        sum += sk_at_time(x, at + 1) - sk_at_time(x, at);
    }
    return sum;
}

SK_INLINE int32_t sk_represented(sk_channel x, sk_representation representation, int32_t time)
{
    switch (representation) {
    case SK_DIFFERENCE:
        return sk_smoothed_difference(x, time);
    case SK_SECOND_DIFFERENCE:
        return sk_at_time(x, time + 2) - 2 * sk_at_time(x, time + 1) + sk_at_time(x, time);
    case SK_RAW:
    default:
        return sk_at_time(x, time);
    }
}

/* Sorts by insertion at smaller and smaller distances (Shell). */
SK_INLINE void sk_sort(void *numbers, sk_type type, int32_t size)
{
    for (int32_t gap = size / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (int32_t i = gap; i < size; i++) {
            const int32_t moved = sk_load(numbers, type, i);
            int32_t at = i;
            for (; at >= gap && sk_load(numbers, type, at - gap) > moved; at -= gap) {
                sk_store(numbers, type, at, sk_load(numbers, type, at - gap));
            }
            sk_store(numbers, type, at, moved);
        }
    }
}

/* Copies an interval and sorts it; returns the sum of its numbers. */
SK_INLINE int64_t sk_sorted_interval(
    sk_channel x, sk_representation representation, int32_t first, int32_t size, void *numbers,
    sk_type type)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < size; i++) {
        const int32_t number = sk_represented(x, representation, first + i);
        sk_store(numbers, type, i, number);
        sum += number;
    }
    sk_sort(numbers, type, size);
    return sum;
}

/* Between sorted numbers, `place / parts` steps from the first, with `bits` of fraction. */
SK_INLINE int32_t sk_quantile(
    const void *numbers, sk_type type, int32_t place, int32_t parts, int32_t bits)
{
    const int32_t low = place / parts;
    const int32_t share = place % parts;
    int64_t total = (int64_t)sk_load(numbers, type, low) * (parts - share);
    if (share > 0) {
        total += (int64_t)sk_load(numbers, type, low + 1) * share;
    }
    return sk_rounded_quotient(total * ((int64_t)1 << bits), parts);
}

/* The quantiles of all intervals of all channels; `numbers` has room for the longest. */
SK_INLINE void sk_interval_quantiles(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_intervals intervals, void *numbers, sk_type type, sk_requantization to)
{
    const int64_t one = (int64_t)1 << intervals.bits;
    int32_t at = 0;
    for (int32_t channel = 0; channel < map.channels; channel++) {
        const sk_channel x = {input, input_type, map.width, map.channels, channel};
        for (int32_t i = 0; i < intervals.count; i++) {
            const int32_t first = intervals.ends[2 * i];
            const int32_t size = intervals.ends[2 * i + 1] - first;
            const int64_t sum =
                sk_sorted_interval(x, intervals.representation, first, size, numbers, type);
            const int32_t mean = sk_rounded_quotient(sum * one, size);
            const int32_t count = 1 + (size - 1) / intervals.divisor;
            const int32_t parts = count > 1 ? count - 1 : 2;
            for (int32_t k = 0; k < count; k++) {
                const int32_t place = (count > 1 ? k : 1) * (size - 1);
                const int32_t value = sk_quantile(numbers, type, place, parts, intervals.bits);
                const int32_t less = k % 2 == 1 ? mean : 0;
                sk_store(output, output_type, at, sk_requantize(value - less, 0, to));
                at++;
            }
        }
    }
}

#endif
