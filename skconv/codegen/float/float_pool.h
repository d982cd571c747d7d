/* Pooling of float maps. Windows that reach beyond the map are left out. */
#ifndef SKCONV_FLOAT_POOL_H
#define SKCONV_FLOAT_POOL_H

#include "float_math.h"
#include "window.h"

typedef enum {
    SK_FLOAT_POOL_MAX,
    SK_FLOAT_POOL_MEAN,
    SK_FLOAT_POOL_SUM,
    SK_FLOAT_POOL_L2,
    SK_FLOAT_POOL_TENT
} sk_float_pooling;

/* The sum of the weights of one axis of a tent. */
SK_INLINE int32_t sk_tent_sum(int32_t size)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < size; i++) {
        sum += sk_tent(i, size);
    }
    return sum;
}

/* What an entry at row `i` and column `j` of a window counts in its sum. */
SK_INLINE float sk_float_pool_weight(
    sk_float_pooling pooling, sk_pool pool, int32_t i, int32_t j)
{
    const bool is_tent = pooling == SK_FLOAT_POOL_TENT;
    return is_tent ? (float)(sk_tent(i, pool.height) * sk_tent(j, pool.width)) : 1.0f;
}

/* Largest entry, (weighted) mean, sum, or root of the sum of squares of one window. */
SK_INLINE float sk_float_pool_window(
    sk_float_pooling pooling, const float *first, sk_map map, sk_pool pool)
{
    float result = pooling == SK_FLOAT_POOL_MAX ? *first : 0.0f;
    for (int32_t i = 0; i < pool.height; i++) {
        for (int32_t j = 0; j < pool.width; j++) {
            const float value = first[(i * map.width + j) * map.channels];
            if (pooling == SK_FLOAT_POOL_MAX) {
                result = value > result ? value : result;
            } else {
                const float addend = pooling == SK_FLOAT_POOL_L2 ? value * value : value;
                result += addend * sk_float_pool_weight(pooling, pool, i, j);
            }
        }
    }
    if (pooling == SK_FLOAT_POOL_MEAN) {
        return result * (1.0f / (float)(pool.height * pool.width));
    }
    if (pooling == SK_FLOAT_POOL_TENT) {
        return result / ((float)sk_tent_sum(pool.height) * (float)sk_tent_sum(pool.width));
    }
    return pooling == SK_FLOAT_POOL_L2 ? sk_float_sqrt(result) : result;
}

SK_INLINE void sk_float_pool(
    sk_float_pooling pooling, const float *input, float *output, sk_map map, sk_pool pool)
{
    const int32_t rows = sk_window_count(map.height, pool.height, pool.row_stride);
    const int32_t columns = sk_window_count(map.width, pool.width, pool.column_stride);
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t column = 0; column < columns; column++) {
            const int32_t first = (row * pool.row_stride * map.width
                                   + column * pool.column_stride) * map.channels;
            for (int32_t c = 0; c < map.channels; c++) {
                *output = sk_float_pool_window(pooling, input + first + c, map, pool);
                output++;
            }
        }
    }
}

#endif
