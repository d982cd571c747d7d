/* Depthwise convolutions (stride 1) on packed arithmetic; the output may lie over the input.
 *
 * Two channels at a time: their rows wait in a buffer of lanes each, and two rows of the
 * output are computed as a one-channel convolution (dsp_rows.h). By then the buffer holds
 * all that is still wanted of the input rows that the output covers.
 */
#ifndef SKCONV_DSP_DEPTHWISE_H
#define SKCONV_DSP_DEPTHWISE_H

#include "dsp_narrow.h"
#include "dsp_rows.h"

/* Bytes 0 and 1 of two pixels: the lanes of the first channel, and of the second. */
SK_INLINE uint32_t sk_two_pixels(const uint8_t *first, const uint8_t *second)
{
    uint16_t a;
    uint16_t b;
    SK_MEMCPY(&a, first, sizeof a);
    SK_MEMCPY(&b, second, sizeof b);
    return sk_pack_low(a, b);
}

/* One channel of a row, value by value. `lanes` describes that channel alone. */
SK_INLINE int32_t sk_plane_value(const void *input, int32_t pixel, int32_t step, sk_lanes l)
{
    if (pixel < 0 || pixel >= l.pixels) {
        return 0;
    }
    return (int32_t)((uint32_t)sk_load(input, l.type, pixel * step) << l.shift);
}

SK_INLINE uint32_t sk_plane_word(
    const uint8_t *input, int32_t word, int32_t step, sk_lanes l)
{
    const int32_t pixel = 2 * word - l.left;
    return sk_lanes16(
        sk_plane_value(input, pixel, step, l), sk_plane_value(input, pixel + 1, step, l));
}

/* A row of `planes` (1 or 2) neighbouring channels of `step`, each into its own buffer;
 * the second buffer lies `apart` words further. Zeros where `input` is NULL.
 */
SK_INLINE void sk_planes_fill(
    uint32_t *row, const uint8_t *input, int32_t planes, int32_t apart, int32_t step, sk_lanes l)
{
    const int32_t size = l.type == SK_INT16 ? 2 : 1;
    if (input == NULL) {
        for (int32_t i = 0; i < l.pitch; i++) {
            row[i] = 0;
            row[i + (planes - 1) * apart] = 0;
        }
        return;
    }
    /* Words whose two pixels lie inside. */
    const int32_t first = (l.left + 1) / 2;
    const int32_t end = planes == 2 && size == 1 ? (l.left + l.pixels) / 2 : first;
    for (int32_t i = 0; i < first; i++) {
        row[i] = sk_plane_word(input, i, step, l);
        row[i + (planes - 1) * apart] =
            sk_plane_word(input + (planes - 1) * size, i, step, l);
    }
    const uint8_t *from = input + (2 * first - l.left) * step * size;
    for (int32_t i = first; i < end; i++) {
        const uint32_t bytes = sk_two_pixels(from, from + step);
        row[i] = sk_lanes_even(bytes, l);
        row[i + apart] = sk_lanes_odd(bytes, l);
        from += 2 * step;
    }
    for (int32_t i = end; i < l.pitch; i++) {
        row[i] = sk_plane_word(input, i, step, l);
        row[i + (planes - 1) * apart] =
            sk_plane_word(input + (planes - 1) * size, i, step, l);
    }
}

/* `planes` channels, from the one that input and output begin at; returns the table on. */
SK_INLINE const uint32_t *sk_depthwise_planes(
    const uint8_t *input, int32_t height, int32_t top, int32_t output_rows, uint32_t *rows,
    const uint32_t *table, uint8_t *output, sk_type type, int32_t planes, sk_rows r)
{
    const sk_lanes l = r.input;
    const int32_t apart = (r.height + 1) * l.pitch;
    const int32_t row_size = r.columns * r.kernels;
    const int32_t row_bytes = row_size * (type == SK_INT16 ? 2 : 1);
    const int32_t input_bytes = l.pixels * r.kernels * (l.type == SK_INT16 ? 2 : 1);
    const uint32_t *next = table;
    int32_t filled = 0;
    int32_t row = 0;
    for (int32_t y = -top; row < output_rows; y++) {
        const uint8_t *from = y < 0 || y >= height ? NULL : input + y * input_bytes;
        sk_planes_fill(rows + filled * l.pitch, from, planes, apart, r.kernels, l);
        filled++;
        if (filled <= r.height) {
            continue;
        }
        const int32_t below = row + 1 < output_rows ? row_size : 0;
        next = table;
        for (int32_t plane = 0; plane < planes; plane++) {
            const uint32_t *entry = next;
            for (int32_t x = 0; x < r.columns; x += 2) {
                const int32_t right = sk_has_next(x, r.columns) ? r.kernels : 0;
                next = entry;
                sk_rows_block(
                    rows + plane * apart + x / 2, &next, output + row * row_bytes, type,
                    x * r.kernels + plane, below, right, r);
            }
            sk_lanes_drop(rows + plane * apart, &filled, r.height - 1, 2, l);
        }
        row += 2;
    }
    return next;
}

/* `rows` has room for `r.height + 1` rows of two planes. `output` may be `input` where an
 * entry and a map have the same sizes on both sides.
 */
SK_INLINE void sk_depthwise(
    const void *input, int32_t height, int32_t top, int32_t output_rows, uint32_t *rows,
    const int32_t *table, void *output, sk_type type, sk_rows r, sk_narrow_taps taps)
{
    const int32_t size = r.input.type == SK_INT16 ? 2 : 1;
    const int32_t output_size = type == SK_INT16 ? 2 : 1;
    const sk_rows plainer = sk_rows_plainer(r, type);
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    const uint32_t *next = (const uint32_t *)table;
    for (int32_t channel = 0; channel + 1 < r.kernels; channel += 2) {
        const uint32_t *const entries = sk_narrow_entries(&next, 2, taps);
        const uint32_t *const end = sk_depthwise_planes(
            from, height, top, output_rows, rows, entries, to, type, 2, plainer);
        next = taps.expanded == NULL ? end : next;
        from += 2 * size;
        to += 2 * output_size;
    }
    if (r.kernels % 2 != 0) {
        const uint32_t *const entry = sk_narrow_entries(&next, 1, taps);
        (void)sk_depthwise_planes(
            from, height, top, output_rows, rows, entry, to, type, 1, plainer);
    }
    if (sk_is_lifted(type, r.minimum, r.maximum)) {
        sk_lift((int8_t *)output, output_rows * r.columns * r.kernels);
    }
}

#endif
