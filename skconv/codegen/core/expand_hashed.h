/* Weights, or cosine coefficients of kernels, that share a few numbers by a hash. */
#ifndef SKCONV_EXPAND_HASHED_H
#define SKCONV_EXPAND_HASHED_H

#include "cosines.h"

/* Numbers firsts[f] to firsts[f + 1] are for frequency f. */
typedef struct {
    const SK_FLASH int8_t *values;
    const SK_FLASH uint16_t *firsts;
    uint32_t seed;
    sk_cosines basis; /* of one tap: the numbers are the weights */
} sk_hashed;

/* A number of 32 bits for a place. */
SK_INLINE uint32_t sk_hash_of(uint32_t place, uint32_t seed)
{
    uint32_t x = place * 0x9E3779B1u + seed;
    x ^= x >> 15;
    x *= 0x2C1B3C6Du;
    x ^= x >> 12;
    x *= 0x297A2D39u;
    return x ^ (x >> 15);
}

/* The number of a place: that of its bucket, with the sign of its hash. */
SK_INLINE int32_t sk_hashed_number(sk_hashed from, int32_t place, int32_t frequency)
{
    const uint32_t x = sk_hash_of((uint32_t)place, from.seed);
    const uint32_t first = from.firsts[frequency];
    const uint32_t size = from.firsts[frequency + 1] - first;
    const int32_t value = from.values[first + ((x >> 16) * size >> 16)];
    return (x & 1) != 0 ? -value : value;
}

/* The weights of `count` kernels from `first` on. */
SK_INLINE void sk_expand_hashed(sk_hashed from, int32_t first, int32_t count, int8_t *weights)
{
    const int32_t width = from.basis.width;
    const int32_t taps = from.basis.height * width;
    const int32_t channels = from.basis.channels;
    int32_t sums[SK_MOST_TAPS];
    for (int32_t kernel = first; kernel < first + count; kernel++) {
        for (int32_t channel = 0; channel < channels; channel++) {
            const int32_t place = (kernel * channels + channel) * taps;
            if (taps == 1) {
                weights[channel] = (int8_t)sk_hashed_number(from, place, 0);
                continue;
            }
            sk_begin_cosines(from.basis, sums);
            for (int32_t i = 0; i < taps; i++) {
                const int32_t number = sk_hashed_number(from, place + i, i / width + i % width);
                sk_add_cosine(from.basis, sums, i, number);
            }
            sk_end_cosines(from.basis, sums, weights + channel);
        }
        weights += taps * channels;
    }
}

#endif
