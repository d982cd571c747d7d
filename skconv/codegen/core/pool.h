/* Pooling of integer maps. Windows that reach beyond the map are left out. */
#ifndef SKCONV_POOL_H
#define SKCONV_POOL_H

#include "requantize.h"
#include "root.h"
#include "window.h"

typedef enum { SK_POOL_MAX, SK_POOL_MEAN, SK_POOL_L2, SK_POOL_TENT } sk_pooling;

/* What an entry at row `i` and column `j` of a window counts in its sum. */
SK_INLINE int32_t sk_pool_weight(sk_pooling pooling, sk_pool pool, int32_t i, int32_t j)
{
    return pooling == SK_POOL_TENT ? sk_tent(i, pool.height) * sk_tent(j, pool.width) : 1;
}

/* Largest entry, (weighted) sum, or rounded root of the sum of squares of one window. */
SK_INLINE int32_t sk_pool_window(
    sk_pooling pooling, const void *input, sk_type type, sk_map map, sk_pool pool, int32_t first)
{
    int32_t result = pooling == SK_POOL_MAX ? sk_load(input, type, first) : 0;
    for (int32_t i = 0; i < pool.height; i++) {
        for (int32_t j = 0; j < pool.width; j++) {
            const int32_t value =
                sk_load(input, type, first + (i * map.width + j) * map.channels);
            if (pooling == SK_POOL_MAX) {
                result = value > result ? value : result;
            } else {
                const int32_t addend = pooling == SK_POOL_L2 ? value * value : value;
                result += addend * sk_pool_weight(pooling, pool, i, j);
            }
        }
    }
    return pooling == SK_POOL_L2 ? (int32_t)sk_rounded_root((uint32_t)result) : result;
}

SK_INLINE void sk_pool_map(
    sk_pooling pooling, const void *input, sk_type input_type, void *output,
    sk_type output_type, sk_map map, sk_pool pool, sk_requantization to)
{
    const int32_t rows = sk_window_count(map.height, pool.height, pool.row_stride);
    const int32_t columns = sk_window_count(map.width, pool.width, pool.column_stride);
    int32_t at = 0;
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t column = 0; column < columns; column++) {
            const int32_t first = (row * pool.row_stride * map.width
                                   + column * pool.column_stride) * map.channels;
            for (int32_t c = 0; c < map.channels; c++) {
                const int32_t value =
                    sk_pool_window(pooling, input, input_type, map, pool, first + c);
                sk_store(
                    output, output_type, at,
                    pooling == SK_POOL_MAX ? value : sk_requantize(value, c, to));
                at++;
            }
        }
    }
}

SK_INLINE void sk_max_pool(
    const void *input, void *output, sk_type type, sk_map map, sk_pool pool)
{
    const sk_requantization unused = {0, 0, 0, 0, 0};
    sk_pool_map(SK_POOL_MAX, input, type, output, type, map, pool, unused);
}

/* Sum of every window, requantised: the multiplier holds 1 / area. */
SK_INLINE void sk_mean_pool(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_pool pool, sk_requantization to)
{
    sk_pool_map(SK_POOL_MEAN, input, input_type, output, output_type, map, pool, to);
}

/* Weighted sum of every window, requantised: the multiplier holds 1 / weight. */
SK_INLINE void sk_tent_pool(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_pool pool, sk_requantization to)
{
    sk_pool_map(SK_POOL_TENT, input, input_type, output, output_type, map, pool, to);
}

/* Rounded root of the sum of squares of every window, requantised. */
SK_INLINE void sk_l2_pool(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_pool pool, sk_requantization to)
{
    sk_pool_map(SK_POOL_L2, input, input_type, output, output_type, map, pool, to);
}

#endif
