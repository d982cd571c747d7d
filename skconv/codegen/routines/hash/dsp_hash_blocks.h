/* Histograms of the codes of dsp_hash.h in blocks, and linear layers on them.
 *
 * Codes are counted, or they choose their weights: a count times a weight is that weight as
 * often as the code occurs. Neither codes nor, where a layer follows, counts are kept.
 */
#ifndef SKCONV_DSP_HASH_BLOCKS_H
#define SKCONV_DSP_HASH_BLOCKS_H

#include "dsp_hash.h"
#include "dsp_row_head.h"
#include "window.h"

/* Where codes are counted, block by block. */
typedef struct {
    sk_pool pool;
    int32_t rows;    /* of blocks */
    int32_t columns; /* of blocks */
    int32_t bins;
    uint8_t *codes; /* room for two rows of them, of one channel */
} sk_dsp_blocks;

SK_INLINE void sk_dsp_zero(uint8_t *bytes, int32_t size)
{
    for (int32_t i = 0; i < size; i++) {
        bytes[i] = 0;
    }
}

/* Counts one row of codes in the blocks it crosses, whose bins begin `step` apart. */
SK_INLINE void sk_dsp_blocks_count(
    const uint8_t *row, void *counts, sk_type type, int32_t step, sk_dsp_hash h, sk_dsp_blocks b)
{
    const int32_t n = sk_dsp_hash_codes(h);
    for (int32_t column = 0; column < b.columns; column++) {
        const uint8_t *codes = row + column * b.pool.column_stride * n;
        for (int32_t i = 0; i < n; i++) {
            const int32_t bins = column * step + i * b.bins;
#pragma GCC unroll 8
            for (int32_t j = 0; j < b.pool.width; j++) {
                const int32_t bin = bins + codes[j * n + i];
                sk_store(counts, type, bin, sk_load(counts, type, bin) + 1);
            }
        }
    }
}

/* Eight outputs at a time gather their weights. */
#define SK_LOOK_UP_GROUP 8
#define SK_LOOK_UP_EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)

/* Weight `output` of a group of `outputs`: by words as far as these are full. */
SK_INLINE int32_t sk_look_up_weight(
    const uint8_t *group, int32_t output, int32_t outputs, sk_type type)
{
    const int32_t per_word = type == SK_INT8 ? 4 : 2;
    const int32_t place = output % per_word;
    if (output - place + per_word > outputs) {
        return sk_load(group, type, output);
    }
    const uint32_t word = sk_load32(group + (output - place) * (4 / per_word));
    if (type == SK_INT8) {
        return (int8_t)(uint8_t)(word >> (8 * place));
    }
    return place == 0 ? sk_low16(word) : sk_high16(word);
}

/* Bytes of the weights that one code has in a group of `outputs` outputs. */
SK_INLINE int32_t sk_look_up_bytes(int32_t outputs, sk_type type)
{
    return type == SK_INT8 ? outputs : 2 * outputs;
}

/* Adds the weights of `size` codes, `step` apart, to the scores of a group. */
SK_INLINE void sk_look_up(
    const uint8_t *codes, int32_t size, int32_t step, const uint8_t *weights, int32_t outputs,
    int32_t *scores, sk_type type)
{
    const int32_t bytes = sk_look_up_bytes(outputs, type);
#define SK_LOOK_UP_BEGIN(N) int32_t s##N = (N) < outputs ? scores[N] : 0;
    SK_LOOK_UP_EACH(SK_LOOK_UP_BEGIN)
    for (int32_t i = 0; i < size; i++) {
        const uint8_t *group = weights + codes[i * step] * bytes;
#define SK_LOOK_UP_ADD(N) s##N += (N) < outputs ? sk_look_up_weight(group, (N), outputs, type) : 0;
        SK_LOOK_UP_EACH(SK_LOOK_UP_ADD)
    }
#define SK_LOOK_UP_END(N) \
    if ((N) < outputs) {  \
        scores[N] = s##N; \
    }
    SK_LOOK_UP_EACH(SK_LOOK_UP_END)
#undef SK_LOOK_UP_BEGIN
#undef SK_LOOK_UP_ADD
#undef SK_LOOK_UP_END
}

/* Adds the weights of a row of codes to all scores. */
SK_INLINE void sk_dsp_blocks_look_up(
    const uint8_t *row, const uint8_t *weights, int32_t *scores, sk_row_head head, sk_dsp_hash h,
    sk_dsp_blocks b)
{
    const int32_t n = sk_dsp_hash_codes(h);
    const int32_t rest = head.outputs % SK_LOOK_UP_GROUP;
    const int32_t bytes = sk_look_up_bytes(SK_LOOK_UP_GROUP, head.weight_type);
    for (int32_t column = 0; column < b.columns; column++) {
        for (int32_t i = 0; i < n; i++) {
            const uint8_t *codes = row + column * b.pool.column_stride * n + i;
            int32_t output = 0;
            for (; output < head.outputs - rest; output += SK_LOOK_UP_GROUP) {
                sk_look_up(
                    codes, b.pool.width, n, weights, SK_LOOK_UP_GROUP, scores + output,
                    head.weight_type);
                weights += b.bins * bytes;
            }
            if (rest > 0) {
                sk_look_up(
                    codes, b.pool.width, n, weights, rest, scores + output, head.weight_type);
                weights += b.bins * sk_look_up_bytes(rest, head.weight_type);
            }
        }
    }
}

