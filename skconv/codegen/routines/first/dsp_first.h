/* First layers: convolutions of a few channels, any stride, on packed arithmetic.
 *
 * The rows of a window wait in a buffer of lanes (dsp_lanes.h). A run is what a window
 * reads of one row; it begins at a whole word, for which channels get a zero slot where
 * stride times channels is odd. Two kernels and two pixels are computed at a time.
 *
 * The table holds, for every two kernels in turn (a zero one is added where their number is
 * odd): two biases, for every word of a window one of the first and one of the second
 * kernel, two multipliers.
 */
#ifndef SKCONV_DSP_FIRST_H
#define SKCONV_DSP_FIRST_H

#include "dsp_lanes.h"
#include "requantize.h"

typedef struct {
    sk_lanes input;
    int32_t columns; /* of the output */
    int32_t kernels;
    int32_t height;     /* of a kernel */
    int32_t run;        /* words of a window in one row */
    int32_t step;       /* words from one pixel of the output to the next */
    int32_t row_stride;
    int32_t shift; /* what of the requantisation's shift lanes and weights do not hold */
    int32_t minimum;
    int32_t maximum;
} sk_first;

/* Sums of the first kernel at the first and second pixel, of the second kernel likewise. */
typedef struct {
    int32_t a, b, c, d;
} sk_four_sums;

SK_INLINE void sk_first_word(sk_four_sums *s, uint32_t x, uint32_t y, uint32_t v, uint32_t w)
{
    s->a = sk_pin(sk_smlad(v, x, s->a));
    s->b = sk_pin(sk_smlad(v, y, s->b));
    s->c = sk_pin(sk_smlad(w, x, s->c));
    s->d = sk_pin(sk_smlad(w, y, s->d));
}

/* One row of the window of the pixel at `x`, and of the one `ahead` words further. */
SK_INLINE void sk_first_run(
    sk_four_sums *s, const uint32_t *x, const uint32_t *y, const uint32_t **table, int32_t run)
{
    uint32_t v;
    uint32_t w;
#pragma GCC unroll 16
    for (int32_t i = 0; i < run / 2; i++) {
        uint32_t x0;
        uint32_t x1;
        uint32_t y0;
        uint32_t y1;
        sk_next_two_words(table, &v, &w);
        sk_two_words(x + 2 * i, &x0, &x1);
        sk_two_words(y + 2 * i, &y0, &y1);
        sk_first_word(s, x0, y0, v, w);
        sk_next_two_words(table, &v, &w);
        sk_first_word(s, x1, y1, v, w);
    }
    if (run % 2 != 0) {
        sk_next_two_words(table, &v, &w);
        sk_first_word(s, sk_word(x + run - 1), sk_word(y + run - 1), v, w);
    }
}

SK_INLINE int32_t sk_first_requantize(int32_t sum, uint32_t multiplier, sk_first f)
{
    const int32_t shifted = (int32_t)((uint32_t)sum << f.shift);
    const int32_t value = sk_smmulr(shifted, (int32_t)multiplier);
    return f.minimum == -f.maximum ? sk_clip_evenly(value, f.maximum)
                                   : sk_clip(value, f.minimum, f.maximum);
}

/* Two kernels at two pixels; entries that do not exist have distance 0 and are covered. */
SK_INLINE void sk_first_block(
    const uint32_t *x, int32_t ahead, const uint32_t **table, void *output, sk_type type,
    int32_t at, int32_t right, int32_t beside, sk_first f)
{
    uint32_t first;
    uint32_t second;
    sk_next_two_words(table, &first, &second);
    sk_four_sums s = {(int32_t)first, (int32_t)first, (int32_t)second, (int32_t)second};
    x = sk_pin_pointer(x);
#pragma GCC unroll 12
    for (int32_t i = 0; i < f.height; i++) {
        const uint32_t *row = x + i * f.input.pitch;
        sk_first_run(&s, row, row + ahead, table, f.run);
    }
    sk_next_two_words(table, &first, &second);
    sk_store(output, type, at + right + beside, sk_first_requantize(s.d, second, f));
    sk_store(output, type, at + beside, sk_first_requantize(s.c, second, f));
    sk_store(output, type, at + right, sk_first_requantize(s.b, first, f));
    sk_store(output, type, at, sk_first_requantize(s.a, first, f));
}

/* One row of the output, of `height` rows in the buffer. */
SK_INLINE void sk_first_row(
    const uint32_t *rows, const int32_t *table, void *output, sk_type type, sk_first f)
{
    const bool lifted = sk_is_lifted(type, f.minimum, f.maximum);
    sk_first plainer = f;
    plainer.minimum = lifted ? -128 : f.minimum;
    /* Where the columns are odd, the last two windows overlap the two before. */
    const int32_t right = f.columns > 1 ? 1 : 0;
    for (int32_t i = 0; i < f.columns; i += 2) {
        const int32_t x = sk_has_next(i, f.columns) ? i : i - right;
        const uint32_t *entry = (const uint32_t *)table;
        for (int32_t n = 0; n < f.kernels; n += 2) {
            sk_first_block(
                rows + x * f.step, right * f.step, &entry, output, type, x * f.kernels + n,
                right * f.kernels, sk_has_next(n, f.kernels) ? 1 : 0, plainer);
        }
    }
    if (lifted) {
        sk_lift((int8_t *)output, f.columns * f.kernels);
    }
}

/* The whole map. `rows` has room for `f.height` rows. */
SK_INLINE void sk_first_conv(
    const void *input, int32_t height, int32_t top, int32_t output_rows, uint32_t *rows,
    const int32_t *table, void *output, sk_type type, sk_first f)
{
    const int32_t row_bytes = f.columns * f.kernels * (type == SK_INT16 ? 2 : 1);
    const int32_t input_bytes =
        f.input.pixels * f.input.channels * (f.input.type == SK_INT16 ? 2 : 1);
    const int32_t kept = f.height > f.row_stride ? f.height - f.row_stride : 0;
    uint8_t *to = (uint8_t *)output;
    int32_t filled = 0;
    for (int32_t row = 0; row < output_rows; row++) {
        /* A stride beyond the kernel leaves rows out. */
        int32_t y = row * f.row_stride - top + filled;
        for (; filled < f.height; y++) {
            const bool padding = y < 0 || y >= height;
            (void)sk_lanes_push(
                rows, &filled, padding ? NULL : (const uint8_t *)input + y * input_bytes,
                f.height, f.input);
        }
        sk_first_row(rows, table, to + row * row_bytes, type, f);
        sk_lanes_drop(rows, &filled, kept, f.height - kept, f.input);
    }
}

#endif
