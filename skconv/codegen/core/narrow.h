/* Weights of a few levels, several in a byte.
 *
 * A table is read line by line: each line is that of one input where three or more outputs share
 * it, else that of one output. SK_TERNARY: a byte is a fraction of 256 whose first five digits to
 * base 3 are weights plus 1. SK_INT3 and SK_INT4: fields of bits, from the lowest one up.
 */
#ifndef SKCONV_NARROW_H
#define SKCONV_NARROW_H

#include "types.h"

#define SK_TERNARY_DIGITS 5
#define SK_FEWEST_SHARED 3

SK_INLINE bool sk_is_narrow(sk_type type)
{
    return type == SK_TERNARY || type == SK_INT3 || type == SK_INT4;
}

/* Whether a line of the table is that of an input. */
SK_INLINE bool sk_is_by_input(int32_t outputs)
{
    return outputs >= SK_FEWEST_SHARED;
}

SK_INLINE int32_t sk_narrow_bits(sk_type type)
{
    return type == SK_INT3 ? 3 : 4;
}

/* Bytes of a line of `size` weights. */
SK_INLINE int32_t sk_line_bytes(sk_type type, int32_t size)
{
    if (type == SK_TERNARY) {
        return (size + SK_TERNARY_DIGITS - 1) / SK_TERNARY_DIGITS;
    }
    return (size * sk_narrow_bits(type) + 7) / 8;
}

/* Where in a line the next weight is. */
typedef struct {
    const SK_FLASH uint8_t *next;
    uint32_t read; /* what is left of the bytes read */
    int32_t left;  /* digits or bits of it */
} sk_line;

SK_INLINE sk_line sk_line_at(const SK_FLASH void *weights, sk_type type, int32_t line, int32_t size)
{
    const SK_FLASH uint8_t *const bytes = (const SK_FLASH uint8_t *)weights;
    const sk_line from = {bytes + line * sk_line_bytes(type, size), 0, 0};
    return from;
}

/* The next weight of a line. */
SK_INLINE int32_t sk_line_next(sk_line *line, sk_type type)
{
    if (type == SK_TERNARY) {
        if (line->left == 0) {
            line->read = *line->next++;
            line->left = SK_TERNARY_DIGITS;
        }
        const uint32_t tripled = line->read * 3;
        line->read = tripled & 255;
        line->left--;
        return (int32_t)(tripled >> 8) - 1;
    }
    const int32_t bits = sk_narrow_bits(type);
    if (line->left < bits) {
        line->read |= (uint32_t)*line->next++ << line->left;
        line->left += 8;
    }
    const int32_t field = (int32_t)(line->read & ((1U << bits) - 1));
    line->read >>= bits;
    line->left -= bits;
    return field - (1 << (bits - 1));
}

/* Moves from the begin of a line to a place of it. */
SK_INLINE sk_line sk_line_from(sk_line from, sk_type type, int32_t place)
{
    if (type == SK_TERNARY) {
        from.next += place / SK_TERNARY_DIGITS;
        for (int32_t i = place % SK_TERNARY_DIGITS; i > 0; i--) {
            (void)sk_line_next(&from, type);
        }
        return from;
    }
    const int32_t bits = sk_narrow_bits(type);
    from.next += place * bits / 8;
    const int32_t skipped = place * bits % 8;
    if (skipped > 0) {
        from.read = (uint32_t)*from.next++ >> skipped;
        from.left = 8 - skipped;
    }
    return from;
}

/* The weight at a place of a line: where one is wanted, and not those before it. */
SK_INLINE int32_t sk_line_weight(
    const SK_FLASH void *weights, sk_type type, int32_t line, int32_t size, int32_t place)
{
    sk_line from = sk_line_from(sk_line_at(weights, type, line, size), type, place);
    return sk_line_next(&from, type);
}

/* All weights of a line, a byte each. */
SK_INLINE void sk_line_expand(
    const SK_FLASH void *weights, sk_type type, int32_t line, int32_t size, int8_t *expanded)
{
    sk_line from = sk_line_at(weights, type, line, size);
    int32_t i = 0;
    if (type == SK_INT4) { /* whole bytes: no bits wait for the next weight */
        for (; i + 2 <= size; i += 2) {
            const uint32_t both = *from.next++;
            expanded[i] = (int8_t)((int32_t)(both & 15) - 8);
            expanded[i + 1] = (int8_t)((int32_t)(both >> 4) - 8);
        }
    }
    for (; i < size; i++) {
        expanded[i] = (int8_t)sk_line_next(&from, type);
    }
}

/* Bias plus weights (rows, columns) times the input, of all rows. */
SK_INLINE void sk_linear_narrow(
    const void *input, sk_type input_type, int32_t *sums, const SK_FLASH void *weights,
    sk_type weight_type, const SK_FLASH int32_t *bias, int32_t rows, int32_t columns)
{
    for (int32_t row = 0; row < rows; row++) {
        sums[row] = bias[row];
    }
    if (sk_is_by_input(rows)) {
        for (int32_t i = 0; i < columns; i++) {
            const int32_t x = sk_load(input, input_type, i);
            sk_line line = sk_line_at(weights, weight_type, i, rows);
            for (int32_t row = 0; row < rows; row++) {
                sums[row] += x * sk_line_next(&line, weight_type);
            }
        }
        return;
    }
    for (int32_t row = 0; row < rows; row++) {
        sk_line line = sk_line_at(weights, weight_type, row, columns);
        for (int32_t i = 0; i < columns; i++) {
            sums[row] += sk_load(input, input_type, i) * sk_line_next(&line, weight_type);
        }
    }
}

#endif
