/* Convolution of float maps. */
#ifndef SKCONV_FLOAT_CONV_H
#define SKCONV_FLOAT_CONV_H

#include "window.h"

typedef struct {
    const float *input;
    sk_map map;
    const SK_FLASH float *weights; /* (kernels, height, width, channels of a group) */
    const SK_FLASH float *bias;
    sk_kernels kernels;
    sk_padding padding;
} sk_float_conv_inputs;

/* Bias plus weights times input, for one kernel and the window at (top, left). */
SK_INLINE float sk_float_conv_sum(
    sk_float_conv_inputs a, int32_t kernel, int32_t first_channel, int32_t channels,
    int32_t top, int32_t left, bool inside)
{
    const sk_kernels k = a.kernels;
    const bool circular = a.padding.circular;
    float sum = a.bias[kernel];
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
            const float *const x =
                a.input + (row * a.map.width + column) * a.map.channels + first_channel;
            const SK_FLASH float *const w =
                a.weights + ((kernel * k.height + i) * k.width + j) * channels;
            for (int32_t c = 0; c < channels; c++) {
                sum += x[c] * w[c];
            }
        }
    }
    return sum;
}

/* All kernels on the window at (top, left). */
SK_INLINE void sk_float_conv_pixel(
    sk_float_conv_inputs a, float *output, int32_t top, int32_t left, bool inside)
{
    const sk_bank bank = sk_bank_of(a.map, a.kernels);
    for (int32_t part = 0; part < bank.parts; part++) {
        for (int32_t n = 0; n < bank.kernels; n++) {
            output[part * bank.kernels + n] = sk_float_conv_sum(
                a, part * bank.kernel_step + n, part * bank.channels, bank.channels, top, left,
                inside);
        }
    }
}

/* A map (rows, columns, kernels); windows inside the map run without a test of their taps. */
SK_INLINE void sk_float_conv(
    const float *input, float *output, sk_map map, const SK_FLASH float *weights,
    const SK_FLASH float *bias, sk_kernels k, sk_padding padding)
{
    const sk_float_conv_inputs a = {input, map, weights, bias, k, padding};
    const sk_windows rows = sk_row_windows(map, k, padding);
    const sk_windows columns = sk_column_windows(map, k, padding);
    const int32_t depth = k.kernels * (k.shared ? map.channels : 1);
    for (int32_t row = 0; row < rows.count; row++) {
        const bool row_inside = row >= rows.first && row < rows.end;
        const int32_t top = row * k.row_stride - padding.top;
        for (int32_t column = 0; column < columns.count; column++) {
            const int32_t left = column * k.column_stride - padding.left;
            if (row_inside && column >= columns.first && column < columns.end) {
                sk_float_conv_pixel(a, output, top, left, true);
            } else {
                sk_float_conv_pixel(a, output, top, left, false);
            }
            output += depth;
        }
    }
}

#endif
