/* Reordering of entries of any type, without arithmetic (`item`: bytes of one entry). */
#ifndef SKCONV_LAYOUT_H
#define SKCONV_LAYOUT_H

#include <string.h>

#include "types.h"

/* out[i] = in[indices[i]] for the `channels` of every pixel */
SK_INLINE void sk_select(
    const void *input, void *output, const SK_FLASH void *indices, sk_type index_type,
    int32_t item, int32_t pixels, int32_t channels, int32_t selected)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t p = 0; p < pixels; p++) {
        for (int32_t i = 0; i < selected; i++) {
            memcpy(to, from + sk_load_table(indices, index_type, i) * item, (size_t)item);
            to += item;
        }
        from += channels * item;
    }
}

/* Writes one input of a concatenation: `channels` of the `all_channels` of every pixel. */
SK_INLINE void sk_concat(
    const void *input, void *output, int32_t item, int32_t pixels, int32_t channels,
    int32_t first_channel, int32_t all_channels)
{
    const uint8_t *const from = (const uint8_t *)input;
    uint8_t *const to = (uint8_t *)output + first_channel * item;
    for (int32_t i = 0; i < pixels; i++) {
        memcpy(
            to + i * all_channels * item, from + i * channels * item, (size_t)(channels * item));
    }
}

/* Sizes of the output, and the steps in the input between its neighbours. */
typedef struct {
    int32_t sizes[3];
    int32_t steps[3];
} sk_permutation;

SK_INLINE void sk_permute(const void *input, void *output, int32_t item, sk_permutation p)
{
    const uint8_t *const from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t i = 0; i < p.sizes[0]; i++) {
        for (int32_t j = 0; j < p.sizes[1]; j++) {
            for (int32_t k = 0; k < p.sizes[2]; k++) {
                const int32_t at = i * p.steps[0] + j * p.steps[1] + k * p.steps[2];
                memcpy(to, from + at * item, (size_t)item);
                to += item;
            }
        }
    }
}

#endif
