/* Support vector machines with a kernel, four support vectors at a time.
 *
 * The numbers are those of kernel_machine.h. The table of support vectors is made of blocks
 * of four vectors, word by word: the first word of each of the four, the second of each, and
 * so on. A word holds four bytes or two int16. Bytes are unsigned: those of int8 vectors have
 * their sign bit flipped, as the input has when it is read, which leaves every distance as it
 * was. Tables are aligned to words; the input need not be.
 */
#ifndef SKCONV_DSP_KERNEL_MACHINE_H
#define SKCONV_DSP_KERNEL_MACHINE_H

#include "dsp_block.h"
#include "dsp_grid.h"
#include "kernel_machine.h"

typedef struct {
    sk_kernel kernel;    /* SK_LAPLACIAN or SK_RBF */
    sk_type type;        /* of the input */
    sk_type vector_type; /* of the table: SK_UINT8, SK_INT16 or, of 16 values, SK_INT4 */
    int32_t features;
    int32_t vectors;
    int32_t classes; /* decisions for their pairs; 0: `rows` scores, of all vectors */
    int32_t rows;    /* coefficients of a vector */
    const uint32_t *support_vectors;
    const uint16_t *n_support;    /* of every class; not for scores */
    const uint32_t *coefficients; /* by blocks, by rows: four int16, or bytes 0, 2, 1, 3 */
    const int64_t *intercept;     /* of every result, with the constants of its sum */
    const uint32_t *norms;        /* ||s||^2 modulo 2^32; SK_RBF without SK_UINT8 only */
    const uint16_t *exp2_table;
    bool fine; /* exponents have 14 fraction bits, not 8 */
    bool byte_coefficients;
    int32_t shift; /* from a sum to a decision; 0: 15 */
    int32_t first; /* of 16 values; of bytes as if they were unsigned */
    int32_t step;
    sk_requantization exponent; /* `maximum` is the largest that occurs */
} sk_dsp_machine;

SK_INLINE sk_block_step sk_machine_step(sk_dsp_machine m)
{
    if (m.vector_type == SK_UINT8) {
        return m.kernel == SK_RBF ? SK_L2_BYTES : SK_L1_BYTES;
    }
    if (m.kernel == SK_RBF) {
        return SK_DOT_LANES;
    }
    return m.vector_type == SK_INT4 && m.type != SK_INT16 ? SK_L1_BYTES : SK_L1_LANES;
}

/* Number of words of a vector. */
SK_INLINE int32_t sk_machine_words(sk_dsp_machine m)
{
    if (m.vector_type == SK_INT4) {
        return (m.features + 7) / 8;
    }
    const int32_t bytes = m.vector_type == SK_UINT8 ? m.features : 2 * m.features;
    return (bytes + 3) / 4;
}

/* -------------------------------------------------------------------------- the input */

/* Whether the input is read as it lies, and not what `sk_machine_spread` has made of it. */
SK_INLINE bool sk_machine_is_direct(sk_dsp_machine m)
{
    return m.type == SK_INT16 || sk_machine_step(m) == SK_L1_BYTES;
}

SK_INLINE int32_t sk_machine_input_bytes(sk_dsp_machine m)
{
    return m.type == SK_INT16 ? 2 * m.features : m.features;
}

/* A word of bytes to two of lanes. */
SK_INLINE void sk_machine_spread_word(sk_dsp_machine m, uint32_t x, uint32_t *lanes)
{
    if (sk_machine_step(m) == SK_L2_BYTES) {
        const uint32_t bytes = m.type == SK_INT8 ? x ^ 0x80808080u : x;
        lanes[0] = sk_ssub16(0, sk_uxtb16(bytes));
        lanes[1] = sk_ssub16(0, sk_uxtb16_ror8(bytes));
        return;
    }
    const uint32_t even = m.type == SK_INT8 ? sk_sxtb16(x) : sk_uxtb16(x);
    const uint32_t odd = m.type == SK_INT8 ? sk_sxtb16_ror8(x) : sk_uxtb16_ror8(x);
    lanes[0] = sk_pack_low(even, odd);
    lanes[1] = sk_pack_high(even, odd);
}

/* Bytes to lanes, once for all vectors: negated, even bytes apart from odd ones, for a
 * table of bytes; in their order for a table of int16. */
