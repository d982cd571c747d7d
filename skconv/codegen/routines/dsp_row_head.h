/* A linear map whose input comes in runs: each run is added to the scores and dropped.
 *
 * The table holds, run after run, for every group of up to SK_ROW_HEAD_GROUP outputs and every
 * four features the weights of the group's outputs, four each. A run is filled up with
 * zero weights to a multiple of four. Weights of one byte are widened two and two, so the
 * four lie as features 0 1 2 3 where the features are bytes, and 0 2 1 3 where not.
 */
#ifndef SKCONV_DSP_ROW_HEAD_H
#define SKCONV_DSP_ROW_HEAD_H

#include "dsp.h"

#define SK_ROW_HEAD_GROUP 5

typedef struct {
    sk_type type;        /* of the features: SK_UINT8, SK_INT8 or SK_INT16 */
    sk_type weight_type; /* SK_INT8 or SK_INT16 */
    int32_t size;        /* features of a run */
    int32_t outputs;
} sk_row_head;

/* Four features or weights as words of two. */
SK_INLINE void sk_four(const uint8_t **from, sk_type type, uint32_t *a, uint32_t *b)
{
    const uint32_t bytes = sk_load32(*from);
    *from += 4;
    if (type == SK_INT16) {
        *a = bytes;
        *b = sk_load32(*from);
        *from += 4;
        return;
    }
    *a = type == SK_UINT8 ? sk_uxtb16(bytes) : sk_sxtb16(bytes);
    *b = type == SK_UINT8 ? sk_uxtb16_ror8(bytes) : sk_sxtb16_ror8(bytes);
}

SK_INLINE int32_t sk_row_head_four(
    const uint8_t **weights, uint32_t a, uint32_t b, int32_t score, sk_row_head h)
{
    uint32_t wa;
    uint32_t wb;
    sk_four(weights, h.weight_type, &wa, &wb);
    return sk_pin(sk_smlad(b, wb, sk_smlad(a, wa, score)));
}

/* A group of `outputs` outputs. */
SK_INLINE void sk_row_head_group(
    const uint8_t *features, const uint8_t **weights, int32_t outputs, int32_t *scores,
    sk_row_head h)
{
    int32_t s0 = scores[0];
    int32_t s1 = outputs > 1 ? scores[1] : 0;
    int32_t s2 = outputs > 2 ? scores[2] : 0;
    int32_t s3 = outputs > 3 ? scores[3] : 0;
    int32_t s4 = outputs > 4 ? scores[4] : 0;
    for (int32_t i = 0; i < h.size; i += 4) {
        uint32_t a;
        uint32_t b;
        sk_four(&features, h.type, &a, &b);
        s0 = sk_row_head_four(weights, a, b, s0, h);
        s1 = outputs > 1 ? sk_row_head_four(weights, a, b, s1, h) : 0;
        s2 = outputs > 2 ? sk_row_head_four(weights, a, b, s2, h) : 0;
        s3 = outputs > 3 ? sk_row_head_four(weights, a, b, s3, h) : 0;
        s4 = outputs > 4 ? sk_row_head_four(weights, a, b, s4, h) : 0;
    }
    scores[0] = s0;
    if (outputs > 1) {
        scores[1] = s1;
    }
    if (outputs > 2) {
        scores[2] = s2;
    }
    if (outputs > 3) {
        scores[3] = s3;
    }
    if (outputs > 4) {
        scores[4] = s4;
    }
}

/* Number of words of the table for one run. */
SK_INLINE int32_t sk_row_head_words(sk_row_head h)
{
    return (h.size + 3) / 4 * h.outputs * (h.weight_type == SK_INT16 ? 2 : 1);
}

/* Adds the share of one run of features; returns the table of the next run.
 *
 * `features` has room for a multiple of four, and the table is aligned to 4 bytes.
 */
SK_INLINE const int32_t *sk_row_head_add(
    const void *features, const int32_t *table, int32_t *scores, sk_row_head h)
{
    const int32_t rest = h.outputs % SK_ROW_HEAD_GROUP;
    const uint8_t *const from = (const uint8_t *)features;
    const uint8_t *weights = (const uint8_t *)table;
    int32_t output = 0;
    for (; output < h.outputs - rest; output += SK_ROW_HEAD_GROUP) {
        sk_row_head_group(from, &weights, SK_ROW_HEAD_GROUP, scores + output, h);
    }
    if (rest > 0) {
        sk_row_head_group(from, &weights, rest, scores + output, h);
    }
    return (const int32_t *)(const void *)weights;
}

#endif
