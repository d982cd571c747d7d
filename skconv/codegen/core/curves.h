/* Functions of one number, column by column: straight lines between integer knots. */
#ifndef SKCONV_CURVES_H
#define SKCONV_CURVES_H

#include "types.h"

typedef struct {
    const SK_FLASH uint16_t *starts; /* of the knots of each column, and the end of the last */
    bool shared;                     /* the knots of one column for all */
    const SK_FLASH void *knots;      /* of the type of the input; those of a column ascend */
    const SK_FLASH void *values;
    sk_type value_type;
} sk_curves;

/* The value of the column whose knots are `first` .. `last`. Twice a distance of knots times a
 * difference of values fits 32 bits: that is proven when the code is printed. */
SK_INLINE int32_t sk_curve(sk_curves c, sk_type type, int32_t first, int32_t last, int32_t x)
{
    if (x <= sk_load_table(c.knots, type, first)) {
        return sk_load_table(c.values, c.value_type, first);
    }
    if (x >= sk_load_table(c.knots, type, last)) {
        return sk_load_table(c.values, c.value_type, last);
    }
    while (last - first > 1) {
        const int32_t middle = (first + last) / 2;
        if (x < sk_load_table(c.knots, type, middle)) {
            last = middle;
        } else {
            first = middle;
        }
    }
    const int32_t knot = sk_load_table(c.knots, type, first);
    const int32_t value = sk_load_table(c.values, c.value_type, first);
    const int32_t rise = sk_load_table(c.values, c.value_type, last) - value;
    const uint32_t step = (uint32_t)(sk_load_table(c.knots, type, last) - knot);
    const uint32_t height = (uint32_t)(rise < 0 ? -rise : rise);
    const int32_t part = (int32_t)((2u * (uint32_t)(x - knot) * height + step) / (2u * step));
    return rise < 0 ? value - part : value + part;
}

SK_INLINE void sk_interpolate(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t size,
    sk_curves c)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t column = c.shared ? 0 : i;
        const int32_t y = sk_curve(
            c, input_type, c.starts[column], c.starts[column + 1] - 1,
            sk_load(input, input_type, i));
        sk_store(output, output_type, i, y);
    }
}

#endif
