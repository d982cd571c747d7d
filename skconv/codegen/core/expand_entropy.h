/* Weights from a Huffman code: expanded, or added up one after the other. */
#ifndef SKCONV_EXPAND_ENTROPY_H
#define SKCONV_EXPAND_ENTROPY_H

#include "huffman.h"
#include "requantize.h"

/* Lines of `lines` kernels each, of `size` numbers; line i begins at byte starts[i]. */
typedef struct {
    sk_huffman code;
    const SK_FLASH uint8_t *bits;
    const SK_FLASH void *starts;
    sk_type start_type;
    int32_t lines;
    int32_t size;
} sk_entropy;

/* Where the numbers of a kernel begin that is the first one of a line. */
SK_INLINE sk_coded_line sk_entropy_line(sk_entropy from, int32_t kernel)
{
    const int32_t start = sk_load_table(from.starts, from.start_type, kernel / from.lines);
    return sk_coded_line_at(from.bits + start);
}

/* The weights of `count` kernels from `first` on. */
SK_INLINE void sk_expand_entropy(sk_entropy from, int32_t first, int32_t count, int8_t *weights)
{
    sk_coded_line line = sk_coded_line_at(from.bits);
    for (int32_t kernel = first; kernel < first + count; kernel++) {
        if (kernel % from.lines == 0) {
            line = sk_entropy_line(from, kernel);
        }
        for (int32_t i = 0; i < from.size; i++) {
            *weights++ = (int8_t)sk_next_coded(&line, from.code);
        }
    }
}

/* Bias plus weights times the input, of all rows; the weights of an input lie together. */
SK_INLINE void sk_linear_entropy(
    const void *input, sk_type input_type, int32_t *sums, const SK_FLASH int32_t *bias,
    int32_t rows, int32_t columns, sk_entropy from)
{
    sk_coded_line line = sk_coded_line_at(from.bits);
    for (int32_t row = 0; row < rows; row++) {
        sums[row] = bias[row];
    }
    for (int32_t i = 0; i < columns; i++) {
        const int32_t x = sk_load(input, input_type, i);
        for (int32_t row = 0; row < rows; row++) {
            const int32_t weight = sk_next_coded(&line, from.code);
            sums[row] += x * weight;
        }
    }
}

#endif
