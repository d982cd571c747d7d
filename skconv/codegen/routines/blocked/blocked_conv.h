/* Convolutions of integer maps in plain C, two kernels on two windows at a time.
 *
 * Every value that is loaded meets two weights, every weight two values. The rows wait in
 * a ring in the type of the input, so the inner loop has no borders and one index.
 */
#ifndef SKCONV_BLOCKED_CONV_H
#define SKCONV_BLOCKED_CONV_H

#include "conv_ring.h"
#include "requantize.h"

typedef struct {
    const SK_FLASH int8_t *weights; /* (kernels, length) in the order of a window in the ring */
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
    sk_blocks b, const void *ring, int32_t at, int32_t kernel, int32_t kernels, int32_t windows)
{
    const SK_FLASH int8_t *w = b.weights + kernel * b.length;
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

/* All kernels on one or two windows from entry `at` of the ring on. */
SK_INLINE void sk_block(
    sk_blocks b, const void *ring, int32_t at, int32_t windows, void *output, int32_t to)
{
    const int32_t many = SK_BLOCK_KERNELS;
    int32_t kernel = 0;
    for (; kernel + many <= b.kernels; kernel += many) {
        const sk_blocked_sums s = sk_block_products(b, ring, at, kernel, many, windows);
        sk_block_store(b, output, to, kernel, windows, s.a0, s.a1);
        if (many > 1) {
            sk_block_store(b, output, to, kernel + 1, windows, s.b0, s.b1);
        }
    }
    if (b.kernels % many > 0) {
        const sk_blocked_sums s = sk_block_products(b, ring, at, kernel, 1, windows);
        sk_block_store(b, output, to, kernel, windows, s.a0, s.a1);
    }
}

/* A map (rows, columns, kernels). */
SK_INLINE void sk_blocked_conv(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    const SK_FLASH int8_t *weights, const SK_FLASH int32_t *bias, sk_kernels kernels,
    sk_padding padding, sk_requantization to, void *ring)
{
    const sk_conv_ring r =
        sk_conv_ring_of(input, input_type, input_type, map, kernels, padding, 1);
    const sk_blocks b = {
        weights, bias, kernels.kernels, kernels.width * r.column,
        kernels.column_stride * r.column, input_type, output_type, to};
    const int32_t rows = sk_row_windows(map, kernels, padding).count;
    const int32_t columns = sk_column_windows(map, kernels, padding).count;
    int32_t at = 0;
    sk_conv_start(r, ring);
    for (int32_t row = 0; row < rows; row++) {
        sk_conv_next_rows(r, ring, row);
        for (int32_t column = 0; column + 2 <= columns; column += 2) {
            sk_block(b, ring, column * b.distance, 2, output, at);
            at += 2 * b.kernels;
        }
        if (columns % 2 > 0) {
            sk_block(b, ring, (columns - 1) * b.distance, 1, output, at);
            at += b.kernels;
        }
    }
}

#endif
