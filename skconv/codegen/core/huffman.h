/* Numbers from a canonical Huffman code, one after the other. */
#ifndef SKCONV_HUFFMAN_H
#define SKCONV_HUFFMAN_H

#include "types.h"

/* A symbol from here on stands for 2 ** (symbol - SK_RUN) zeros. */
#define SK_RUN 16384

/* Symbols from the shortest word to the longest, and how many words have 1 bit, 2 bits, ... */
typedef struct {
    const SK_FLASH int16_t *symbols;
    const SK_FLASH uint16_t *counts;
} sk_huffman;

/* Where in a line the next number is. */
typedef struct {
    const SK_FLASH uint8_t *next;
    uint32_t read;  /* what is left of the byte read */
    int32_t left;   /* bits of it */
    int32_t zeros;  /* what is left of a run */
} sk_coded_line;

SK_INLINE sk_coded_line sk_coded_line_at(const SK_FLASH uint8_t *bits)
{
    const sk_coded_line from = {bits, 0, 0, 0};
    return from;
}

/* The next symbol: the words of a length are consecutive, and begin behind twice those that are
 * shorter.
 */
SK_INLINE int32_t sk_next_symbol(sk_coded_line *from, sk_huffman code)
{
    int32_t word = 0;
    int32_t first = 0;
    int32_t index = 0;
    for (int32_t length = 0;; length++) {
        if (from->left == 0) {
            from->read = *from->next++;
            from->left = 8;
        }
        word |= (int32_t)(from->read & 1);
        from->read >>= 1;
        from->left--;
        const int32_t words = code.counts[length];
        if (word - words < first) {
            return code.symbols[index + word - first];
        }
        index += words;
        first = (first + words) << 1;
        word <<= 1;
    }
}

SK_INLINE int32_t sk_next_coded(sk_coded_line *from, sk_huffman code)
{
    if (from->zeros > 0) {
        from->zeros--;
        return 0;
    }
    const int32_t symbol = sk_next_symbol(from, code);
    if (symbol < SK_RUN) {
        return symbol;
    }
    from->zeros = ((int32_t)1 << (symbol - SK_RUN)) - 1;
    return 0;
}

#endif
