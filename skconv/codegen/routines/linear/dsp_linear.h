/* Linear maps, four rows at a time.
 *
 * The numbers are those of vector.h. The table is made of the blocks of dsp_block.h and one
 * of what rows are left, columns filled up with zeros to a multiple of four. Weights of
 * int16 are paired as the input's lanes come: columns 0 and 2, then 1 and 3, where it has
 * bytes, else in their order. Weights of int8 lie in their order where the input has bytes,
 * and as 0, 2, 1, 3 where it has int16. Only the table must be aligned to words.
 */
#ifndef SKCONV_DSP_LINEAR_H
#define SKCONV_DSP_LINEAR_H

#include "dsp_block.h"
#include "requantize.h"

typedef struct {
    sk_type type;        /* of the input */
    sk_type weight_type; /* SK_INT8 or SK_INT16 */
    int32_t rows;
    int32_t columns;
    const uint32_t *weights;
    const int32_t *bias;
} sk_dsp_matrix;

/* Four entries of the input as two words of lanes. */
typedef struct {
    uint32_t first;
    uint32_t second;
} sk_four_lanes;

SK_INLINE sk_four_lanes sk_matrix_lanes(sk_type type, uint32_t first, uint32_t second)
{
    sk_four_lanes lanes = {first, second};
    if (type == SK_UINT8) {
        lanes.first = sk_uxtb16(first);
        lanes.second = sk_uxtb16_ror8(first);
    } else if (type == SK_INT8) {
        lanes.first = sk_sxtb16(first);
        lanes.second = sk_sxtb16_ror8(first);
    }
    return lanes;
}

/* A word of `rows` rows. */
SK_INLINE const uint32_t *sk_rows_add_word(
    int32_t rows, sk_block_step step, const uint32_t *at, uint32_t x, uint32_t y,
    sk_block_sums *sums)
{
    if (rows == 4) {
        return sk_block_add_word(step, at, x, y, sums);
    }
    sums->a = sk_block_add_one(step, sk_next_word(&at), x, y, sums->a);
    if (rows > 1) {
        sums->b = sk_block_add_one(step, sk_next_word(&at), x, y, sums->b);
    }
    if (rows > 2) {
        sums->c = sk_block_add_one(step, sk_next_word(&at), x, y, sums->c);
    }
    return at;
}

/* Four columns of `rows` rows. */
SK_INLINE const uint32_t *sk_rows_add_lanes(
    sk_dsp_matrix m, int32_t rows, const uint32_t *at, sk_four_lanes x, sk_block_sums *sums)
{
    if (m.weight_type == SK_INT8) {
        return sk_rows_add_word(rows, SK_DOT_BYTES, at, x.first, x.second, sums);
    }
    at = sk_rows_add_word(rows, SK_DOT_LANES, at, x.first, 0, sums);
    return sk_rows_add_word(rows, SK_DOT_LANES, at, x.second, 0, sums);
}

/* The input's entries from `x` on: four of them, or what is left. */
SK_INLINE sk_four_lanes sk_matrix_read(sk_dsp_matrix m, const uint8_t *x, int32_t entries)
{
    const int32_t size = m.type == SK_INT16 ? 2 : 1;
    const int32_t bytes = entries * size;
    const uint32_t first = bytes >= 4 ? sk_load32(x) : sk_tail_word(x, bytes);
    if (size == 1 || bytes <= 4) {
        return sk_matrix_lanes(m.type, first, 0);
    }
    const uint32_t second = bytes == 8 ? sk_load32(x + 4) : sk_tail_word(x + 4, bytes - 4);
    return sk_matrix_lanes(m.type, first, second);
}

/* Adds `rows` rows times the input to their sums. */
SK_INLINE const uint32_t *sk_rows_add(
    sk_dsp_matrix m, int32_t rows, const uint8_t *x, const uint32_t *at, sk_block_sums *sums)
{
    const int32_t step = m.type == SK_INT16 ? 8 : 4;
    const int32_t fours = m.columns / 4;
    for (int32_t i = 0; i < fours / 8; i++) {
#pragma GCC unroll 8
        for (int32_t j = 0; j < 8; j++) {
            at = sk_rows_add_lanes(m, rows, at, sk_matrix_read(m, x + j * step, 4), sums);
        }
        x += 8 * step;
    }
#pragma GCC unroll 8
    for (int32_t j = 0; j < fours % 8; j++) {
        at = sk_rows_add_lanes(m, rows, at, sk_matrix_read(m, x + j * step, 4), sums);
    }
    if (m.columns % 4 != 0) {
        const uint8_t *last = x + fours % 8 * step;
        at = sk_rows_add_lanes(m, rows, at, sk_matrix_read(m, last, m.columns % 4), sums);
    }
    return at;
}

SK_INLINE sk_block_sums sk_rows_bias(sk_dsp_matrix m, int32_t row, int32_t rows)
{
    const sk_block_sums sums = {
        (uint32_t)m.bias[row], rows > 1 ? (uint32_t)m.bias[row + 1] : 0,
        rows > 2 ? (uint32_t)m.bias[row + 2] : 0, rows > 3 ? (uint32_t)m.bias[row + 3] : 0};
    return sums;
}

/* The result of a sum: the sum itself, or requantised. */
typedef struct {
    sk_type type;
    bool is_requantized;
    sk_requantization rule;
} sk_linear_result;

SK_INLINE void sk_rows_store(
    void *output, int32_t row, int32_t rows, sk_block_sums sums, sk_linear_result to)
{
    const uint32_t all[4] = {sums.a, sums.b, sums.c, sums.d};
#pragma GCC unroll 4
    for (int32_t i = 0; i < rows; i++) {
        const int32_t sum = (int32_t)all[i];
        const int32_t value =
            to.is_requantized ? sk_requantize(sum, row + i, to.rule) : sum;
        sk_store(output, to.type, row + i, value);
    }
}

SK_INLINE void sk_dsp_rows(
    const void *input, void *output, sk_dsp_matrix m, sk_linear_result to)
{
    const uint32_t *at = m.weights;
    int32_t row = 0;
    for (; row + 4 <= m.rows; row += 4) {
        sk_block_sums sums = sk_rows_bias(m, row, 4);
        at = sk_rows_add(m, 4, (const uint8_t *)sk_opaque(input), at, &sums);
        sk_rows_store(output, row, 4, sums, to);
    }
    if (m.rows % 4 != 0) {
        sk_block_sums sums = sk_rows_bias(m, row, m.rows % 4);
        sk_rows_add(m, m.rows % 4, (const uint8_t *)input, at, &sums);
        sk_rows_store(output, row, m.rows % 4, sums, to);
    }
}

/* As `sk_linear`: the sums themselves. */
SK_INLINE void sk_dsp_linear(const void *input, int32_t *output, sk_dsp_matrix m)
{
    sk_linear_result to = {SK_INT32, false, {NULL, 0, 0, 0, 0}};
    sk_dsp_rows(input, output, m, to);
}

/* As `sk_linear_requantized`. */
SK_INLINE void sk_dsp_linear_requantized(
    const void *input, void *output, sk_type output_type, sk_dsp_matrix m, sk_requantization rule)
{
    const sk_linear_result to = {output_type, true, rule};
    sk_dsp_rows(input, output, m, to);
}

#endif