/* What becomes of the codes in blocks. Counts are weighted where no two rows of blocks
 * overlap. */
typedef enum { SK_CODES_COUNTED, SK_COUNTS_WEIGHTED, SK_CODES_LOOKED_UP } sk_dsp_use;

/* Counts of all blocks, or the scores of a linear layer on them. Its weights lie as runs,
 * channel by channel, and in a channel one row of blocks after the other. */
typedef struct {
    sk_dsp_use use;
    void *counts; /* the result; SK_COUNTS_WEIGHTED: bytes, room for one run of them */
    sk_type type; /* of the counts */
    int32_t *scores;
    const void *weights;
    int32_t run_bytes; /* of the weights of one run */
    sk_row_head head;
} sk_dsp_counts;

/* One row of codes of a channel: it is row `place` of a row of blocks. */
SK_INLINE void sk_dsp_counts_add(
    sk_dsp_counts to, const uint8_t *codes, int32_t channel, int32_t block, int32_t place,
    sk_dsp_hash h, sk_dsp_blocks b)
{
    const int32_t own = sk_dsp_hash_codes(h) * b.bins;
    if (to.use == SK_CODES_COUNTED) {
        const int32_t step = h.conv.input.channels * own;
        const int32_t at = block * b.columns * step + channel * own;
        uint8_t *first = (uint8_t *)to.counts + at * (to.type == SK_UINT8 ? 1 : 2);
        sk_dsp_blocks_count(codes, first, to.type, step, h, b);
        return;
    }
    const uint8_t *weights =
        (const uint8_t *)to.weights + (channel * b.rows + block) * to.run_bytes;
    if (to.use == SK_CODES_LOOKED_UP) {
        sk_dsp_blocks_look_up(codes, weights, to.scores, to.head, h, b);
        return;
    }
    if (place == 0) {
        sk_dsp_zero((uint8_t *)to.counts, (to.head.size + 3) / 4 * 4);
    }
    sk_dsp_blocks_count(codes, to.counts, to.type, own, h, b);
    if (place == b.pool.height - 1) {
        const int32_t *const words = (const int32_t *)(const void *)weights;
        (void)sk_row_head_add(to.counts, words, to.scores, to.head);
    }
}

/* One row of codes to every row of blocks that holds it: to one at most if none overlap. */
SK_INLINE void sk_dsp_blocks_add(
    sk_dsp_counts to, const uint8_t *codes, int32_t channel, int32_t row, sk_dsp_hash h,
    sk_dsp_blocks b)
{
    const int32_t step = b.pool.row_stride;
    const int32_t last = row / step;
    if (step >= b.pool.height) {
        if (row % step < b.pool.height) {
            sk_dsp_counts_add(to, codes, channel, last, row % step, h, b);
        }
        return;
    }
    const int32_t first = row < b.pool.height ? 0 : (row - b.pool.height) / step + 1;
    for (int32_t block = first; block <= last && block < b.rows; block++) {
        sk_dsp_counts_add(to, codes, channel, block, row - block * step, h, b);
    }
}

/* All codes, those of a channel after those of the one before. */
SK_INLINE void sk_dsp_hash_blocks(sk_dsp_hash h, sk_dsp_blocks b, sk_dsp_counts to)
{
    const int32_t n = sk_dsp_hash_codes(h);
    const int32_t row_size = h.conv.columns * n;
    for (int32_t channel = 0; channel < h.conv.input.channels; channel++) {
        int32_t filled = 0;
        for (int32_t row = 0; row < h.rows; row++) {
            if (row % 2 == 0) {
                sk_dsp_hash_two(h, channel, row, &filled, b.codes, n, row_size);
            }
            sk_dsp_blocks_add(to, b.codes + row % 2 * row_size, channel, row, h, b);
        }
    }
}

/* Counts (rows, columns, codes of a pixel * bins) of the codes in every block. */
SK_INLINE void sk_dsp_hash_histogram(sk_dsp_hash h, sk_dsp_blocks b, void *output, sk_type type)
{
    const sk_dsp_counts to = {.use = SK_CODES_COUNTED, .counts = output, .type = type};
    const int32_t size = b.rows * b.columns * sk_dsp_hash_depth(h) * b.bins;
    sk_dsp_zero((uint8_t *)output, size * (type == SK_UINT8 ? 1 : 2));
    sk_dsp_hash_blocks(h, b, to);
}

/* The scores of a linear layer on those counts. */
SK_INLINE void sk_dsp_hash_scores(
    sk_dsp_hash h, sk_dsp_blocks b, sk_dsp_counts to, const int32_t *bias)
{
    for (int32_t i = 0; i < to.head.outputs; i++) {
        to.scores[i] = bias[i];
    }
    sk_dsp_hash_blocks(h, b, to);
}

#endif
