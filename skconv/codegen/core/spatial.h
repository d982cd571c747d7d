/* Borders, repetition and resampling of maps. The first two: any type (`item` is the bytes of
 * one entry).
 */
#ifndef SKCONV_SPATIAL_H
#define SKCONV_SPATIAL_H

#include <string.h>

#include "requantize.h"
#include "window.h"

/* Writes `count` copies of the entry at `value` to `to`; returns where they end. */
SK_INLINE uint8_t *sk_fill(uint8_t *to, const void *value, int32_t item, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        memcpy(to, value, (size_t)item);
        to += item;
    }
    return to;
}

/* A map with a border that holds one value; `value` points to its bytes. */
SK_INLINE void sk_pad_bytes(
    const void *input, void *output, int32_t item, sk_map map, sk_padding padding,
    const void *value)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    const int32_t columns = padding.left + map.width + padding.right;
    const size_t row_bytes = (size_t)(map.width * map.channels * item);
    to = sk_fill(to, value, item, padding.top * columns * map.channels);
    for (int32_t row = 0; row < map.height; row++) {
        to = sk_fill(to, value, item, padding.left * map.channels);
        memcpy(to, from, row_bytes);
        to = sk_fill(to + row_bytes, value, item, padding.right * map.channels);
        from += row_bytes;
    }
    (void)sk_fill(to, value, item, padding.bottom * columns * map.channels);
}

/* The same for integers; `value` must fit the type. */
SK_INLINE void sk_pad(
    const void *input, void *output, sk_type type, sk_map map, sk_padding padding, int32_t value)
{
    const int8_t byte = (int8_t)value;
    const int16_t half = (int16_t)value;
    const void *const wide = sk_bytes(type) == 2 ? (const void *)&half : (const void *)&value;
    const void *const entry = sk_bytes(type) == 1 ? (const void *)&byte : wide;
    sk_pad_bytes(input, output, sk_bytes(type), map, padding, entry);
}

/* Repeats every pixel `rows` times downwards and `columns` times to the right. */
SK_INLINE void sk_upsample(
    const void *input, void *output, int32_t item, sk_map map, int32_t rows, int32_t columns)
{
    const size_t pixel_bytes = (size_t)(map.channels * item);
    const size_t row_bytes = pixel_bytes * (size_t)(map.width * columns);
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t row = 0; row < map.height; row++) {
        const uint8_t *const first = to;
        for (int32_t column = 0; column < map.width; column++) {
            for (int32_t i = 0; i < columns; i++) {
                memcpy(to, from, pixel_bytes);
                to += pixel_bytes;
            }
            from += pixel_bytes;
        }
        for (int32_t i = 1; i < rows; i++) {
            memcpy(to, first, row_bytes);
            to += row_bytes;
        }
    }
}

/* Along one axis: every output is a weighted sum of `taps` entries from its start on. */
typedef struct {
    int32_t size;
    int32_t taps;
    const SK_FLASH uint16_t *starts;
    const SK_FLASH int16_t *weights; /* (size, taps) */
} sk_runs;

typedef struct {
    sk_runs rows;
    sk_runs columns;
    int32_t shift; /* of the sums over rows, rounded */
} sk_resampling;

/* The sum over rows of one column, from entry `first` on. */
SK_INLINE int32_t sk_resampled_column(
    const void *input, sk_type type, int32_t first, int32_t step, int32_t row, sk_resampling by)
{
    int32_t sum = by.shift > 0 ? (int32_t)1 << (by.shift - 1) : 0;
    for (int32_t i = 0; i < by.rows.taps; i++) {
        sum += sk_load(input, type, first + i * step) * by.rows.weights[row * by.rows.taps + i];
    }
    return sum >> by.shift;
}

/* Resampling: rows and columns are weighted sums of the input's, requantised. */
SK_INLINE void sk_resize(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_map map,
    sk_resampling by, sk_requantization to)
{
    const int32_t step = map.width * map.channels;
    int32_t at = 0;
    for (int32_t row = 0; row < by.rows.size; row++) {
        for (int32_t column = 0; column < by.columns.size; column++) {
            const int32_t corner =
                by.rows.starts[row] * step + by.columns.starts[column] * map.channels;
            for (int32_t c = 0; c < map.channels; c++) {
                int32_t sum = 0;
                for (int32_t j = 0; j < by.columns.taps; j++) {
                    const int32_t first = corner + j * map.channels + c;
                    sum += sk_resampled_column(input, input_type, first, step, row, by)
                           * by.columns.weights[column * by.columns.taps + j];
                }
                sk_store(output, output_type, at, sk_requantize(sum, c, to));
                at++;
            }
        }
    }
}

#endif
