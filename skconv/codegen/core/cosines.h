/* The inverse cosine transform of one channel of a kernel, in integers. */
#ifndef SKCONV_COSINES_H
#define SKCONV_COSINES_H

#include "types.h"

#define SK_MOST_TAPS 64
#define SK_COSINE_SHIFT 16

/* Basis functions: one a row of each table. */
typedef struct {
    const SK_FLASH int16_t *rows;
    const SK_FLASH int16_t *columns;
    int32_t height;
    int32_t width;
    int32_t channels;
} sk_cosines;

SK_INLINE void sk_begin_cosines(sk_cosines basis, int32_t *sums)
{
    for (int32_t i = 0; i < basis.height * basis.width; i++) {
        sums[i] = (int32_t)1 << (SK_COSINE_SHIFT - 1);
    }
}

/* Adds a coefficient times its basis function; `place` counts frequencies row by row. */
SK_INLINE void sk_add_cosine(sk_cosines basis, int32_t *sums, int32_t place, int32_t coefficient)
{
    if (coefficient == 0) {
        return;
    }
    const SK_FLASH int16_t *const row = basis.rows + place / basis.width * basis.height;
    const SK_FLASH int16_t *const column = basis.columns + place % basis.width * basis.width;
    for (int32_t y = 0; y < basis.height; y++) {
        const int32_t of_row = coefficient * row[y];
        for (int32_t x = 0; x < basis.width; x++) {
            *sums++ += of_row * column[x];
        }
    }
}

/* Weights of one channel, which lie `channels` apart. */
SK_INLINE void sk_end_cosines(sk_cosines basis, const int32_t *sums, int8_t *weights)
{
    for (int32_t i = 0; i < basis.height * basis.width; i++) {
        const int32_t weight = sums[i] >> SK_COSINE_SHIFT;
        weights[i * basis.channels] =
            (int8_t)(weight > 127 ? 127 : weight < -127 ? -127 : weight);
    }
}

#endif
