/* Convolutions of kernels of which most weights are zeros: a walk along the others.
 *
 * The rows wait in a ring in the type of the input, where a window is one run of values. An
 * entry of the table is two bytes: how many values further the next weight stands, and the
 * weight. It is loaded once for a few windows.
 */
#ifndef SKCONV_SPARSE_CONV_H
#define SKCONV_SPARSE_CONV_H

#include "conv_ring.h"
#include "requantize.h"

typedef struct {
    const SK_FLASH uint8_t *entries; /* of all kernels */
    const SK_FLASH uint16_t *counts; /* of the entries of each kernel */
    const SK_FLASH int32_t *bias;
    int32_t kernels;
    int32_t distance; /* of windows, in values */
    sk_type type;     /* of the ring */
    sk_type output_type;
    sk_requantization to;
} sk_sparse;

/* Windows at a time: as many as there are registers for. */
#if defined(__thumb__) && !defined(__thumb2__)
#define SK_SPARSE_WINDOWS 2
#else
#define SK_SPARSE_WINDOWS 4
#endif

typedef struct {
    int32_t of[4];
} sk_sparse_sums;

/* One kernel on one, two or four windows, the first of them at `x`. */
SK_INLINE sk_sparse_sums sk_sparse_products(
    sk_sparse s, const uint8_t *x, const SK_FLASH uint8_t *entry, int32_t count, int32_t bias,
    int32_t windows)
{
    int32_t a = bias;
    int32_t b = bias;
    int32_t c = bias;
    int32_t d = bias;
    for (; count > 0; count--) {
        const int32_t weight = (int8_t)entry[1];
        x += entry[0] * sk_bytes(s.type);
        entry += 2;
        a += sk_load(x, s.type, 0) * weight;
        if (windows > 1) {
            b += sk_load(x, s.type, s.distance) * weight;
        }
        if (windows > 2) {
            c += sk_load(x, s.type, 2 * s.distance) * weight;
            d += sk_load(x, s.type, 3 * s.distance) * weight;
        }
    }
    const sk_sparse_sums sums = {{a, b, c, d}};
    return sums;
}

/* All kernels on a few windows, the first of them at `x`; the output begins at entry `to`. */
SK_INLINE void sk_sparse_windows(
    sk_sparse s, const uint8_t *x, int32_t windows, void *output, int32_t to)
{
    const SK_FLASH uint8_t *entry = s.entries;
    for (int32_t kernel = 0; kernel < s.kernels; kernel++) {
        const int32_t count = s.counts[kernel];
        const sk_sparse_sums sums =
            sk_sparse_products(s, x, entry, count, s.bias[kernel], windows);
        for (int32_t i = 0; i < windows; i++) {
            const int32_t value = sk_requantize(sums.of[i], kernel, s.to);
            sk_store(output, s.output_type, to + i * s.kernels + kernel, value);
        }
        entry += 2 * count;
    }
}

/* A map (rows, columns, kernels). */
SK_INLINE void sk_sparse_conv(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    const SK_FLASH uint8_t *entries, const SK_FLASH uint16_t *counts,
    const SK_FLASH int32_t *bias, sk_kernels kernels, sk_padding padding, sk_requantization to,
    void *ring)
{
    const sk_conv_ring r =
        sk_conv_ring_of(input, input_type, input_type, map, kernels, padding, 1);
    const sk_sparse s = {
        entries, counts, bias, kernels.kernels, kernels.column_stride * r.column, input_type,
        output_type, to};
    const int32_t rows = sk_row_windows(map, kernels, padding).count;
    const int32_t columns = sk_column_windows(map, kernels, padding).count;
    const int32_t step = s.distance * sk_bytes(input_type);
    int32_t at = 0;
    sk_conv_start(r, ring);
    for (int32_t row = 0; row < rows; row++) {
        const uint8_t *x = (const uint8_t *)ring;
        int32_t left = columns;
        sk_conv_next_rows(r, ring, row);
        for (; left >= SK_SPARSE_WINDOWS; left -= SK_SPARSE_WINDOWS) {
            sk_sparse_windows(s, x, SK_SPARSE_WINDOWS, output, at);
            x += SK_SPARSE_WINDOWS * step;
            at += SK_SPARSE_WINDOWS * s.kernels;
        }
        for (; left > 0; left--) {
            sk_sparse_windows(s, x, 1, output, at);
            x += step;
            at += s.kernels;
        }
    }
}

#endif
