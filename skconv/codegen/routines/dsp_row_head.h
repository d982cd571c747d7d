/* A linear map whose input comes in runs: each run is added to the scores and dropped.
 *
 * The table holds, run after run, for every group of up to SK_ROW_HEAD_GROUP outputs and every
 * four features the weights of the group's outputs, four each. A run is filled up with
 * zero weights to a multiple of four. Weights of one byte are widened two and two, so the
 * four lie as features 0 1 2 3 where the features are bytes, and 0 2 1 3 where not.
 *
 * Weights of few levels share words (narrow.h): the group's weights of four features are one word
 * of four bytes to base 3, or two words whose halves hold a field of bits for every output. They
 * are stored plus an offset; the features' sum times the offset is taken off again.
 */
#ifndef SKCONV_DSP_ROW_HEAD_H
#define SKCONV_DSP_ROW_HEAD_H

#include "dsp.h"
#include "kept.h"
#include "narrow.h"

#define SK_ROW_HEAD_GROUP 5

typedef struct {
    const uint16_t *kept; /* features that have weights (kept.h); NULL: all */
    sk_type type;        /* of the features: SK_UINT8, SK_INT8 or SK_INT16 */
    sk_type weight_type; /* SK_INT8, SK_INT16, or one of few levels */
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

/* Where the weights are, and the words that the outputs of a group take theirs from. */
typedef struct {
    const uint8_t *next;
    uint32_t a;
    uint32_t b;
} sk_head_weights;

/* Outputs of a group. */
SK_INLINE int32_t sk_row_head_group_size(sk_row_head h)
{
    return h.weight_type == SK_INT4 ? 4 : SK_ROW_HEAD_GROUP;
}

/* The words of the next four features, where outputs share them. */
SK_INLINE void sk_row_head_share(sk_head_weights *w, sk_row_head h)
{
    if (!sk_is_narrow(h.weight_type)) {
        return;
    }
    w->a = sk_load32(w->next);
    w->next += 4;
    if (h.weight_type == SK_TERNARY) {
        w->b = sk_uxtb16_ror8(w->a);
        w->a = sk_uxtb16(w->a);
    } else {
        w->b = sk_load32(w->next);
        w->next += 4;
    }
}

/* The weights of one output for four features, as words of two. */
SK_INLINE void sk_row_head_take(sk_head_weights *w, sk_row_head h, uint32_t *a, uint32_t *b)
{
    if (!sk_is_narrow(h.weight_type)) {
        sk_four(&w->next, h.weight_type, a, b);
    } else if (h.weight_type == SK_TERNARY) {
        const uint32_t tripled_a = w->a * 3;
        const uint32_t tripled_b = w->b * 3;
        *a = sk_uxtb16_ror8(tripled_a);
        *b = sk_uxtb16_ror8(tripled_b);
        w->a = sk_uxtb16(tripled_a);
        w->b = sk_uxtb16(tripled_b);
    } else {
        const uint32_t mask = h.weight_type == SK_INT3 ? 0x00070007U : 0x000F000FU;
        *a = w->a & mask;
        *b = w->b & mask;
        w->a >>= sk_narrow_bits(h.weight_type);
        w->b >>= sk_narrow_bits(h.weight_type);
    }
}

SK_INLINE int32_t sk_row_head_four(
    sk_head_weights *weights, uint32_t a, uint32_t b, int32_t score, sk_row_head h)
{
    uint32_t wa;
    uint32_t wb;
    sk_row_head_take(weights, h, &wa, &wb);
    return sk_pin(sk_smlad(b, wb, sk_smlad(a, wa, score)));
}

/* What a weight of 0 is stored as. */
SK_INLINE int32_t sk_row_head_offset(sk_row_head h)
{
    if (!sk_is_narrow(h.weight_type)) {
        return 0;
    }
    return h.weight_type == SK_TERNARY ? 1 : 1 << (sk_narrow_bits(h.weight_type) - 1);
}

/* A group of `outputs` outputs; returns the table of the next one. */
SK_INLINE const uint8_t *sk_row_head_group(
    const uint8_t *features, const uint8_t *table, int32_t outputs, int32_t *scores, sk_row_head h)
{
    const uint32_t ones = 0x00010001U;
    const int32_t offset = sk_row_head_offset(h);
    sk_head_weights weights = {table, 0, 0};
    int32_t s0 = scores[0];
    int32_t s1 = outputs > 1 ? scores[1] : 0;
    int32_t s2 = outputs > 2 ? scores[2] : 0;
    int32_t s3 = outputs > 3 ? scores[3] : 0;
    int32_t s4 = outputs > 4 ? scores[4] : 0;
    int32_t total = 0;
    for (int32_t i = 0; i < h.size; i += 4) {
        uint32_t a;
        uint32_t b;
        sk_four(&features, h.type, &a, &b);
        sk_row_head_share(&weights, h);
        total = offset > 0 ? sk_smlad(b, ones, sk_smlad(a, ones, total)) : 0;
        s0 = sk_row_head_four(&weights, a, b, s0, h);
        s1 = outputs > 1 ? sk_row_head_four(&weights, a, b, s1, h) : 0;
        s2 = outputs > 2 ? sk_row_head_four(&weights, a, b, s2, h) : 0;
        s3 = outputs > 3 ? sk_row_head_four(&weights, a, b, s3, h) : 0;
        s4 = outputs > 4 ? sk_row_head_four(&weights, a, b, s4, h) : 0;
    }
    total *= offset;
    scores[0] = s0 - total;
    if (outputs > 1) {
        scores[1] = s1 - total;
    }
    if (outputs > 2) {
        scores[2] = s2 - total;
    }
    if (outputs > 3) {
        scores[3] = s3 - total;
    }
    if (outputs > 4) {
        scores[4] = s4 - total;
    }
    return weights.next;
}

/* Number of words of the table for one run. */
SK_INLINE int32_t sk_row_head_words(sk_row_head h)
{
    const int32_t fours = (h.size + 3) / 4;
    if (!sk_is_narrow(h.weight_type)) {
        return fours * h.outputs * (h.weight_type == SK_INT16 ? 2 : 1);
    }
    const int32_t group = sk_row_head_group_size(h);
    return fours * ((h.outputs + group - 1) / group) * (h.weight_type == SK_TERNARY ? 1 : 2);
}

/* Adds the share of one run of features; returns the table of the next run.
 *
 * `features` has room for a multiple of four, and the table is aligned to 4 bytes.
 */
SK_INLINE const int32_t *sk_row_head_add(
    const void *features, const int32_t *table, int32_t *scores, sk_row_head h)
{
    const int32_t group = sk_row_head_group_size(h);
    const int32_t rest = h.outputs % group;
    const uint8_t *const from = (const uint8_t *)features;
    const uint8_t *weights = (const uint8_t *)table;
    int32_t output = 0;
    for (; output < h.outputs - rest; output += group) {
        weights = sk_row_head_group(from, weights, group, scores + output, h);
    }
    if (rest > 0) {
        weights = sk_row_head_group(from, weights, rest, scores + output, h);
    }
    return (const int32_t *)(const void *)weights;
}

/* Adds the share of run `run` of features; those that have weights move together before. */
SK_INLINE void sk_row_head_run(
    void *features, const int32_t *table, int32_t run, int32_t *scores, sk_row_head h)
{
    if (h.kept == NULL) {
        (void)sk_row_head_add(features, table + run * sk_row_head_words(h), scores, h);
        return;
    }
    sk_row_head of_run = h;
    for (int32_t i = 0; i < run; i++) {
        of_run.size = sk_kept_before(h.kept, (i + 1) * h.size);
        of_run.size -= sk_kept_before(h.kept, i * h.size);
        table += sk_row_head_words(of_run);
    }
    of_run.size = sk_kept_pack(features, h.type, h.kept, run * h.size, h.size);
    (void)sk_row_head_add(features, table, scores, of_run);
}

#endif
