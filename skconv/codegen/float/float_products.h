/* Products of columns, of floats. */
#ifndef SKCONV_FLOAT_PRODUCTS_H
#define SKCONV_FLOAT_PRODUCTS_H

#include "types.h"

/* `degree` factors each; an index of `columns` is no factor. */
SK_INLINE void sk_float_products(
    const float *input, int32_t columns, float *output, int32_t size,
    const SK_FLASH uint16_t *indices, int32_t degree)
{
    for (int32_t i = 0; i < size; i++) {
        float product = 1.0f;
        for (int32_t k = 0; k < degree; k++) {
            const int32_t column = indices[i * degree + k];
            if (column < columns) {
                product *= input[column];
            }
        }
        output[i] = product;
    }
}

#endif
