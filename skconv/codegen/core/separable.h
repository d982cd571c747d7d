/* Kernels that are sums of a column times a row: lines first, by the columns, then sums of them.
 *
 * A line holds what one column gives at every place of a row of windows; kernels that have the
 * column in common share it. Without room for lines their entries are computed where they are
 * read.
 */
#ifndef SKCONV_SEPARABLE_H
#define SKCONV_SEPARABLE_H

#include "types.h"
#include "window.h"

typedef struct {
    const SK_FLASH int8_t *columns; /* (lines, height of a kernel) */
    const SK_FLASH void *channels;  /* of the input, that each line reads */
    sk_type channel_type;
    const SK_FLASH int8_t *rows;    /* (terms, width of a kernel) */
    const SK_FLASH void *lines;     /* that each term reads */
    sk_type line_type;
    const SK_FLASH uint16_t *starts; /* the first term of each kernel, and the end of all */
    int32_t count; /* of lines; 0: kernels are not separable */
    void *room;    /* for all lines of a row of windows; or NULL */
    sk_type room_type;
} sk_separable;

typedef struct {
    const void *input;
    sk_type input_type;
    sk_map map;
    const SK_FLASH void *weights; /* (kernels, height, width, channels of a group) */
    sk_type weight_type;
    const SK_FLASH int32_t *bias;
    sk_kernels kernels;
    sk_padding padding;
    sk_separable factors; /* in place of weights */
} sk_conv_inputs;

/* A plain 0 is a pointer to any address space; NULL is none to the flash of an AVR. */
#define SK_NOT_SEPARABLE {0, 0, SK_INT8, 0, 0, SK_INT8, 0, 0, 0, SK_INT8}

/* Entry `x` of a line, for windows from row `top` on. */
SK_INLINE int32_t sk_line_entry(
    sk_conv_inputs a, int32_t line, int32_t top, int32_t x, bool inside)
{
    const sk_kernels k = a.kernels;
    const int32_t channel = sk_load_table(a.factors.channels, a.factors.channel_type, line);
    int32_t sum = 0;
    for (int32_t i = 0; i < k.height; i++) {
        const int32_t row =
            sk_tap(top + i * k.row_dilation, a.map.height, a.padding.circular, inside);
        if (!inside && row < 0) {
            continue;
        }
        const int32_t at = (row * a.map.width + x) * a.map.channels + channel;
        sum += sk_load(a.input, a.input_type, at) * a.factors.columns[line * k.height + i];
    }
    return sum;
}

/* The lines of row `row` of the windows. */
SK_INLINE void sk_lines_fill(sk_conv_inputs a, int32_t row)
{
    const sk_windows rows = sk_row_windows(a.map, a.kernels, a.padding);
    const int32_t top = row * a.kernels.row_stride - a.padding.top;
    const bool inside = row >= rows.first && row < rows.end;
    for (int32_t line = 0; line < a.factors.count; line++) {
        for (int32_t x = 0; x < a.map.width; x++) {
            const int32_t entry = inside ? sk_line_entry(a, line, top, x, true)
                                         : sk_line_entry(a, line, top, x, false);
            sk_store(a.factors.room, a.factors.room_type, line * a.map.width + x, entry);
        }
    }
}

/* Bias plus the terms of one kernel, for the window at (top, left). */
SK_INLINE int32_t sk_separable_sum(
    sk_conv_inputs a, int32_t kernel, int32_t top, int32_t left, bool inside)
{
    const sk_kernels k = a.kernels;
    const sk_separable f = a.factors;
    const int32_t end = f.starts[kernel + 1];
    int32_t sum = a.bias[kernel];
    for (int32_t term = f.starts[kernel]; term < end; term++) {
        const int32_t line = sk_load_table(f.lines, f.line_type, term);
        for (int32_t j = 0; j < k.width; j++) {
            const int32_t x =
                sk_tap(left + j * k.column_dilation, a.map.width, a.padding.circular, inside);
            if (!inside && x < 0) {
                continue;
            }
            const int32_t entry = f.room != NULL
                                      ? sk_load(f.room, f.room_type, line * a.map.width + x)
                                      : sk_line_entry(a, line, top, x, inside);
            sum += entry * f.rows[term * k.width + j];
        }
    }
    return sum;
}

#endif
