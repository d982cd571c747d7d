/* Tables from a Huffman code to RAM. */
#ifndef SKCONV_UNPACK_H
#define SKCONV_UNPACK_H

#include "huffman.h"

/* Run once, and shared by all tables: small code counts. */
#if defined(__GNUC__)
#define SK_ONCE static __attribute__((noinline, unused))
#else
#define SK_ONCE static inline
#endif

/* `size` numbers. */
SK_ONCE void sk_unpack(
    const SK_FLASH int16_t *symbols, const SK_FLASH uint16_t *counts, const SK_FLASH uint8_t *bits,
    void *table, sk_type type, int32_t size)
{
    const sk_huffman code = {symbols, counts};
    sk_coded_line line = sk_coded_line_at(bits);
    for (int32_t i = 0; i < size; i++) {
        sk_store(table, type, i, sk_next_coded(&line, code));
    }
}

/* `size` numbers of 32 bits, each two of 16, the lower ones first. */
SK_ONCE void sk_unpack_pairs(
    const SK_FLASH int16_t *symbols, const SK_FLASH uint16_t *counts, const SK_FLASH uint8_t *bits,
    void *table, int32_t size)
{
    const sk_huffman code = {symbols, counts};
    sk_coded_line line = sk_coded_line_at(bits);
    for (int32_t i = 0; i < size; i++) {
        const uint32_t low = (uint32_t)sk_next_coded(&line, code) & 0xFFFFu;
        const uint32_t high = (uint32_t)sk_next_coded(&line, code) << 16;
        ((uint32_t *)table)[i] = low | high;
    }
}

#endif