SK_INLINE void sk_machine_spread(sk_dsp_machine m, const uint8_t *input, uint32_t *lanes)
{
    const int32_t whole = m.features / 4;
    for (int32_t i = 0; i < whole; i++) {
        sk_machine_spread_word(m, sk_load32(input + 4 * i), lanes + 2 * i);
    }
    if (m.features % 4 != 0) {
        const uint32_t last = sk_tail_word(input + 4 * whole, m.features % 4);
        sk_machine_spread_word(m, last, lanes + 2 * whole);
    }
}

/* One word of the table against what lies at `x`: a word, or two of lanes. */
SK_INLINE const uint32_t *sk_block_add_at(
    sk_dsp_machine m, const uint8_t *x, const uint32_t *at, sk_block_sums *sums)
{
    const sk_block_step step = sk_machine_step(m);
    if (step == SK_L2_BYTES) {
        const uint32_t *lanes = (const uint32_t *)(const void *)x;
        return sk_block_add_word(step, at, lanes[0], lanes[1], sums);
    }
    const uint32_t word = sk_load32(x);
    const bool is_flipped = step == SK_L1_BYTES && m.type == SK_INT8;
    return sk_block_add_word(step, at, is_flipped ? word ^ 0x80808080u : word, 0, sums);
}

/* Distances of the four vectors at `at`, or their dot products with the input. With `stops`
 * any sums from `limit` on stand for four distances from there on. */
SK_INLINE sk_block_sums sk_block_add_below(
    sk_dsp_machine m, const uint8_t *x, const uint32_t *at, bool stops, uint32_t limit)
{
    const int32_t step = sk_machine_step(m) == SK_L2_BYTES ? 8 : 4;
    const int32_t rest = sk_machine_is_direct(m) ? sk_machine_input_bytes(m) % 4 : 0;
    const int32_t words = sk_machine_words(m) - (rest != 0 ? 1 : 0);
    sk_block_sums sums = {0, 0, 0, 0};
    for (int32_t i = 0; i < words / 8; i++) {
#pragma GCC unroll 8
        for (int32_t j = 0; j < 8; j++) {
            at = sk_block_add_at(m, x + j * step, at, &sums);
        }
        x += 8 * step;
        if (stops && sums.a >= limit && sums.b >= limit && sums.c >= limit && sums.d >= limit) {
            return sums;
        }
    }
#pragma GCC unroll 8
    for (int32_t j = 0; j < words % 8; j++) {
        at = sk_block_add_at(m, x + j * step, at, &sums);
    }
    if (rest != 0) {
        const uint32_t last = sk_tail_word(x + words % 8 * step, rest);
        sk_block_add_at(m, (const uint8_t *)&last, at, &sums);
    }
    return sums;
}

SK_INLINE sk_block_sums sk_block_add_words(sk_dsp_machine m, const uint8_t *x, const uint32_t *at)
{
    return sk_block_add_below(m, x, at, false, 0);
}

/* What all squared distances have in common, modulo 2^32: ||x||^2, and what `first` adds. */
SK_INLINE uint32_t sk_machine_norm(sk_dsp_machine m, const uint8_t *x)
{
    const int32_t rest = sk_machine_is_direct(m) ? sk_machine_input_bytes(m) % 4 : 0;
    const int32_t words = (m.features + 1) / 2 - (rest != 0 ? 1 : 0);
    int32_t squares = 0;
    int32_t sum = 0;
    for (int32_t i = 0; i < words; i++) {
        const uint32_t word = sk_load32(x + 4 * i);
        squares = sk_smlad(word, word, squares);
        sum = m.first != 0 ? sk_smlad(word, 0x00010001u, sum) : 0;
    }
    const uint32_t last = sk_tail_word(x + 4 * words, rest);
    sum = sk_smlad(last, 0x00010001u, sum);
    return (uint32_t)sk_smlad(last, last, squares) - 2 * (uint32_t)m.first * (uint32_t)sum;
}

/* ---------------------------------------------------------------------- kernels of a block */

/* The sample as the blocks meet it. */
typedef struct {
    const uint8_t *at;
    uint32_t norm;
    const uint16_t *exp2_table;
} sk_machine_sample;

