/* A stage with separable kernels on a one-channel map (stride 1), row after row.
 *
 * Rows of the input wait as int16 lanes (dsp_lanes.h). For every row of windows the columns of
 * weights make lines of them, two pixels and two rows at a time; rows of weights on the lines
 * make sums, four pixels at a time. The row of entries then goes into the sums
 * of its windows (dsp_row_parts.h).
 *
 * The table holds, for every kernel: bias, multiplier, number of terms; for every term: the first
 * word of its line, a run of weights.
 */
#ifndef SKCONV_DSP_SEPARABLE_H
#define SKCONV_DSP_SEPARABLE_H

#include "dsp_row_head.h"
#include "dsp_row_parts.h"
#include "dsp_rows.h"

typedef struct {
    uint32_t *rows; /* of the input, as many as a kernel is high */
    uint32_t *lines;
    int32_t count; /* of lines */
    const int32_t *columns; /* of weights, for every line: two to a word */
    const int32_t *table;
    const int32_t *head_weights;
    const int32_t *head_bias;
    int32_t *scores;
    sk_row_head head; /* of no outputs: there is none */
    sk_rows conv;
    sk_sink features; /* all of them, or a row where there is a head */
    sk_stage stage;
} sk_dsp_separable;

/* A word of every row of the buffer, rows in pairs: `l` of the low lanes, `h` of the high ones.
 * The last of an odd number stands alone, as it is. */
typedef struct {
    uint32_t l0, l1, l2, l3, l4, l5;
    uint32_t h0, h1, h2, h3, h4, h5;
} sk_row_pairs;

SK_INLINE sk_row_pairs sk_row_pairs_read(const uint32_t *at, sk_rows r)
{
    sk_row_pairs p = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
#define SK_ROW_PAIRS_READ(N)                                                   \
    if (r.height > 2 * (N)) {                                                  \
        p.l##N = sk_word(at + 2 * (N)*r.input.pitch);                          \
    }                                                                          \
    if (r.height > 2 * (N) + 1) {                                              \
        const uint32_t below = sk_word(at + (2 * (N) + 1) * r.input.pitch);    \
        p.h##N = sk_pack_high(p.l##N, below);                                  \
        p.l##N = sk_pack_low(p.l##N, below);                                   \
    }
    SK_ROW_PAIRS_READ(0)
    SK_ROW_PAIRS_READ(1)
    SK_ROW_PAIRS_READ(2)
    SK_ROW_PAIRS_READ(3)
    SK_ROW_PAIRS_READ(4)
    SK_ROW_PAIRS_READ(5)
#undef SK_ROW_PAIRS_READ
    return p;
}

