/* Element-wise sums, products and tables of integers. All may run in place. */
#ifndef SKCONV_ELEMENTWISE_H
#define SKCONV_ELEMENTWISE_H

#include "requantize.h"

/* The factors that bring two tensors to the scale of their sum. */
typedef struct {
    int32_t first;
    int32_t second;
} sk_factors;

/* first * factors.first + second * factors.second, requantised. */
SK_INLINE void sk_add(
    const void *first, sk_type first_type, const void *second, sk_type second_type,
    void *output, sk_type output_type, int32_t pixels, int32_t channels, sk_factors factors,
    sk_requantization to)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t at = i * channels + c;
            const int32_t sum = sk_load(first, first_type, at) * factors.first
                                + sk_load(second, second_type, at) * factors.second;
            sk_store(output, output_type, at, sk_requantize(sum, c, to));
        }
    }
}

/* first * second, requantised; a gate has one entry for every channel. */
SK_INLINE void sk_multiply(
    const void *first, sk_type first_type, const void *second, sk_type second_type,
    bool is_gate, void *output, sk_type output_type, int32_t pixels, int32_t channels,
    sk_requantization to)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t at = i * channels + c;
            const int32_t factor = sk_load(second, second_type, is_gate ? c : at);
            const int32_t product = sk_load(first, first_type, at) * factor;
            sk_store(output, output_type, at, sk_requantize(product, c, to));
        }
    }
}

/* Looks every entry, a byte, up in a table of 256. */
SK_INLINE void sk_activate(
    const void *input, void *output, const SK_FLASH void *table, int32_t size)
{
    const uint8_t *const x = (const uint8_t *)input;
    uint8_t *const y = (uint8_t *)output;
    const SK_FLASH uint8_t *const results = (const SK_FLASH uint8_t *)table;
    for (int32_t i = 0; i < size; i++) {
        y[i] = results[x[i]];
    }
}

#endif
