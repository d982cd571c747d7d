/* The length of vectors. */
#ifndef SKCONV_NORM_H
#define SKCONV_NORM_H

#include "requantize.h"
#include "root.h"

/* The rounded root of the sum of squares of so many axes, with `shift` bits more, requantised. */
SK_INLINE void sk_euclidean_norm(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t vectors,
    int32_t axes, int32_t shift, sk_requantization to)
{
    for (int32_t i = 0; i < vectors; i++) {
        uint32_t sum = 0;
        for (int32_t j = 0; j < axes; j++) {
            const int32_t value = sk_load(input, input_type, i * axes + j);
            sum += (uint32_t)value * (uint32_t)value;
        }
        const int32_t root = (int32_t)sk_rounded_root(sum << (2 * shift));
        sk_store(output, output_type, i, sk_requantize(root, 0, to));
    }
}

#endif
