/* Borders and resampling of maps of floats. */
#ifndef SKCONV_FLOAT_SPATIAL_H
#define SKCONV_FLOAT_SPATIAL_H

#include "float_math.h"
#include "spatial.h"

/* Minus infinity, which fills a border of the lowest number. */
#define SK_FLOAT_LOWEST sk_float_from_bits(0xff800000u)

/* A map with a border that holds one value. */
SK_INLINE void sk_float_pad(
    const float *input, float *output, sk_map map, sk_padding padding, float value)
{
    sk_pad_bytes(input, output, (int32_t)sizeof(float), map, padding, &value);
}

/* Rows (new height, height) times a map times columns (new width, width) transposed: of one
 * channel, one entry.
 */
SK_INLINE float sk_float_resampled(
    const float *channel, sk_map map, const SK_FLASH float *rows, const SK_FLASH float *columns)
{
    float total = 0.0f;
    for (int32_t i = 0; i < map.height; i++) {
        if (rows[i] != 0.0f) {
            float sum = 0.0f;
            for (int32_t j = 0; j < map.width; j++) {
                sum += columns[j] * channel[(i * map.width + j) * map.channels];
            }
            total += rows[i] * sum;
        }
    }
    return total;
}

SK_INLINE void sk_float_resize(
    const float *input, float *output, sk_map map, const SK_FLASH float *rows,
    const SK_FLASH float *columns, int32_t height, int32_t width)
{
    for (int32_t row = 0; row < height; row++) {
        for (int32_t column = 0; column < width; column++) {
            for (int32_t c = 0; c < map.channels; c++) {
                *output++ = sk_float_resampled(
                    input + c, map, rows + row * map.height, columns + column * map.width);
            }
        }
    }
}

#endif