/* The input as it lies, or in `lanes`. */
SK_INLINE sk_machine_sample sk_machine_sample_of(
    sk_dsp_machine m, const void *input, uint32_t *lanes)
{
    sk_machine_sample x = {(const uint8_t *)input, 0, (const uint16_t *)sk_opaque(m.exp2_table)};
    if (!sk_machine_is_direct(m)) {
        sk_machine_spread(m, (const uint8_t *)input, lanes);
        x.at = (const uint8_t *)lanes;
    }
    if (sk_machine_step(m) == SK_DOT_LANES) {
        x.norm = sk_machine_norm(m, x.at);
    }
    return x;
}

/* 2^-u of u with 14 fraction bits, as `sk_fine_exp2_negative` gives it. */
SK_INLINE uint32_t sk_machine_fine_exp2(sk_machine_sample x, int32_t u)
{
    const int32_t exponent = sk_clip(u, 0, ((int32_t)1 << 19) - 1);
    const int32_t entry = x.exp2_table[(exponent >> 6) & 255];
    const int32_t part = (entry * (exponent & 63) * 177 + ((int32_t)1 << 21)) >> 22;
    return sk_shift_right((uint32_t)(entry - part), (uint32_t)exponent >> 14);
}

/* 2^-u of a distance, u rounded to 8 fraction bits. The left shift of the
 * requantisation goes into the multiplier where that leaves the product as it is. */
SK_INLINE uint32_t sk_machine_exp2(sk_dsp_machine m, sk_machine_sample x, uint32_t distance)
{
    const int64_t folded = (int64_t)m.exponent.multiplier << m.exponent.shift;
    const bool folds = folded <= INT32_MAX;
    const int32_t multiplier = folds ? (int32_t)folded : m.exponent.multiplier;
    const uint32_t shifted = folds ? distance : distance << m.exponent.shift;
    int32_t u = sk_smmulr((int32_t)shifted, multiplier);
    if (m.fine) {
        return sk_machine_fine_exp2(x, u);
    }
    if (m.exponent.maximum > (int32_t)UINT16_MAX) {
        u = sk_clip(u, 0, UINT16_MAX);
    }
    return sk_shift_right(x.exp2_table[u & 255], (uint32_t)u >> 8);
}

SK_INLINE sk_grid sk_machine_grid(sk_dsp_machine m)
{
    const sk_block_step kind = sk_machine_step(m);
    const uint32_t bytes = (uint32_t)m.first * 0x01010101u;
    const uint32_t lanes = sk_lanes16(-m.first, -m.first);
    const sk_grid grid = {
        kind, kind == SK_L1_BYTES ? bytes : lanes, (uint32_t)m.step,
        kind == SK_L1_BYTES && m.type == SK_INT8 ? 0x80808080u : 0};
    return grid;
}

/* Distances from dot products, where that is what was summed up. Of four that are from
 * `limit` on all that `stops` leaves to be known is that they are. */
SK_INLINE sk_block_sums sk_block_distances_below(
    sk_dsp_machine m, sk_machine_sample x, int32_t block, bool stops, uint32_t limit)
{
    const uint32_t *at = m.support_vectors + block * 4 * sk_machine_words(m);
    const bool grows = sk_machine_step(m) != SK_DOT_LANES;
    const bool is_grid = m.vector_type == SK_INT4;
    const uint8_t *from = (const uint8_t *)sk_opaque(x.at);
    sk_block_sums d = is_grid ? sk_grid_sums(sk_machine_grid(m), from, at, m.features)
                              : sk_block_add_below(m, from, at, stops && grows, limit);
    if (sk_machine_step(m) == SK_DOT_LANES) {
        const uint32_t *norms = m.norms + 4 * block;
        const uint32_t twice = is_grid ? 2 * (uint32_t)m.step : 2;
        d.a = x.norm + norms[0] - twice * d.a;
        d.b = x.norm + norms[1] - twice * d.b;
        d.c = x.norm + norms[2] - twice * d.c;
        d.d = x.norm + norms[3] - twice * d.d;
    }
    return d;
}

SK_INLINE sk_block_sums sk_block_distances(sk_dsp_machine m, sk_machine_sample x, int32_t block)
{
    return sk_block_distances_below(m, x, block, false, 0);
}

