/* Binary hashing and block histograms in a float graph: codes and counts are floats. */
#ifndef SKCONV_FLOAT_HASH_H
#define SKCONV_FLOAT_HASH_H

#include "window.h"

/* `size` codes of `bits` bits: bit j is set where the j-th entry of a run is > 0. */
SK_INLINE void sk_float_hash(const float *input, float *output, int32_t size, int32_t bits)
{
    for (int32_t i = 0; i < size; i++) {
        int32_t code = 0;
        for (int32_t j = 0; j < bits; j++) {
            code += input[i * bits + j] > 0.0f ? (int32_t)1 << j : 0;
        }
        output[i] = (float)code;
    }
}

/* Counts (rows, columns, maps * bins) of codes below `bins`; bins fastest. */
SK_INLINE void sk_float_block_histogram(
    const float *input, float *output, sk_map map, sk_pool block, int32_t bins)
{
    const int32_t rows = sk_window_count(map.height, block.height, block.row_stride);
    const int32_t columns = sk_window_count(map.width, block.width, block.column_stride);
    for (int32_t i = 0; i < rows * columns * map.channels * bins; i++) {
        output[i] = 0.0f;
    }
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t column = 0; column < columns; column++) {
            const int32_t first = (row * block.row_stride * map.width
                                   + column * block.column_stride) * map.channels;
            float *const histograms = output + (row * columns + column) * map.channels * bins;
            for (int32_t i = 0; i < block.height; i++) {
                for (int32_t j = 0; j < block.width * map.channels; j++) {
                    const float code = input[first + i * map.width * map.channels + j];
                    histograms[(j % map.channels) * bins + (int32_t)code] += 1.0f;
                }
            }
        }
    }
}

#endif
