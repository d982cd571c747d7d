/* Comparisons of columns with constants, of floats. */
#ifndef SKCONV_FLOAT_STEPS_H
#define SKCONV_FLOAT_STEPS_H

#include "types.h"

/* The value behind the edges that are <= x: `count` edges, and a value more, of each column. */
SK_INLINE void sk_float_step_all(
    const float *input, float *output, int32_t size, const SK_FLASH float *edges,
    const SK_FLASH int16_t *values, int32_t count, bool shared)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t column = shared ? 0 : i;
        int32_t place = 0;
        while (place < count && edges[column * count + place] <= input[i]) {
            place++;
        }
        output[i] = (float)values[column * (count + 1) + place];
    }
}

/* 1 where a column equals a number, else 0. */
SK_INLINE void sk_float_match_all(
    const float *input, float *output, int32_t size, const SK_FLASH uint16_t *columns,
    const SK_FLASH float *numbers)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = input[columns[i]] == numbers[i] ? 1.0f : 0.0f;
    }
}

#endif