/* Two entries of one line, from the weights at `*from`, which moves on. */
SK_INLINE uint32_t sk_row_pairs_sum(sk_row_pairs p, const uint32_t **from, int32_t height)
{
    int32_t low = 0;
    int32_t high = 0;
    uint32_t w = 0;
    uint32_t next = 0;
#define SK_ROW_PAIRS_ADD(N, W)                       \
    if (height > 2 * (N) + 1) {                      \
        low = sk_pin(sk_smlad(p.l##N, W, low));      \
        high = sk_pin(sk_smlad(p.h##N, W, high));    \
    } else if (height > 2 * (N)) {                   \
        low = sk_pin(sk_smlabb(p.l##N, W, low));     \
        high = sk_pin(sk_smlatb(p.l##N, W, high));   \
    }
#define SK_ROW_PAIRS_ADD_TWO(N, M)                   \
    if (height > 2 * (M)) {                          \
        sk_next_two_words(from, &w, &next);          \
    } else if (height > 2 * (N)) {                   \
        w = sk_next_word(from);                      \
    }                                                \
    SK_ROW_PAIRS_ADD(N, w)                           \
    SK_ROW_PAIRS_ADD(M, next)
    SK_ROW_PAIRS_ADD_TWO(0, 1)
    SK_ROW_PAIRS_ADD_TWO(2, 3)
    SK_ROW_PAIRS_ADD_TWO(4, 5)
#undef SK_ROW_PAIRS_ADD_TWO
#undef SK_ROW_PAIRS_ADD
    return sk_pack_low((uint32_t)low, (uint32_t)high);
}

/* All lines of the rows in the buffer. */
SK_INLINE void sk_separable_lines(const sk_dsp_separable *t)
{
    const int32_t pitch = t->conv.input.pitch;
    for (int32_t x = 0; x < pitch; x++) {
        const uint32_t *const at = sk_pin_pointer(t->rows + x);
        const sk_row_pairs pairs = sk_row_pairs_read(at, t->conv);
        const uint32_t *weights = (const uint32_t *)t->columns;
        uint32_t *to = t->lines + x;
        for (int32_t line = 0; line < t->count; line++) {
            *to = sk_row_pairs_sum(pairs, &weights, t->conv.height);
            to += pitch;
        }
    }
}

/* Adds a row of weights on a line: pixels x .. x + 3 to the four sums; `*from` moves on. */
SK_INLINE void sk_taps_four(
    const uint32_t *at, const uint32_t **from, int32_t breadth, sk_quad *q)
{
    uint32_t e = 0;
    uint32_t o = 0;
    uint32_t l = sk_word(at);
    uint32_t m = sk_word(at + 1);
    uint32_t n = 0;
#define SK_TAPS_FOUR(N)                                  \
    if (breadth >= 2 * (N) + 3) {                        \
        sk_next_two_words(from, &e, &o);                 \
    } else if (breadth == 2 * (N) + 2 || (N) + breadth == 1) { \
        e = sk_next_word(from);                          \
    }                                                    \
    if ((N) == 0) {                                      \
        q->b = sk_pin(sk_smlabt(e, l, q->b));            \
        q->d = sk_pin(sk_smlabt(e, m, q->d));            \
    }                                                    \
    if (breadth >= 2 * (N) + 2) {                        \
        n = sk_word(at + (N) + 2);                       \
        q->a = sk_pin(sk_smlad(e, l, q->a));             \
        q->c = sk_pin(sk_smlad(e, m, q->c));             \
    }                                                    \
    if (breadth == 2 * (N) + 2) {                        \
        q->b = sk_pin(sk_smlatb(e, m, q->b));            \
        q->d = sk_pin(sk_smlatb(e, n, q->d));            \
    }                                                    \
    if (breadth >= 2 * (N) + 3) {                        \
        q->b = sk_pin(sk_smlad(o, m, q->b));             \
        q->d = sk_pin(sk_smlad(o, n, q->d));             \
    }                                                    \
    if (breadth == 2 * (N) + 3) {                        \
        q->a = sk_pin(sk_smlatb(o, m, q->a));            \
        q->c = sk_pin(sk_smlatb(o, n, q->c));            \
    }                                                    \
    l = m;                                               \
    m = n;
    SK_TAPS_FOUR(0)
    if (breadth == 1) {
        q->a = sk_pin(sk_smlabb(e, sk_word(at), q->a));
        q->c = sk_pin(sk_smlabb(e, sk_word(at + 1), q->c));
    }
    SK_TAPS_FOUR(1)
    SK_TAPS_FOUR(2)
    SK_TAPS_FOUR(3)
    SK_TAPS_FOUR(4)
    SK_TAPS_FOUR(5)
#undef SK_TAPS_FOUR
}

/* Entries of one kernel at four pixels, as far as there are as many columns. */
SK_INLINE void sk_separable_store(
    const sk_dsp_separable *t, sk_quad q, int32_t multiplier, int32_t x, int32_t kernel)
{
    const sk_type type = t->stage.conv.type;
    const sk_rows r = sk_rows_plainer(t->conv, type);
    const int32_t left = r.columns % 4 == 0 ? 4 : r.columns - x;
    const int32_t sums[4] = {q.a, q.b, q.c, q.d};
    SK_UNROLL_4
    for (int32_t i = 0; i < 4; i++) {
        if (i < left) {
            const int32_t value = sk_rows_requantize(sums[i], multiplier, r);
            sk_store(t->stage.conv.tensor, type, (x + i) * r.kernels + kernel, value);
        }
    }
}

/* One row of the convolution. */
SK_INLINE void sk_separable_row(const sk_dsp_separable *t)
{
    const sk_type type = t->stage.conv.type;
    const uint32_t *entry = (const uint32_t *)t->table;
    sk_separable_lines(t);
    for (int32_t n = 0; n < t->conv.kernels; n++) {
        const int32_t bias = (int32_t)sk_next_word(&entry);
        const int32_t multiplier = (int32_t)sk_next_word(&entry);
        const int32_t terms = (int32_t)sk_next_word(&entry);
        const uint32_t *from = entry;
        for (int32_t x = 0; x < t->conv.columns; x += 4) {
            const uint32_t *const pixels = sk_pin_pointer(t->lines + x / 2);
            sk_quad q = {bias, bias, bias, bias};
            from = entry;
            int32_t left = terms; /* at least one */
            do {
                const uint32_t *const at = pixels + sk_next_word(&from);
                sk_taps_four(sk_pin_pointer(at), &from, t->conv.breadth, &q);
            } while (--left > 0);
            sk_separable_store(t, q, multiplier, x, n);
        }
        entry = from;
    }
    if (sk_is_lifted(type, t->conv.minimum, t->conv.maximum)) {
        sk_lift((int8_t *)t->stage.conv.tensor, t->conv.columns * t->conv.kernels);
    }
}

SK_INLINE void sk_dsp_separable_begin(sk_dsp_separable t, sk_progress *p)
{
    p->filled = 0;
    p->row = 0;
    for (int32_t i = 0; i < t.head.outputs; i++) {
        t.scores[i] = t.head_bias[i];
    }
    sk_stage_clear(t.stage, 0, t.stage.slots);
}

/* Row `row` of the windows is complete. */
SK_INLINE void sk_separable_complete(const sk_dsp_separable *t, int32_t row)
{
    const bool is_stored = t->head.outputs == 0;
    sk_stage_complete(t->stage, t->features, row, is_stored ? row : 0);
    if (!is_stored) {
        const int32_t *weights = t->head_weights + row * sk_row_head_words(t->head);
        (void)sk_row_head_add(t->features.output, weights, t->scores, t->head);
    }
}

/* Row `row` of the convolution, into the sums of the windows `rows`. */
SK_INLINE void sk_separable_spread(const sk_dsp_separable *t, int32_t row, sk_run rows)
{
    const sk_stage behind = sk_stage_behind(t->stage);
    sk_separable_row(t);
    for (int32_t i = 0; t->stage.pixelwise != NULL && i < t->conv.columns; i++) {
        t->stage.pixelwise(t->stage.in.input, t->stage.scratch, row, i);
    }
    sk_row_parts_spread(&behind, rows);
    if (row == rows.first * t->stage.pool.row_stride + t->stage.pool.height - 1) {
        sk_separable_complete(t, rows.first);
    }
}

/* The next row of the padded input, or one of zeros where it is NULL. */
SK_INLINE void sk_dsp_separable_push(sk_dsp_separable t, sk_progress *p, const void *row)
{
    const sk_pool pool = t.stage.pool;
    const int32_t height = t.conv.height;
    if (p->row == sk_stage_reach(t.stage)
        || !sk_lanes_push(t.rows, &p->filled, row, height, t.conv.input)) {
        return;
    }
    const sk_run rows =
        sk_windows_at(p->row, pool.height, pool.row_stride, t.stage.result.height);
    if (rows.first < rows.end) {
        sk_separable_spread(&t, p->row, rows);
    }
    p->row++;
    sk_lanes_drop(t.rows, &p->filled, height - 1, 1, t.conv.input);
}

/* The whole map, below `top` rows of zeros. */
SK_INLINE void sk_dsp_separable_run(
    sk_dsp_separable t, const void *input, sk_map map, int32_t top)
{
    const uint8_t *const bytes = (const uint8_t *)input;
    const int32_t row_bytes = map.width * sk_bytes(t.conv.input.type);
    const int32_t pushes = sk_stage_reach(t.stage) + t.conv.height - 1;
    sk_progress progress;
    sk_dsp_separable_begin(t, &progress);
    for (int32_t y = -top; y < pushes - top; y++) {
        const bool padding = y < 0 || y >= map.height;
        sk_dsp_separable_push(t, &progress, padding ? NULL : bytes + y * row_bytes);
    }
}

#endif
