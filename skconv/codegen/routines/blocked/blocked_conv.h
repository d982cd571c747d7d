/* Convolutions of integer maps in plain C, two kernels on two windows at a time.
 *
 * Every value that is loaded meets two weights, every weight two values. The rows wait in
 * a ring in the type of the input, so the inner loop has no borders and one index. Kernels of few
 * levels are expanded, one or two at a time, for a row of windows.
 */
#ifndef SKCONV_BLOCKED_CONV_H
#define SKCONV_BLOCKED_CONV_H

#include "conv_ring.h"
#include "narrow.h"
#include "requantize.h"

typedef struct {
    const SK_FLASH void *weights; /* (kernels, length) in the order of a window in the ring */
    sk_type weight_type;
    int8_t *expanded; /* room for SK_BLOCK_KERNELS kernels, where they have few levels */
    const SK_FLASH int32_t *bias;
    int32_t kernels;
    int32_t length;   /* of a window, in values */
    int32_t distance; /* of windows, in values */
    sk_type type;     /* of the ring */
    sk_type output_type;
    sk_requantization to;
} sk_blocks;

/* Cortex-M0 has registers for two sums and what they are made of. */
#if defined(__thumb__) && !defined(__thumb2__)
#define SK_BLOCK_KERNELS 1
#define SK_BLOCK_UNROLL 1
#else
#define SK_BLOCK_KERNELS 2
#define SK_BLOCK_UNROLL 4
#endif

/* Sums of one or two kernels (a, b) on one or two windows (0, 1). */
typedef struct {
    int32_t a0;
    int32_t a1;
    int32_t b0;
    int32_t b1;
} sk_blocked_sums;

/* Value I of the windows at `x` times weight I of the kernels at `w`. */
#define SK_BLOCK_STEP(I)                                                    \
    do {                                                                    \
        const int32_t x0 = sk_load(x, b.type, I);                           \
        const int32_t x1 = windows > 1 ? sk_load(x, b.type, I + b.distance) : 0; \
        const int32_t wa = w[I];                                            \
        const int32_t wb = kernels > 1 ? w[I + b.length] : 0;               \
        a0 += x0 * wa;                                                      \
        a1 += x1 * wa;                                                      \
        b0 += x0 * wb;                                                      \
        b1 += x1 * wb;                                                      \
    } while (0)

SK_INLINE sk_blocked_sums sk_block_products(
    sk_blocks b, const SK_FLASH int8_t *w, const void *ring, int32_t at, int32_t kernel,
    int32_t kernels, int32_t windows)
{
    const uint8_t *x = (const uint8_t *)ring + at * sk_bytes(b.type);
    int32_t a0 = b.bias[kernel];
    int32_t a1 = a0;
    int32_t b0 = kernels > 1 ? b.bias[kernel + 1] : 0;
    int32_t b1 = b0;
    int32_t i = b.length;
    if (SK_BLOCK_UNROLL == 4) {
        for (; i >= 4; i -= 4) {
            SK_BLOCK_STEP(0);
            SK_BLOCK_STEP(1);
            SK_BLOCK_STEP(2);
            SK_BLOCK_STEP(3);
            x += 4 * sk_bytes(b.type);
            w += 4;
        }
    }
    for (; i > 0; i--) {
        SK_BLOCK_STEP(0);
        x += sk_bytes(b.type);
        w++;
    }
    const sk_blocked_sums sums = {a0, a1, b0, b1};
    return sums;
}

SK_INLINE void sk_block_store(
    sk_blocks b, void *output, int32_t to, int32_t kernel, int32_t windows, int32_t sum0,
    int32_t sum1)
{
    sk_store(output, b.output_type, to + kernel, sk_requantize(sum0, kernel, b.to));
    if (windows > 1) {
        sk_store(
            output, b.output_type, to + b.kernels + kernel, sk_requantize(sum1, kernel, b.to));
    }
}

