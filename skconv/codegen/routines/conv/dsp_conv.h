/* Convolutions of integer maps by packed products.
 *
 * The products of a window are the work of a printed routine (`sk_conv_block`), which this
 * file calls for every few windows. Tables and rings begin at multiples of four bytes.
 */
#ifndef SKCONV_DSP_CONV_H
#define SKCONV_DSP_CONV_H

#include "conv_ring.h"
#include "dsp_naked.h"
#include "requantize.h"

/* All kernels on a few windows that begin at `x`, as the table tells: for every two
 * kernels in turn 2 biases, per step four weights of the first and four of the second
 * (8 bits: bytes 0, 2, 1, 3 for values 0 to 3), 2 multipliers. Of 4 bits, a step is one word of
 * such bytes, each 16 times the weight of the second kernel plus that of the first. Sums are 16
 * times what they stand for then, and the second one has a sixteenth of the first in it. */
typedef void sk_conv_block(const int16_t *x, const int32_t *table, void *output);

typedef struct {
    int32_t windows;
    int32_t distance; /* of windows, in values */
    int32_t steps;    /* of four values, in a window */
    int32_t kernels;
    int32_t weight_bits;
} sk_conv_sizes;

/* A step of 4 bits: 16 times the weights of the first kernel, or of the second. */
SK_INLINE int32_t sk_conv_step_narrow(
    const int16_t *x, uint32_t word, int32_t second, int32_t sum)
{
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t place = (i & 1) * 2 + i / 2;
        const int32_t byte = (int8_t)(uint8_t)(word >> (8 * place));
        const int32_t low = ((byte & 15) ^ 8) - 8;
        sum = sk_wrapping_sum(sum, x[i] * (second == 1 ? byte - low : 16 * low));
    }
    return sum;
}

/* The work of a printed routine, in plain C. */
SK_INLINE int32_t sk_conv_step(
    const int16_t *x, const int32_t *weights, int32_t bits, int32_t second, int32_t sum)
{
    if (bits == 4) {
        return sk_conv_step_narrow(x, (uint32_t)weights[0], second, sum);
    }
    if (bits == 16) {
        sum = sk_smlad(sk_load32(x), (uint32_t)weights[0], sum);
        return sk_smlad(sk_load32(x + 2), (uint32_t)weights[1], sum);
    }
    sum = sk_smlad(sk_load32(x), sk_sxtb16((uint32_t)weights[0]), sum);
    return sk_smlad(sk_load32(x + 2), sk_sxtb16_ror8((uint32_t)weights[0]), sum);
}

SK_INLINE void sk_conv_block_plain(
    const int16_t *x, const int32_t *table, void *output, sk_type type, sk_conv_sizes s,
    sk_requantization to)
{
    const int32_t words = s.weight_bits / 8; /* of the four weights of one kernel */
    const int32_t step_words = s.weight_bits / 4;
    for (int32_t kernel = 0; kernel < s.kernels; kernel++) {
        const int32_t second = kernel % 2;
        const int32_t *weights = table + 2 + words * second;
        const int32_t *multipliers = table + 2 + step_words * s.steps;
        to.multiplier = multipliers[second];
        for (int32_t window = 0; window < s.windows; window++) {
            const int16_t *values = x + window * s.distance;
            int32_t sum = table[second];
            if (s.weight_bits == 4 && second == 1) {
                sum -= table[0] >> 4;
            }
            for (int32_t step = 0; step < s.steps; step++) {
                sum = sk_conv_step(
                    values + 4 * step, weights + step_words * step, s.weight_bits, second, sum);
            }
            sk_store(output, type, window * s.kernels + kernel, sk_requantize(sum, 0, to));
        }
        if (second == 1) {
            table = multipliers + 2;
        }
    }
}

/* A row of it: `columns` windows, `distance` apart in the ring; results of `bytes` each. */
SK_INLINE void sk_dsp_conv_row(
    const int16_t *ring, int32_t distance, uint8_t *to, int32_t bytes, int32_t columns,
    const int32_t *table, int32_t windows, sk_conv_block *block, sk_conv_block *rest)
{
    for (int32_t i = columns / windows; i > 0; i--) {
        block(ring, table, to);
        ring += windows * distance;
        to += windows * bytes;
    }
    if (columns % windows > 0) {
        rest(ring, table, to);
    }
}

/* A map (rows, columns, kernels). `block` is for `windows` windows at a time, `rest` for
 * those that are left over in a row. */
SK_INLINE void sk_dsp_conv(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    const int32_t *table, sk_kernels kernels, sk_padding padding, int32_t windows,
    sk_conv_block *block, sk_conv_block *rest, int16_t *ring)
{
    const sk_conv_ring r =
        sk_conv_ring_of(input, input_type, SK_INT16, map, kernels, padding, 4);
    const int32_t rows = sk_row_windows(map, kernels, padding).count;
    const int32_t columns = sk_column_windows(map, kernels, padding).count;
    const int32_t distance = kernels.column_stride * r.column;
    const int32_t bytes = kernels.kernels * sk_bytes(output_type);
    uint8_t *to = (uint8_t *)output;
    sk_conv_start(r, ring);
    for (int32_t row = 0; row < rows; row++) {
        sk_conv_next_rows(r, ring, row);
        sk_dsp_conv_row(ring, distance, to, bytes, columns, table, windows, block, rest);
        to += columns * bytes;
    }
}

/* Kernels of one pixel at every pixel: a few pixels at a time are widened. */
SK_INLINE void sk_dsp_conv_pixels(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t pixels,
    int32_t channels, const int32_t *table, int32_t kernels, int32_t windows,
    sk_conv_block *block, sk_conv_block *rest, int16_t *few)
{
    const int32_t bytes = kernels * sk_bytes(output_type);
    const sk_conv_ring r = {
        input, input_type, SK_INT16, {1, pixels, channels}, {kernels, 1, 1, 1, 1, 1, 1, 1, false},
        {0, 0, 0, 0, false}, windows, channels, windows * channels};
    uint8_t *to = (uint8_t *)output;
    int32_t at = 0;
    for (int32_t i = pixels / windows; i > 0; i--) {
        sk_conv_take(r, few, 0, at, windows * channels);
        block(few, table, to);
        at += windows * channels;
        to += windows * bytes;
    }
    if (pixels % windows > 0) {
        sk_conv_take(r, few, 0, at, pixels % windows * channels);
        rest(few, table, to);
    }
}

#endif
