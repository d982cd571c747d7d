/* Inputs of a linear layer that have weights: no weight is stored for the others.
 *
 * `kept` has two numbers for every 16 inputs: a bit for each, and how many before them are kept.
 * NULL: all are.
 */
#ifndef SKCONV_KEPT_H
#define SKCONV_KEPT_H

#include "narrow.h"
#include "types.h"

SK_INLINE bool sk_is_kept(const SK_FLASH uint16_t *kept, int32_t i)
{
    return !kept || ((uint32_t)kept[i / 16 * 2] >> (i % 16) & 1U) != 0;
}

/* How many of the inputs before `i` are kept. */
SK_INLINE int32_t sk_kept_before(const SK_FLASH uint16_t *kept, int32_t i)
{
    if (!kept || i == 0) {
        return i;
    }
    const int32_t last = i - 1; /* there may be no bits from `i` on */
    uint32_t ones = kept[last / 16 * 2] & (((uint32_t)2 << (last % 16)) - 1);
    ones -= ones >> 1 & 0x5555U;
    ones = (ones & 0x3333U) + (ones >> 2 & 0x3333U);
    ones = (ones + (ones >> 4)) & 0x0F0FU;
    return (int32_t)kept[last / 16 * 2 + 1] + (int32_t)((ones + (ones >> 8)) & 31U);
}

/* Moves entries of `x` that are inputs from `first` on together; returns how many are kept. */
SK_INLINE int32_t sk_kept_pack(
    void *x, sk_type type, const SK_FLASH uint16_t *kept, int32_t first, int32_t size)
{
    int32_t n = 0;
    for (int32_t i = 0; i < size; i++) {
        if (sk_is_kept(kept, first + i)) {
            sk_store(x, type, n, sk_load(x, type, i));
            n++;
        }
    }
    return n;
}

/* A weight of row `row`, for the input at place `place` of `places`. */
SK_INLINE int32_t sk_kept_weight(
    const SK_FLASH void *weights, sk_type type, int32_t row, int32_t rows, int32_t place,
    int32_t places)
{
    if (!sk_is_narrow(type)) {
        return sk_load_table(weights, type, row * places + place);
    }
    if (sk_is_by_input(rows)) {
        return sk_line_weight(weights, type, place, rows, row);
    }
    return sk_line_weight(weights, type, row, places, place);
}

/* Bias plus weights (rows, places) times the inputs that are kept, of all rows. */
SK_INLINE void sk_linear_kept(
    const void *input, sk_type input_type, int32_t *sums, const SK_FLASH void *weights,
    sk_type weight_type, const SK_FLASH int32_t *bias, int32_t rows, int32_t places,
    const SK_FLASH uint16_t *kept, int32_t columns)
{
    for (int32_t row = 0; row < rows; row++) {
        sums[row] = bias[row];
    }
    int32_t place = 0;
    for (int32_t i = 0; i < columns; i++) {
        if (!sk_is_kept(kept, i)) {
            continue;
        }
        const int32_t x = sk_load(input, input_type, i);
        for (int32_t row = 0; row < rows; row++) {
            sums[row] += x * sk_kept_weight(weights, weight_type, row, rows, place, places);
        }
        place++;
    }
}

#endif
