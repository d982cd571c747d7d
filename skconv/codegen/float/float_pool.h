/* Pooling of float maps. Windows that reach beyond the map are left out. */
#ifndef SKCONV_FLOAT_POOL_H
#define SKCONV_FLOAT_POOL_H

#include "float_math.h"
#include "window.h"

typedef enum {
    SK_FLOAT_POOL_MAX, SK_FLOAT_POOL_MEAN, SK_FLOAT_POOL_SUM, SK_FLOAT_POOL_L2
} sk_float_pooling;

/* Largest entry, mean, sum, or root of the sum of squares of one window. */
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
                result += pooling == SK_FLOAT_POOL_L2 ? value * value : value;
            }
        }
    }
    if (pooling == SK_FLOAT_POOL_MEAN) {
        return result * (1.0f / (float)(pool.height * pool.width));
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
