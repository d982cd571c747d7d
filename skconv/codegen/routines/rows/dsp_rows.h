/* Convolutions of one-channel maps (stride 1), row by row, on packed arithmetic.
 *
 * Rows of the input wait in a buffer as int16 lanes, zero padding included; when there
 * are enough for two rows of sums (or for a row of pooling windows), these are computed
 * 2 x 2 at a time, and the rows that are done with make room. No patch is ever copied:
 * the weights are packed so that even and odd pixels read the same aligned words.
 *
 * The table of a bank holds, for every kernel: bias, `height` runs of weights, multiplier.
 * A run is (k0,k1) (k1,k2) (k2,k3) ...: an even pixel takes every other word from the
 * first on, an odd pixel those between, and the weight left over comes from a half word.
 */
#ifndef SKCONV_DSP_ROWS_H
#define SKCONV_DSP_ROWS_H

#include "dsp_lanes.h"
#include "requantize.h"

#define SK_ROWS_WIDEST 12

typedef struct {
    sk_lanes input;
    int32_t columns; /* of the output */
    int32_t kernels;
    int32_t height;  /* of a kernel */
    int32_t breadth; /* of a kernel: 1 .. SK_ROWS_WIDEST */
    int32_t shift;   /* what of the requantisation's shift lanes and weights do not hold */
    int32_t minimum;
    int32_t maximum;
} sk_rows;

/* Words of a run of weights: e at even places, o between. */
typedef struct {
    uint32_t e0, e1, e2, e3, e4, e5;
    uint32_t o0, o1, o2, o3, o4;
} sk_taps;

/* Words of a row of the buffer, from pixel x on. */
typedef struct {
    uint32_t a0, a1, a2, a3, a4, a5, a6;
} sk_pixels;