/* One or two kernels, whose weights begin at `w`, on one or two windows from entry `at` on. */
SK_INLINE void sk_blocked_kernels(
    sk_blocks b, const SK_FLASH int8_t *w, const void *ring, int32_t at, int32_t kernel,
    int32_t kernels, int32_t windows, void *output, int32_t to)
{
    const sk_blocked_sums s = sk_block_products(b, w, ring, at, kernel, kernels, windows);
    sk_block_store(b, output, to, kernel, windows, s.a0, s.a1);
    if (kernels > 1) {
        sk_block_store(b, output, to, kernel + 1, windows, s.b0, s.b1);
    }
}

/* All kernels on one or two windows from entry `at` of the ring on. */
SK_INLINE void sk_block(
    sk_blocks b, const void *ring, int32_t at, int32_t windows, void *output, int32_t to)
{
    const int32_t many = SK_BLOCK_KERNELS;
    const SK_FLASH int8_t *w = (const SK_FLASH int8_t *)b.weights;
    int32_t kernel = 0;
    for (; kernel + many <= b.kernels; kernel += many) {
        sk_blocked_kernels(b, w, ring, at, kernel, many, windows, output, to);
        w += many * b.length;
    }
    if (b.kernels % many > 0) {
        sk_blocked_kernels(b, w, ring, at, kernel, 1, windows, output, to);
    }
}

/* One or two kernels of few levels on a row of windows: they are expanded once for it. */
SK_INLINE void sk_block_row_narrow(
    sk_blocks b, const void *ring, int32_t columns, int32_t kernel, int32_t kernels,
    void *output, int32_t to)
{
    const SK_FLASH int8_t *const w = (const SK_FLASH int8_t *)(uintptr_t)b.expanded;
    for (int32_t n = 0; n < kernels; n++) {
        sk_line_expand(
            b.weights, b.weight_type, kernel + n, b.length, b.expanded + n * b.length);
    }
    for (int32_t column = 0; column + 2 <= columns; column += 2) {
        sk_blocked_kernels(
            b, w, ring, column * b.distance, kernel, kernels, 2, output, to + column * b.kernels);
    }
    if (columns % 2 > 0) {
        const int32_t last = columns - 1;
        sk_blocked_kernels(
            b, w, ring, last * b.distance, kernel, kernels, 1, output, to + last * b.kernels);
    }
}

/* A row of windows, whose results begin at entry `to`. */
SK_INLINE void sk_block_row(
    sk_blocks b, const void *ring, int32_t columns, void *output, int32_t to)
{
    if (sk_is_narrow(b.weight_type)) {
        const int32_t many = SK_BLOCK_KERNELS;
        int32_t kernel = 0;
        for (; kernel + many <= b.kernels; kernel += many) {
            sk_block_row_narrow(b, ring, columns, kernel, many, output, to);
        }
        if (b.kernels % many > 0) {
            sk_block_row_narrow(b, ring, columns, kernel, 1, output, to);
        }
        return;
    }
    for (int32_t column = 0; column + 2 <= columns; column += 2) {
        sk_block(b, ring, column * b.distance, 2, output, to + column * b.kernels);
    }
    if (columns % 2 > 0) {
        const int32_t last = columns - 1;
        sk_block(b, ring, last * b.distance, 1, output, to + last * b.kernels);
    }
}

/* A map (rows, columns, kernels). */
SK_INLINE void sk_blocked_conv(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    const SK_FLASH void *weights, sk_type weight_type, const SK_FLASH int32_t *bias,
    sk_kernels kernels, sk_padding padding, sk_requantization to, void *ring, int8_t *expanded)
{
    const sk_conv_ring r =
        sk_conv_ring_of(input, input_type, input_type, map, kernels, padding, 1);
    const sk_blocks b = {
        weights, weight_type, expanded, bias, kernels.kernels, kernels.width * r.column,
        kernels.column_stride * r.column, input_type, output_type, to};
    const int32_t rows = sk_row_windows(map, kernels, padding).count;
    const int32_t columns = sk_column_windows(map, kernels, padding).count;
    sk_conv_start(r, ring);
    for (int32_t row = 0; row < rows; row++) {
        sk_conv_next_rows(r, ring, row);
        sk_block_row(b, ring, columns, output, row * columns * b.kernels);
    }
}

#endif
