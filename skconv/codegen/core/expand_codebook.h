/* Weights that are vectors of a codebook. */
#ifndef SKCONV_EXPAND_CODEBOOK_H
#define SKCONV_EXPAND_CODEBOOK_H

#include "fields.h"

/* What kernels are made of: `vectors` of `length` weights, each given by an index of `bits`.
 * A kernel has `size` weights. `by_channel`: a vector holds the taps of one channel. */
typedef struct {
    const SK_FLASH int8_t *codewords;
    const SK_FLASH uint8_t *indices;
    int32_t bits;
    int32_t vectors;
    int32_t length;
    int32_t size;
    bool by_channel;
} sk_codebook;

/* The weights of `count` kernels from `first` on. */
SK_INLINE void sk_expand_codebook(sk_codebook from, int32_t first, int32_t count, int8_t *weights)
{
    const int32_t step = from.by_channel ? from.vectors : 1;
    for (int32_t kernel = 0; kernel < count; kernel++) {
        sk_fields indices = sk_fields_at(from.indices, first + kernel, from.vectors, from.bits);
        for (int32_t vector = 0; vector < from.vectors; vector++) {
            const SK_FLASH int8_t *const codeword =
                from.codewords + sk_field_next(&indices, from.bits) * from.length;
            const int32_t begin = from.by_channel ? vector : vector * from.length;
            for (int32_t i = 0; i < from.length && begin + i * step < from.size; i++) {
                weights[kernel * from.size + begin + i * step] = codeword[i];
            }
        }
    }
}

#endif
