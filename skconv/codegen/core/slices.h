/* Layers whose weights are expanded to RAM, a few kernels at a time. */
#ifndef SKCONV_SLICES_H
#define SKCONV_SLICES_H

#include "conv.h"
#include "expand.h"
#include "vector.h"

/* Expands `most` kernels at a time to `weights`. */
typedef struct {
    sk_expand expand;
    int8_t *weights;
    int32_t most;
} sk_slices;

/* How many kernels a slice from `first` on has. */
SK_INLINE int32_t sk_slice_count(sk_slices slices, int32_t first, int32_t kernels)
{
    return kernels - first < slices.most ? kernels - first : slices.most;
}

/* `count` kernels from `first` on, whose weights and biases `a` begins with, at one window. */
SK_INLINE void sk_slice_pixel(
    sk_conv_inputs a, sk_conv_output out, int32_t first, int32_t count, int32_t top, int32_t left,
    bool inside, int32_t at)
{
    const sk_bank bank = sk_bank_of(a.map, a.kernels);
    const int32_t parts = a.kernels.shared ? bank.parts : 1;
    uint32_t code = 0;
    for (int32_t part = 0; part < parts; part++) {
        for (int32_t n = 0; n < count; n++) {
            const int32_t kernel = first + n;
            const int32_t seen = a.kernels.shared ? part : kernel / bank.kernels * bank.channels;
            const int32_t sum = sk_conv_sum(a, n, seen, bank.channels, top, left, inside);
            const int32_t entry = part * bank.kernels + kernel;
            if (out.bits == 0) {
                const int32_t value = sk_requantize(sum, kernel, out.to);
                sk_store(out.tensor, out.type, at + entry, value);
                continue;
            }
            const int32_t bit = entry % out.bits;
            code |= (sum > 0 ? (uint32_t)1 : 0) << bit;
            if (bit == out.bits - 1) {
                sk_store(out.tensor, out.type, at + entry / out.bits, (int32_t)code);
                code = 0;
            }
        }
    }
}

/* All windows, by `count` kernels from `first` on. */
SK_INLINE void sk_slice_map(sk_conv_inputs a, sk_conv_output out, int32_t first, int32_t count)
{
    const sk_kernels k = a.kernels;
    const sk_windows rows = sk_row_windows(a.map, k, a.padding);
    const sk_windows columns = sk_column_windows(a.map, k, a.padding);
    const int32_t maps = k.kernels * (k.shared ? a.map.channels : 1);
    const int32_t depth = out.bits == 0 ? maps : maps / out.bits;
    for (int32_t row = 0; row < rows.count; row++) {
        const bool row_inside = row >= rows.first && row < rows.end;
        const int32_t top = row * k.row_stride - a.padding.top;
        for (int32_t column = 0; column < columns.count; column++) {
            const int32_t left = column * k.column_stride - a.padding.left;
            const int32_t at = (row * columns.count + column) * depth;
            if (row_inside && column >= columns.first && column < columns.end) {
                sk_slice_pixel(a, out, first, count, top, left, true, at);
            } else {
                sk_slice_pixel(a, out, first, count, top, left, false, at);
            }
        }
    }
}

/* A convolution by slices of kernels: a slice of codes has whole codes. */
SK_INLINE void sk_conv_sliced(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    const SK_FLASH int32_t *bias, sk_kernels kernels, sk_padding padding, int32_t bits,
    sk_requantization to, sk_slices slices)
{
    const SK_FLASH void *const weights = (const SK_FLASH void *)(uintptr_t)slices.weights;
    const sk_conv_output out = {output, output_type, bits, to};
    for (int32_t first = 0; first < kernels.kernels; first += slices.most) {
        const int32_t count = sk_slice_count(slices, first, kernels.kernels);
        const sk_conv_inputs a = {
            input, input_type, map, weights, SK_INT8_IN_RAM, bias + first, kernels, padding,
            SK_NOT_SEPARABLE};
        slices.expand(first, count, slices.weights);
        sk_slice_map(a, out, first, count);
    }
}

/* A linear layer by slices of rows: the sums as they are, or requantised. */
SK_INLINE void sk_linear_sliced(
    const void *input, sk_type input_type, void *output, sk_type output_type,
    const SK_FLASH int32_t *bias, int32_t rows, int32_t columns, bool is_requantized,
    sk_requantization to, sk_slices slices)
{
    const SK_FLASH void *const weights = (const SK_FLASH void *)(uintptr_t)slices.weights;
    for (int32_t first = 0; first < rows; first += slices.most) {
        const int32_t count = sk_slice_count(slices, first, rows);
        slices.expand(first, count, slices.weights);
        for (int32_t i = 0; i < count; i++) {
            const int32_t sum = sk_expanded_dot(
                input, input_type, 0, weights, i * columns, columns, bias[first + i]);
            const int32_t value = is_requantized ? sk_requantize(sum, first + i, to) : sum;
            sk_store(output, output_type, first + i, value);
        }
    }
}

#endif
