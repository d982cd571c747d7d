/* Comparisons of columns with constants. */
#ifndef SKCONV_STEPS_H
#define SKCONV_STEPS_H

#include "types.h"

typedef struct {
    const SK_FLASH int32_t *edges;  /* `count` of each column, ascending */
    const SK_FLASH int16_t *values; /* `count` + 1 of each column */
    int32_t count;
    bool shared; /* those of one column for all */
} sk_steps;

/* The value behind the edges that are <= x. */
SK_INLINE void sk_step_all(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t size,
    sk_steps s)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, input_type, i);
        const int32_t column = s.shared ? 0 : i;
        int32_t place = 0;
        while (place < s.count && s.edges[column * s.count + place] <= x) {
            place++;
        }
        sk_store(output, output_type, i, s.values[column * (s.count + 1) + place]);
    }
}

/* 1 where a column equals a number, else 0. */
SK_INLINE void sk_match_all(
    const void *input, sk_type type, uint8_t *output, int32_t size,
    const SK_FLASH uint16_t *columns, const SK_FLASH int32_t *numbers)
{
    for (int32_t i = 0; i < size; i++) {
        output[i] = sk_load(input, type, columns[i]) == numbers[i] ? 1 : 0;
    }
}

#endif