/* Kernels of a block less 2^15, which makes int16 of them: the intercepts make up for it. */
typedef struct {
    uint32_t first;
    uint32_t last;
} sk_block_kernels;

SK_INLINE sk_block_kernels sk_block_kernels_of(
    sk_dsp_machine m, sk_machine_sample x, int32_t block)
{
    const sk_block_sums d = sk_block_distances(m, x, block);
    const uint32_t a = sk_machine_exp2(m, x, d.a);
    const uint32_t b = sk_machine_exp2(m, x, d.b);
    const uint32_t c = sk_machine_exp2(m, x, d.c);
    const uint32_t e = sk_machine_exp2(m, x, d.d);
    const sk_block_kernels kernels = {
        sk_pack_low(a, b) ^ 0x80008000u, sk_pack_low(c, e) ^ 0x80008000u};
    return kernels;
}

/* ----------------------------------------------------------------------------- the sums */

/* Adds blocks `first` to before `end` to sums, one a row; the coefficients that follow. */
SK_INLINE const uint32_t *sk_machine_add_blocks(
    sk_dsp_machine m, sk_machine_sample x, int32_t first, int32_t end,
    const uint32_t *coefficients, int64_t *sums)
{
    for (int32_t block = first; block < end; block++) {
        const sk_block_kernels kernels = sk_block_kernels_of(m, x, block);
        for (int32_t row = 0; row < m.rows; row++) {
            const uint32_t word = *coefficients++;
            const uint32_t two = m.byte_coefficients ? sk_sxtb16(word) : word;
            const uint32_t others = m.byte_coefficients ? sk_sxtb16_ror8(word) : *coefficients++;
            const int64_t half = sk_smlald(two, kernels.first, sums[row]);
            sums[row] = sk_smlald(others, kernels.last, half);
        }
    }
    return coefficients;
}

SK_INLINE int32_t sk_machine_result(sk_dsp_machine m, int32_t index, int64_t sum)
{
    return (int32_t)((sum + m.intercept[index]) >> (m.shift > 0 ? m.shift : 15));
}

/* Sums of one class after the other: blocks on a border belong to both, with coefficients
 * 0 for the vectors of the other. */
SK_INLINE void sk_machine_pair_sums(
    sk_dsp_machine m, sk_machine_sample x, int64_t *sums, int64_t *row_sums)
{
    const uint32_t *coefficients = m.coefficients;
    int32_t begin = 0;
    for (int32_t i = 0; i < m.classes; i++) {
        const int32_t end = begin + m.n_support[i];
        for (int32_t row = 0; row < m.rows; row++) {
            row_sums[row] = 0;
        }
        coefficients =
            sk_machine_add_blocks(m, x, begin / 4, (end + 3) / 4, coefficients, row_sums);
        for (int32_t row = 0; row < m.rows; row++) {
            sums[sk_machine_place(i, row, m.classes)] += row_sums[row];
        }
        begin = end;
    }
}

/* Decisions of pairs of classes as `sk_kernel_machine` gives them, or scores.
 *
 * `scratch` holds int64 sums, one a result (a single one needs none) and, for pairs, one a
 * row; then the input in lanes, 4 bytes for every two features up to a multiple of four,
 * where it must be spread.
 */
SK_INLINE void sk_dsp_kernel_machine(
    const void *input, int32_t *output, void *scratch, sk_dsp_machine m)
{
    const bool is_single = m.classes == 0 && m.rows == 1;
    const int32_t results = sk_machine_results(m.classes, m.rows);
    int64_t single = 0;
    int64_t *sums = is_single ? &single : (int64_t *)scratch;
    int64_t *row_sums = sums + results;
    uint32_t *lanes = is_single ? (uint32_t *)scratch
                                : (uint32_t *)(row_sums + (m.classes == 0 ? 0 : m.rows));
    sk_machine_sample x = sk_machine_sample_of(m, input, lanes);
    for (int32_t i = 0; i < results; i++) {
        sums[i] = 0;
    }
    if (m.classes == 0) {
        sk_machine_add_blocks(m, x, 0, (m.vectors + 3) / 4, m.coefficients, sums);
    } else {
        sk_machine_pair_sums(m, x, sums, row_sums);
    }
    for (int32_t i = 0; i < results; i++) {
        output[i] = sk_machine_result(m, i, sums[i]);
    }
}

#endif