SK_INLINE sk_taps sk_taps_read(const uint32_t **from, int32_t breadth)
{
    sk_taps t = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
#define SK_TAPS_READ(N)                                        \
    if (breadth >= 2 * (N) + 3) {                              \
        sk_next_two_words(from, &t.e##N, &t.o##N);             \
    } else if (breadth == 2 * (N) + 2 || (N) + breadth == 1) { \
        t.e##N = *(*from)++;                                   \
    }
    SK_TAPS_READ(0)
    SK_TAPS_READ(1)
    SK_TAPS_READ(2)
    SK_TAPS_READ(3)
    SK_TAPS_READ(4)
#undef SK_TAPS_READ
    if (breadth == 12) {
        t.e5 = *(*from)++;
    }
    return t;
}

SK_INLINE sk_pixels sk_pixels_read(const uint32_t *at, int32_t breadth)
{
    sk_pixels l = {0, 0, 0, 0, 0, 0, 0};
#define SK_PIXELS_READ(N, NEXT)                         \
    if (breadth >= 2 * (N) + 2) {                      \
        sk_two_words(at + (N), &l.a##N, &l.a##NEXT);   \
    } else if (breadth >= 2 * (N)) {                   \
        l.a##N = sk_word(at + (N));                    \
    }
    SK_PIXELS_READ(0, 1)
    SK_PIXELS_READ(2, 3)
    SK_PIXELS_READ(4, 5)
#undef SK_PIXELS_READ
    if (breadth == 12) {
        l.a6 = sk_word(at + 6);
    }
    return l;
}

/* Adds one run of weights on lanes: pixel x to `even`, x + 1 to `odd`. */
SK_INLINE void sk_taps_add(sk_pixels l, sk_taps t, int32_t breadth, int32_t *even, int32_t *odd)
{
    int32_t e = *even;
    int32_t o = sk_pin(sk_smlabt(t.e0, l.a0, *odd));
    if (breadth == 1) {
        e = sk_pin(sk_smlabb(t.e0, l.a0, e));
    }
#define SK_TAPS_ADD(N, NEXT)                               \
    if (breadth >= 2 * (N) + 2) {                          \
        e = sk_pin(sk_smlad(t.e##N, l.a##N, e));           \
    }                                                      \
    if (breadth == 2 * (N) + 2) {                          \
        o = sk_pin(sk_smlatb(t.e##N, l.a##NEXT, o));       \
    }
#define SK_TAPS_ADD_BETWEEN(N, NEXT)                       \
    if (breadth >= 2 * (N) + 3) {                          \
        o = sk_pin(sk_smlad(t.o##N, l.a##NEXT, o));        \
    }                                                      \
    if (breadth == 2 * (N) + 3) {                          \
        e = sk_pin(sk_smlatb(t.o##N, l.a##NEXT, e));       \
    }
    SK_TAPS_ADD(0, 1)
    SK_TAPS_ADD_BETWEEN(0, 1)
    SK_TAPS_ADD(1, 2)
    SK_TAPS_ADD_BETWEEN(1, 2)
    SK_TAPS_ADD(2, 3)
    SK_TAPS_ADD_BETWEEN(2, 3)
    SK_TAPS_ADD(3, 4)
    SK_TAPS_ADD_BETWEEN(3, 4)
    SK_TAPS_ADD(4, 5)
    SK_TAPS_ADD_BETWEEN(4, 5)
    SK_TAPS_ADD(5, 6)
#undef SK_TAPS_ADD
#undef SK_TAPS_ADD_BETWEEN
    *even = e;
    *odd = o;
}

/* Number of words of one kernel in the table. */
SK_INLINE int32_t sk_rows_words(sk_rows r)
{
    return 2 + r.height * (r.breadth > 1 ? r.breadth - 1 : 1);
}

/* Sums of one kernel at (y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1). */
typedef struct {
    int32_t a, b, c, d;
} sk_quad;

/* `at` is the word of pixel x of row y; `*table` moves on to the multiplier. */
SK_INLINE sk_quad sk_rows_sums(const uint32_t *at, const uint32_t **table, sk_rows r)
{
    const int32_t bias = (int32_t)sk_next_word(table);
    sk_quad q = {bias, bias, bias, bias};
    at = sk_pin_pointer(at);
    sk_taps taps = sk_taps_read(table, r.breadth);
    sk_taps_add(sk_pixels_read(at, r.breadth), taps, r.breadth, &q.a, &q.b);
#pragma GCC unroll 12
    for (int32_t i = 1; i < r.height; i++) {
        const sk_pixels pixels = sk_pixels_read(at + i * r.input.pitch, r.breadth);
        sk_taps_add(pixels, taps, r.breadth, &q.c, &q.d);
        taps = sk_taps_read(table, r.breadth);
        sk_taps_add(pixels, taps, r.breadth, &q.a, &q.b);
    }
    const sk_pixels last = sk_pixels_read(at + r.height * r.input.pitch, r.breadth);
    sk_taps_add(last, taps, r.breadth, &q.c, &q.d);
    return q;
}

SK_INLINE int32_t sk_rows_scale(int32_t sum, int32_t multiplier, sk_rows r)
{
    return sk_smmulr((int32_t)((uint32_t)sum << r.shift), multiplier);
}

/* With the limits that single entries are clipped to, where `sk_lift` follows on all. */
SK_INLINE sk_rows sk_rows_plainer(sk_rows r, sk_type type)
{
    r.minimum = sk_is_lifted(type, r.minimum, r.maximum) ? -128 : r.minimum;
    return r;
}

SK_INLINE int32_t sk_rows_requantize(int32_t sum, int32_t multiplier, sk_rows r)
{
    const int32_t value = sk_rows_scale(sum, multiplier, r);
    return r.minimum == -r.maximum ? sk_clip_evenly(value, r.maximum)
                                   : sk_clip(value, r.minimum, r.maximum);
}

/* Entries of one kernel at four pixels, of `height + 1` rows in the buffer.
 *
 * The second row lies `below` entries further, the second pixel `right`; where there is
 * none the distance is 0, and the first one, written last, covers it.
 */
SK_INLINE void sk_rows_block(
    const uint32_t *pixel, const uint32_t **table, void *output, sk_type type, int32_t at,
    int32_t below, int32_t right, sk_rows r)
{
    const sk_quad q = sk_rows_sums(pixel, table, r);
    const int32_t multiplier = (int32_t) * (*table)++;
    sk_store(output, type, at + below + right, sk_rows_requantize(q.d, multiplier, r));
    sk_store(output, type, at + below, sk_rows_requantize(q.c, multiplier, r));
    sk_store(output, type, at + right, sk_rows_requantize(q.b, multiplier, r));
    sk_store(output, type, at, sk_rows_requantize(q.a, multiplier, r));
}

/* Two rows of the output; `below` is 0 where there is one. */
SK_INLINE void sk_rows_two(
    const uint32_t *rows, const int32_t *table, void *output, sk_type type, int32_t below,
    sk_rows r)
{
    for (int32_t x = 0; x < r.columns; x += 2) {
        const uint32_t *entry = (const uint32_t *)table;
        const int32_t right = sk_has_next(x, r.columns) ? r.kernels : 0;
        for (int32_t n = 0; n < r.kernels; n++) {
            const int32_t at = x * r.kernels + n;
            sk_rows_block(
                rows + x / 2, &entry, output, type, at, below, right, sk_rows_plainer(r, type));
        }
    }
    if (sk_is_lifted(type, r.minimum, r.maximum)) {
        sk_lift((int8_t *)output, r.columns * r.kernels + below);
    }
}

/* The whole map. `rows` has room for `r.height + 1` rows. */
SK_INLINE void sk_rows_conv(
    const void *input, int32_t height, int32_t top, int32_t output_rows, uint32_t *rows,
    const int32_t *table, void *output, sk_type type, sk_rows r)
{
    const int32_t row_size = r.columns * r.kernels;
    const int32_t row_bytes = row_size * (type == SK_INT16 ? 2 : 1);
    const int32_t input_bytes = r.input.pixels * (r.input.type == SK_INT16 ? 2 : 1);
    int32_t filled = 0;
    int32_t row = 0;
    for (int32_t y = -top; row < output_rows; y++) {
        const bool padding = y < 0 || y >= height;
        const uint8_t *from = padding ? NULL : (const uint8_t *)input + y * input_bytes;
        if (!sk_lanes_push(rows, &filled, from, r.height + 1, r.input)) {
            continue;
        }
        const int32_t below = row + 1 < output_rows ? row_size : 0;
        sk_rows_two(rows, table, (uint8_t *)output + row * row_bytes, type, below, r);
        sk_lanes_drop(rows, &filled, r.height - 1, 2, r.input);
        row += 2;
    }
}

#endif
