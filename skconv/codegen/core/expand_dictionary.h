/* Weights that are kernels of a dictionary: flipped, turned, and times a whole number. */
#ifndef SKCONV_EXPAND_DICTIONARY_H
#define SKCONV_EXPAND_DICTIONARY_H

#include "fields.h"

/* A field for each channel of each kernel, from the lowest bit up: the entry of the dictionary,
 * which image of it, and the number plus `most`; where that is 1, whether it is -1. */
typedef struct {
    const SK_FLASH int8_t *kernels;
    const SK_FLASH uint8_t *slices;
    int32_t height;
    int32_t width;
    int32_t channels;
    int32_t index_bits;
    int32_t turn_bits;
    int32_t times_bits;
    int32_t most;
} sk_dictionary;

/* Where in a kernel tap (row, column) of one of its images comes from. */
SK_INLINE int32_t sk_turned(sk_dictionary from, int32_t turn, int32_t row, int32_t column)
{
    const int32_t i = (turn & 2) ? from.height - 1 - row : row;
    const int32_t j = (turn & 1) ? from.width - 1 - column : column;
    return (turn & 4) ? j * from.width + i : i * from.width + j;
}

/* The weights of `count` kernels from `first` on. */
SK_INLINE void sk_expand_dictionary(
    sk_dictionary from, int32_t first, int32_t count, int8_t *weights)
{
    const int32_t bits = from.index_bits + from.turn_bits + from.times_bits;
    const int32_t taps = from.height * from.width;
    for (int32_t kernel = 0; kernel < count; kernel++) {
        sk_fields slices = sk_fields_at(from.slices, first + kernel, from.channels, bits);
        for (int32_t c = 0; c < from.channels; c++) {
            const int32_t field = sk_field_next(&slices, bits);
            const int32_t entry = field & ((1 << from.index_bits) - 1);
            const int32_t turn = (field >> from.index_bits) & ((1 << from.turn_bits) - 1);
            const int32_t number = field >> (from.index_bits + from.turn_bits);
            const int32_t times = from.most == 1 ? 1 - 2 * number : number - from.most;
            int8_t *const out = weights + kernel * taps * from.channels + c;
            for (int32_t i = 0; i < from.height; i++) {
                for (int32_t j = 0; j < from.width; j++) {
                    const int32_t tap = from.kernels[entry * taps + sk_turned(from, turn, i, j)];
                    out[(i * from.width + j) * from.channels] = (int8_t)(times * tap);
                }
            }
        }
    }
}

#endif
