/* Binary hashing: the signs of a run of channels become one code. */
#ifndef SKCONV_HASH_H
#define SKCONV_HASH_H

#include "types.h"

/* `size` codes of `bits` bits: bit j is set where the j-th entry of a run is > 0. */
SK_INLINE void sk_hash(
    const void *input, sk_type type, uint8_t *output, int32_t size, int32_t bits)
{
    for (int32_t i = 0; i < size; i++) {
        uint32_t code = 0;
        for (int32_t j = 0; j < bits; j++) {
            code |= (sk_load(input, type, i * bits + j) > 0 ? (uint32_t)1 : 0) << j;
        }
        output[i] = (uint8_t)code;
    }
}

#endif
