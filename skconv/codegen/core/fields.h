/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of whole numbers of a few bits each, from the lowest bit of a byte up. */
#ifndef SKCONV_FIELDS_H
#define SKCONV_FIELDS_H

#include "types.h"

/* Where in a table the next number is. */
typedef struct {
    const SK_FLASH uint8_t *table;
    int32_t next;  /* of its bytes */
    uint32_t read; /* what is left of the bytes read */
    int32_t left;  /* bits of it */
} sk_fields;

/* The next number, of 16 bits at most. */
SK_INLINE int32_t sk_field_next(sk_fields *from, int32_t bits)
{
    while (from->left < bits) {
        from->read |= (uint32_t)from->table[from->next] << from->left;
        from->next++;
        from->left += 8;
    }
    const int32_t value = (int32_t)(from->read & (((uint32_t)1 << bits) - 1));
    from->read >>= bits;
    from->left -= bits;
    return value;
}

/* The first number of a line, of lines of `size` numbers one behind the other. */
SK_INLINE sk_fields sk_fields_at(
    const SK_FLASH uint8_t *table, int32_t line, int32_t size, int32_t bits)
{
    const int32_t skipped = line * size * bits;
    sk_fields begun = {table, skipped / 8, 0, 0};
    (void)sk_field_next(&begun, skipped % 8);
    return begun;
}

#endif
