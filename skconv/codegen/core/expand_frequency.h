/* Kernels from the coefficients of their cosine transform. */
#ifndef SKCONV_EXPAND_FREQUENCY_H
#define SKCONV_EXPAND_FREQUENCY_H

#include "cosines.h"
#include "expand_entropy.h"

/* A rest by a Huffman code, and common parts, each given by an index of `index_bits` (0: one). */
typedef struct {
    sk_cosines basis;
    bool has_centres;
    const SK_FLASH int8_t *centres;
    const SK_FLASH uint8_t *indices;
    int32_t index_bits;
    sk_entropy rest;
} sk_frequency;

/* The common part of a channel of a kernel. */
SK_INLINE int32_t sk_centre_of(sk_frequency from, int32_t place)
{
    int32_t index = 0;
    for (int32_t bit = 0; bit < from.index_bits; bit++) {
        const int32_t at = place * from.index_bits + bit;
        index |= (from.indices[at >> 3] >> (at & 7) & 1) << bit;
    }
    return index;
}

/* The weights of `count` kernels from `first` on. */
SK_INLINE void sk_expand_frequency(
    sk_frequency from, int32_t first, int32_t count, int8_t *weights)
{
    const int32_t taps = from.basis.height * from.basis.width;
    const int32_t channels = from.basis.channels;
    int32_t sums[SK_MOST_TAPS];
    sk_coded_line line = sk_coded_line_at(from.rest.bits);
    for (int32_t kernel = first; kernel < first + count; kernel++) {
        if (kernel % from.rest.lines == 0) {
            line = sk_entropy_line(from.rest, kernel);
        }
        for (int32_t channel = 0; channel < channels; channel++) {
            sk_begin_cosines(from.basis, sums);
            if (from.has_centres) {
                const int32_t centre = sk_centre_of(from, kernel * channels + channel) * taps;
                for (int32_t i = 0; i < taps; i++) {
                    sk_add_cosine(from.basis, sums, i, from.centres[centre + i]);
                }
            }
            for (int32_t i = 0; i < taps; i++) {
                sk_add_cosine(from.basis, sums, i, sk_next_coded(&line, from.rest.code));
            }
            sk_end_cosines(from.basis, sums, weights + channel);
        }
        weights += taps * channels;
    }
}

#endif
