/* Convolutions of integer maps: int32 sums, requantised or hashed to codes. */
#ifndef SKCONV_CONV_H
#define SKCONV_CONV_H

#include "expanded.h"
#include "narrow.h"
#include "requantize.h"
#include "separable.h"

/* The output: requantised sums, or codes of `bits` signs each where bits > 0. */
typedef struct {
    void *tensor;
    sk_type type;
    int32_t bits;
    sk_requantization to; /* last: old compilers lose track of fields after inner braces */
} sk_conv_output;

/* What a tap of a kernel of few levels adds: the input from entry `x` on times its weights. */
SK_INLINE int32_t sk_conv_narrow(
    sk_conv_inputs a, int32_t kernel, int32_t tap, int32_t x, int32_t channels)
{
    const int32_t size = a.kernels.height * a.kernels.width * channels;
    const sk_line begin = sk_line_at(a.weights, a.weight_type, kernel, size);
    sk_line line = sk_line_from(begin, a.weight_type, tap * channels);
    int32_t sum = 0;
    for (int32_t c = 0; c < channels; c++) {
        sum += sk_load(a.input, a.input_type, x + c) * sk_line_next(&line, a.weight_type);
    }
    return sum;
}

/* Bias plus weights times input, for one kernel and the window at (top, left). */
SK_INLINE int32_t sk_conv_sum(
    sk_conv_inputs a, int32_t kernel, int32_t first_channel, int32_t channels, int32_t top,
    int32_t left, bool inside)
{
    if (a.factors.count > 0) {
        return sk_separable_sum(a, kernel, top, left, inside);
    }
    const sk_kernels k = a.kernels;
    const bool circular = a.padding.circular;
    int32_t sum = a.bias[kernel];
    for (int32_t i = 0; i < k.height; i++) {
        const int32_t row = sk_tap(top + i * k.row_dilation, a.map.height, circular, inside);
        if (!inside && row < 0) {
            continue;
        }
        for (int32_t j = 0; j < k.width; j++) {
            const int32_t column =
                sk_tap(left + j * k.column_dilation, a.map.width, circular, inside);
            if (!inside && column < 0) {
                continue;
            }
            const int32_t x = (row * a.map.width + column) * a.map.channels + first_channel;
            if (sk_is_narrow(a.weight_type)) {
                sum += sk_conv_narrow(a, kernel, i * k.width + j, x, channels);
                continue;
            }
            const int32_t w = ((kernel * k.height + i) * k.width + j) * channels;
            if (a.weight_type == SK_INT8_IN_RAM) {
                /* Taps side by side are one run of the input. */
                const bool runs = inside && k.column_dilation == 1 && channels == a.map.channels;
                const int32_t size = runs ? k.width * channels : channels;
                sum = sk_expanded_dot(a.input, a.input_type, x, a.weights, w, size, sum);
                if (runs) {
                    break;
                }
                continue;
            }
            for (int32_t c = 0; c < channels; c++) {
                sum += sk_load(a.input, a.input_type, x + c)
                       * sk_load_table(a.weights, a.weight_type, w + c);
            }
        }
    }
    return sum;
}

/* All kernels on the window at (top, left); the output begins at entry `at`. */
SK_INLINE void sk_conv_pixel(
    sk_conv_inputs a, sk_conv_output out, int32_t top, int32_t left, bool inside, int32_t at)
{
    const sk_bank bank = sk_bank_of(a.map, a.kernels);
    uint32_t code = 0;
    int32_t bit = 0;
    for (int32_t part = 0; part < bank.parts; part++) {
        for (int32_t n = 0; n < bank.kernels; n++) {
            const int32_t kernel = part * bank.kernel_step + n;
            const int32_t sum = sk_conv_sum(
                a, kernel, part * bank.channels, bank.channels, top, left, inside);
            if (out.bits == 0) {
                sk_store(out.tensor, out.type, at, sk_requantize(sum, kernel, out.to));
                at++;
                continue;
            }
            code |= (sum > 0 ? (uint32_t)1 : 0) << bit;
            bit++;
            if (bit == out.bits) {
                sk_store(out.tensor, out.type, at, (int32_t)code);
                at++;
                code = 0;
                bit = 0;
            }
        }
    }
}

/* Computes every window. Windows inside the map need no test of their taps. */
SK_INLINE void sk_conv_map(sk_conv_inputs a, sk_conv_output out)
{
    const sk_kernels k = a.kernels;
    const sk_windows rows = sk_row_windows(a.map, k, a.padding);
    const sk_windows columns = sk_column_windows(a.map, k, a.padding);
    const int32_t maps = k.kernels * (k.shared ? a.map.channels : 1);
    const int32_t depth = out.bits == 0 ? maps : maps / out.bits;
    for (int32_t row = 0; row < rows.count; row++) {
        const bool row_inside = row >= rows.first && row < rows.end;
        const int32_t first = row_inside ? columns.first : columns.count;
        const int32_t end = row_inside ? columns.end : columns.count;
        const int32_t top = row * k.row_stride - a.padding.top;
        const int32_t at = row * columns.count * depth;
        for (int32_t column = first; column < end; column++) {
            const int32_t left = column * k.column_stride - a.padding.left;
            sk_conv_pixel(a, out, top, left, true, at + column * depth);
        }
        const int32_t on_the_border = columns.count - (end - first);
        for (int32_t i = 0; i < on_the_border; i++) {
            const int32_t column = i < first ? i : i + (end - first);
            const int32_t left = column * k.column_stride - a.padding.left;
            sk_conv_pixel(a, out, top, left, false, at + column * depth);
        }
    }
}

/* The same of separable kernels, without room for lines. */
SK_INLINE void sk_conv_separable(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    const SK_FLASH int32_t *bias, sk_separable factors, sk_kernels kernels, sk_padding padding,
    sk_requantization to)
{
    const sk_conv_inputs a = {
        input, input_type, map, 0, SK_INT8, bias, kernels, padding, factors};
    const sk_conv_output out = {output, output_type, 0, to};
    sk_conv_map(a, out);
}

/* A map (rows, columns, kernels), requantised per kernel. */
SK_INLINE void sk_conv(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    const SK_FLASH void *weights, sk_type weight_type, const SK_FLASH int32_t *bias,
    sk_kernels kernels, sk_padding padding, sk_requantization to)
{
    const sk_conv_inputs a = {
        input, input_type, map, weights, weight_type, bias, kernels, padding, SK_NOT_SEPARABLE};
    const sk_conv_output out = {output, output_type, 0, to};
    sk_conv_map(a, out);
}

/* Codes of `bits` signs each: bit j is set where the j-th sum of a run is > 0. */
SK_INLINE void sk_conv_hash(
    const void *input, sk_type input_type, uint8_t *output, sk_map map,
    const SK_FLASH void *weights, sk_type weight_type, const SK_FLASH int32_t *bias,
    sk_kernels kernels, sk_padding padding, int32_t bits)
{
    const sk_conv_inputs a = {
        input, input_type, map, weights, weight_type, bias, kernels, padding, SK_NOT_SEPARABLE};
    const sk_conv_output out = {output, SK_UINT8, bits, {0, 0, 0, 0, 0}};
    sk_conv_map(a, out);
}

#endif
