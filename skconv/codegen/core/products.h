/* Products of columns. */
#ifndef SKCONV_PRODUCTS_H
#define SKCONV_PRODUCTS_H

#include "requantize.h"

/* `degree` factors each; an index of `columns` is no factor. */
SK_INLINE void sk_products(
    const void *input, sk_type input_type, int32_t columns, void *output, sk_type output_type,
    int32_t size, const SK_FLASH uint16_t *indices, int32_t degree, sk_requantization to)
{
    for (int32_t i = 0; i < size; i++) {
        int32_t product = 1;
        for (int32_t k = 0; k < degree; k++) {
            const int32_t column = indices[i * degree + k];
            if (column < columns) {
                product *= sk_load(input, input_type, column);
            }
        }
        sk_store(output, output_type, i, sk_requantize(product, i, to));
    }
}

#endif
