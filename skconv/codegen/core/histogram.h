/* Histograms of the codes in the blocks of a map. */
#ifndef SKCONV_HISTOGRAM_H
#define SKCONV_HISTOGRAM_H

#include "window.h"

/* Counts (rows, columns, maps * bins) of codes below `bins`; bins fastest. */
SK_INLINE void sk_block_histogram(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_pool block, int32_t bins)
{
    const int32_t rows = sk_window_count(map.height, block.height, block.row_stride);
    const int32_t columns = sk_window_count(map.width, block.width, block.column_stride);
    for (int32_t i = 0; i < rows * columns * map.channels * bins; i++) {
        sk_store(output, output_type, i, 0);
    }
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t column = 0; column < columns; column++) {
            const int32_t first = (row * block.row_stride * map.width
                                   + column * block.column_stride) * map.channels;
            const int32_t histograms = (row * columns + column) * map.channels * bins;
            for (int32_t i = 0; i < block.height; i++) {
                for (int32_t j = 0; j < block.width * map.channels; j++) {
                    const int32_t code =
                        sk_load(input, input_type, first + i * map.width * map.channels + j);
                    const int32_t bin = histograms + (j % map.channels) * bins + code;
                    sk_store(output, output_type, bin, sk_load(output, output_type, bin) + 1);
                }
            }
        }
    }
}

#endif
