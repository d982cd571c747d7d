/* Depthwise convolutions at an even column stride, on packed arithmetic.
 *
 * As in dsp_depthwise.h the rows of two channels wait in a buffer of lanes each. A window
 * begins at a whole word, so weights are pairs (k0,k1) (k2,k3) ..., the last one with a zero
 * where there is an odd number. Two windows side by side are summed at a time.
 */
#ifndef SKCONV_DSP_STRIDED_DEPTHWISE_H
#define SKCONV_DSP_STRIDED_DEPTHWISE_H

#include "dsp_depthwise.h"

typedef struct {
    sk_rows rows;
    int32_t row_stride; /* at most the height of a kernel */
    int32_t step;       /* words from one window of a row to the next */
} sk_strided;

/* Entries of one channel in two windows; the second lies `right` entries further. Where there
 * is none the distance is 0, and the first one, written last, covers it.
 */
SK_INLINE void sk_strided_pair(
    const uint32_t *window, const uint32_t **table, uint8_t *output, sk_type type, int32_t at,
    int32_t right, sk_strided s)
{
    const sk_rows r = s.rows;
    const int32_t next = right > 0 ? s.step : 0;
    int32_t a = (int32_t)sk_next_word(table);
    int32_t b = a;
#pragma GCC unroll 12
    for (int32_t i = 0; i < r.height; i++) {
#pragma GCC unroll 6
        for (int32_t j = 0; j < (r.breadth + 1) / 2; j++) {
            const uint32_t weights = sk_next_word(table);
            const uint32_t *const words = window + i * r.input.pitch + j;
            a = sk_smlad(weights, words[0], a);
            b = sk_smlad(weights, words[next], b);
        }
    }
    const int32_t multiplier = (int32_t)sk_next_word(table);
    sk_store(output, type, at + right, sk_rows_requantize(b, multiplier, r));
    sk_store(output, type, at, sk_rows_requantize(a, multiplier, r));
}

/* One row of the output, of `planes` channels; returns the table on. */
SK_INLINE const uint32_t *sk_strided_row(
    const uint32_t *rows, const uint32_t *table, uint8_t *output, sk_type type, int32_t planes,
    int32_t apart, sk_strided s)
{
    const sk_rows r = s.rows;
    const uint32_t *next = table;
    for (int32_t plane = 0; plane < planes; plane++) {
        const uint32_t *const entry = next;
        for (int32_t x = 0; x < r.columns; x += 2) {
            const int32_t right = sk_has_next(x, r.columns) ? r.kernels : 0;
            next = entry;
            sk_strided_pair(
                rows + plane * apart + x * s.step, &next, output, type, x * r.kernels + plane,
                right, s);
        }
    }
    return next;
}

/* `planes` channels, from the one that input and output begin at; returns the table on. */
SK_INLINE const uint32_t *sk_strided_planes(
    const uint8_t *input, int32_t height, int32_t top, int32_t output_rows, uint32_t *rows,
    const uint32_t *table, uint8_t *output, sk_type type, int32_t planes, sk_strided s)
{
    const sk_lanes l = s.rows.input;
    const int32_t apart = s.rows.height * l.pitch;
    const int32_t row_bytes = s.rows.columns * s.rows.kernels * (type == SK_INT16 ? 2 : 1);
    const int32_t input_bytes = l.pixels * s.rows.kernels * (l.type == SK_INT16 ? 2 : 1);
    const uint32_t *next = table;
    int32_t filled = 0;
    int32_t row = 0;
    for (int32_t y = -top; row < output_rows; y++) {
        const uint8_t *from = y < 0 || y >= height ? NULL : input + y * input_bytes;
        sk_planes_fill(rows + filled * l.pitch, from, planes, apart, s.rows.kernels, l);
        filled++;
        if (filled < s.rows.height) {
            continue;
        }
        next = sk_strided_row(rows, table, output + row * row_bytes, type, planes, apart, s);
        for (int32_t plane = 0; plane < planes; plane++) {
            const int32_t kept = s.rows.height - s.row_stride;
            sk_lanes_drop(rows + plane * apart, &filled, kept, s.row_stride, l);
        }
        row++;
    }
    return next;
}

/* `rows` has room for `height` rows of two planes. */
SK_INLINE void sk_strided_depthwise(
    const void *input, int32_t height, int32_t top, int32_t output_rows, uint32_t *rows,
    const int32_t *table, void *output, sk_type type, sk_strided s, sk_narrow_taps taps)
{
    const int32_t size = s.rows.input.type == SK_INT16 ? 2 : 1;
    const int32_t output_size = type == SK_INT16 ? 2 : 1;
    const int32_t kernels = s.rows.kernels;
    const sk_strided plainer = {sk_rows_plainer(s.rows, type), s.row_stride, s.step};
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    const uint32_t *next = (const uint32_t *)table;
    for (int32_t channel = 0; channel + 1 < kernels; channel += 2) {
        const uint32_t *const entries = sk_narrow_entries(&next, 2, taps);
        const uint32_t *const end = sk_strided_planes(
            from, height, top, output_rows, rows, entries, to, type, 2, plainer);
        next = taps.expanded == NULL ? end : next;
        from += 2 * size;
        to += 2 * output_size;
    }
    if (kernels % 2 != 0) {
        const uint32_t *const entry = sk_narrow_entries(&next, 1, taps);
        (void)sk_strided_planes(
            from, height, top, output_rows, rows, entry, to, type, 1, plainer);
    }
    if (sk_is_lifted(type, s.rows.minimum, s.rows.maximum)) {
        sk_lift((int8_t *)output, output_rows * s.rows.columns * kernels);
    }
}

#endif
