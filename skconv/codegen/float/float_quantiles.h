/* Quantiles of intervals of a signal of floats, or of its differences. */
#ifndef SKCONV_FLOAT_QUANTILES_H
#define SKCONV_FLOAT_QUANTILES_H

#include "types.h"

typedef enum { SK_FLOAT_RAW, SK_FLOAT_DIFFERENCE, SK_FLOAT_SECOND_DIFFERENCE } sk_float_kind;

typedef struct {
    const SK_FLASH uint16_t *ends; /* (count, 2): where each begins, and where it has ended */
    int32_t count;
    int32_t divisor; /* n numbers have 1 + (n - 1) / divisor quantiles */
    sk_float_kind representation;
    float scale;
} sk_float_intervals;

/* One channel of a signal: `x` is its first number. */
typedef struct {
    const float *x;
    int32_t length;
    int32_t channels;
} sk_float_channel;

/* The sum of the 5 differences about a step of time; those at the ends are repeated. */
SK_INLINE float sk_float_smoothed_difference(sk_float_channel a, int32_t time)
{
    float sum = 0.0f;
    for (int32_t i = time - 2; i <= time + 2; i++) {
        const int32_t not_before = i < 0 ? 0 : i;
        const int32_t at = not_before > a.length - 2 ? a.length - 2 : not_before;
        sum += a.x[(at + 1) * a.channels] - a.x[at * a.channels];
    }
    return sum;
}

SK_INLINE float sk_float_represented(sk_float_channel a, sk_float_kind kind, int32_t time)
{
    const float *const x = a.x + time * a.channels;
    switch (kind) {
    case SK_FLOAT_DIFFERENCE:
        return sk_float_smoothed_difference(a, time);
    case SK_FLOAT_SECOND_DIFFERENCE:
        return (x[2 * a.channels] - x[a.channels]) - (x[a.channels] - x[0]);
    case SK_FLOAT_RAW:
    default:
        return x[0];
    }
}

/* Sorts by insertion at smaller and smaller distances (Shell). */
SK_INLINE void sk_float_sort(float *numbers, int32_t size)
{
    for (int32_t gap = size / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (int32_t i = gap; i < size; i++) {
            const float moved = numbers[i];
            int32_t at = i;
            for (; at >= gap && numbers[at - gap] > moved; at -= gap) {
                numbers[at] = numbers[at - gap];
            }
            numbers[at] = moved;
        }
    }
}

/* Copies an interval and sorts it; returns the mean of its numbers. */
SK_INLINE float sk_float_sorted_interval(
    sk_float_channel a, sk_float_kind kind, int32_t first, int32_t size, float *numbers)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < size; i++) {
        numbers[i] = sk_float_represented(a, kind, first + i);
        sum += numbers[i];
    }
    sk_float_sort(numbers, size);
    return sum / (float)size;
}

/* Between sorted numbers, `place / parts` steps from the first. */
SK_INLINE float sk_float_quantile(const float *numbers, int32_t place, int32_t parts)
{
    const int32_t low = place / parts;
    const int32_t share = place % parts;
    const float next = share > 0 ? numbers[low + 1] : 0.0f;
    return (numbers[low] * (float)(parts - share) + next * (float)share) / (float)parts;
}

/* The quantiles of all intervals of all channels; `numbers` has room for the longest. */
SK_INLINE void sk_float_interval_quantiles(
    const float *input, float *output, sk_map map, sk_float_intervals intervals, float *numbers)
{
    for (int32_t channel = 0; channel < map.channels; channel++) {
        const sk_float_channel a = {input + channel, map.width, map.channels};
        for (int32_t i = 0; i < intervals.count; i++) {
            const int32_t first = intervals.ends[2 * i];
            const int32_t size = intervals.ends[2 * i + 1] - first;
            const float mean =
                sk_float_sorted_interval(a, intervals.representation, first, size, numbers);
            const int32_t count = 1 + (size - 1) / intervals.divisor;
            const int32_t parts = count > 1 ? count - 1 : 2;
            for (int32_t k = 0; k < count; k++) {
                const int32_t place = (count > 1 ? k : 1) * (size - 1);
                const float less = k % 2 == 1 ? mean : 0.0f;
                *output++ = intervals.scale * (sk_float_quantile(numbers, place, parts) - less);
            }
        }
    }
}

#endif
