/* Convolutions of maps of 0 and 1 with kernels of signs: 32 products by counting bits of a word.
 *
 * The sum of a window is twice the ones where the sign is positive, less all of its ones. Zeros
 * around the map are zeros of the window.
 */
#ifndef SKCONV_COUNTED_CONV_H
#define SKCONV_COUNTED_CONV_H

#include "requantize.h"
#include "window.h"

/* The ones of a word: of pairs of bits, of four, of bytes, of all. */
SK_INLINE int32_t sk_count_ones(uint32_t x)
{
    x -= (x >> 1) & 0x55555555u;
    x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
    x = (x + (x >> 4)) & 0x0F0F0F0Fu;
    x += x >> 8;
    return (int32_t)((x + (x >> 16)) & 63u);
}

/* Words of the bits of a window. */
SK_INLINE int32_t sk_window_words(sk_map map, sk_kernels k)
{
    return (k.height * k.width * map.channels + 31) / 32;
}

/* The window at (top, left) as bits, from the lowest of the first word up. */
SK_INLINE void sk_window_bits(
    const uint8_t *input, sk_map map, sk_kernels k, sk_padding p, int32_t top, int32_t left,
    uint32_t *bits)
{
    uint32_t word = 0;
    int32_t at = 0;
    for (int32_t i = 0; i < k.height; i++) {
        const int32_t row = sk_tap(top + i * k.row_dilation, map.height, p.circular, false);
        for (int32_t j = 0; j < k.width; j++) {
            const int32_t x =
                sk_tap(left + j * k.column_dilation, map.width, p.circular, false);
            const bool outside = row < 0 || x < 0;
            const uint8_t *const pixel = input + (row * map.width + x) * map.channels;
            for (int32_t c = 0; c < map.channels; c++) {
                word |= (outside ? (uint32_t)0 : (uint32_t)pixel[c]) << (at & 31);
                at++;
                if ((at & 31) == 0) {
                    *bits++ = word;
                    word = 0;
                }
            }
        }
    }
    if ((at & 31) != 0) {
        *bits = word;
    }
}

/* The whole map. `signs` has the words of each kernel, a 1 for each positive weight; `bits` has
 * room for those of a window. */
SK_INLINE void sk_counted_conv(
    const uint8_t *input, sk_map map, void *output, sk_type type, const SK_FLASH uint32_t *signs,
    const SK_FLASH int32_t *bias, sk_kernels k, sk_padding p, sk_requantization to,
    uint32_t *bits)
{
    const int32_t rows = sk_row_windows(map, k, p).count;
    const int32_t columns = sk_column_windows(map, k, p).count;
    const int32_t words = sk_window_words(map, k);
    int32_t at = 0;
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t column = 0; column < columns; column++) {
            int32_t ones = 0;
            sk_window_bits(
                input, map, k, p, row * k.row_stride - p.top,
                column * k.column_stride - p.left, bits);
            for (int32_t i = 0; i < words; i++) {
                ones += sk_count_ones(bits[i]);
            }
            for (int32_t kernel = 0; kernel < k.kernels; kernel++) {
                int32_t positive = 0;
                for (int32_t i = 0; i < words; i++) {
                    positive += sk_count_ones(bits[i] & signs[kernel * words + i]);
                }
                const int32_t sum = bias[kernel] + 2 * positive - ones;
                sk_store(output, type, at, sk_requantize(sum, kernel, to));
                at++;
            }
        }
    }
}

#endif
