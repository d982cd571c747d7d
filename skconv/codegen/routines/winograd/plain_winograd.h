/* F(2x2, 3x3) of winograd.h in plain C: one or two kernels on two tiles.
 *
 * Values lie place after place, channel after channel, those of the two tiles side by side.
 */
#ifndef SKCONV_PLAIN_WINOGRAD_H
#define SKCONV_PLAIN_WINOGRAD_H

#include "winograd.h"

/* Cortex-M0 has registers for two sums and what they are made of, and no signed load that
 * takes an offset: it loads words of two tiles. */
#if defined(__thumb__) && !defined(__thumb2__) && !defined(__ARM_BIG_ENDIAN)
#define SK_WINOGRAD_KERNELS 1
typedef uint32_t sk_winograd_sum; /* in fewer registers: its sums may be regrouped */
#define SK_TWO_TILES(X) sk_load32(__builtin_assume_aligned(X, 4))
#define SK_FIRST_TILE(X) sk_low16(SK_TWO_TILES(X))
#define SK_SECOND_TILE(X) sk_high16(SK_TWO_TILES(X))
#else
#define SK_WINOGRAD_KERNELS 2
typedef int32_t sk_winograd_sum;
#define SK_FIRST_TILE(X) (X)[0]
#define SK_SECOND_TILE(X) (X)[1]
#endif

/* Sums of one or two kernels (a, b) on two tiles (0, 1). */
typedef struct {
    sk_winograd_sum a0;
    sk_winograd_sum a1;
    sk_winograd_sum b0;
    sk_winograd_sum b1;
} sk_winograd_sums;

/* One channel of both tiles times a weight of each kernel. */
#define SK_WINOGRAD_STEP(X, WA, WB)           \
    do {                                      \
        const int32_t x0 = SK_FIRST_TILE(X);  \
        const int32_t x1 = SK_SECOND_TILE(X); \
        const int32_t wa = (WA);              \
        const int32_t wb = (WB);              \
        a0 += (sk_winograd_sum)(x0 * wa);    \
        a1 += (sk_winograd_sum)(x1 * wa);    \
        b0 += (sk_winograd_sum)(x0 * wb);    \
        b1 += (sk_winograd_sum)(x1 * wb);    \
    } while (0)

/* Products at one place; the weights of the second kernel lie `next` further. */
SK_INLINE sk_winograd_sums sk_winograd_place(
    const int16_t *x, const SK_FLASH int16_t *w, int32_t channels, int32_t next, int32_t kernels)
{
    sk_winograd_sum a0 = 0;
    sk_winograd_sum a1 = 0;
    sk_winograd_sum b0 = 0;
    sk_winograd_sum b1 = 0;
    const int16_t *end = x + 2 * channels;
    while (x != end) {
        SK_WINOGRAD_STEP(x, w[0], kernels > 1 ? w[next] : 0);
        SK_WINOGRAD_STEP(x + 2, w[1], kernels > 1 ? w[next + 1] : 0);
        x += 4;
        w += 2;
    }
    const sk_winograd_sums sums = {a0, a1, b0, b1};
    return sums;
}

/* Products at all places, of one or two kernels. */
SK_INLINE void sk_winograd_products(
    sk_winograd w, const SK_FLASH int16_t *weights, int32_t first, int32_t kernels)
{
    const int32_t channels = w.map.channels;
    const int16_t *x = (const int16_t *)w.values;
    int32_t *to = w.sums + first;
    for (int32_t place = 0; place < w.places; place++) {
        const sk_winograd_sums s =
            sk_winograd_place(x, weights, channels, w.places * channels, kernels);
        to[0] = (int32_t)s.a0;
        to[2] = (int32_t)s.a1;
        if (kernels > 1) {
            to[1] = (int32_t)s.b0;
            to[3] = (int32_t)s.b1;
        }
        x += 2 * channels;
        weights += channels;
        to += 4;
    }
}

/* Two kernels, or the last one. */
SK_INLINE void sk_winograd_two(sk_winograd w, const SK_FLASH int16_t *weights, int32_t kernel)
{
    const int32_t size = w.places * w.map.channels;
    const bool has_next = kernel + 1 < w.kernels;
    weights += kernel * size;
    if (SK_WINOGRAD_KERNELS > 1 && has_next) {
        sk_winograd_products(w, weights, 0, 2);
        return;
    }
    for (int32_t i = 0; i < (has_next ? 2 : 1); i++) {
        sk_winograd_products(w, weights + i * size, i, 1);
    }
}

/* One channel of a window to its 16 places, `distance` values apart. */
SK_INLINE void sk_one_to_places(
    const sk_tile *tile, int32_t channel, sk_type type, int16_t *to, int32_t distance)
{
    int32_t t[SK_PLACES];
    for (int32_t j = 0; j < 4; j++) {
        const int32_t a = sk_load(tile->pixels[j], type, channel);
        const int32_t b = sk_load(tile->pixels[4 + j], type, channel);
        const int32_t c = sk_load(tile->pixels[8 + j], type, channel);
        const int32_t d = sk_load(tile->pixels[12 + j], type, channel);
        t[j] = a - c;
        t[4 + j] = b + c;
        t[8 + j] = c - b;
        t[12 + j] = d - b;
    }
    for (int32_t i = 0; i < SK_PLACES; i += 4) {
        to[i * distance] = (int16_t)(t[i] - t[i + 2]);
        to[(i + 1) * distance] = (int16_t)(t[i + 1] + t[i + 2]);
        to[(i + 2) * distance] = (int16_t)(t[i + 2] - t[i + 1]);
        to[(i + 3) * distance] = (int16_t)(t[i + 3] - t[i + 1]);
    }
}

/* A map (rows, columns, kernels); `channels` is even, and two tiles are done at a time. */
SK_INLINE void sk_plain_winograd(sk_winograd w, const SK_FLASH int16_t *weights)
{
    const int32_t count = sk_tile_count(w);
    sk_tile tiles[2];
    sk_clear_pixel(w);
    for (int32_t first = 0; first < count; first += 2) {
        const int32_t few = sk_tiles_from(w, first);
        for (int32_t slot = 0; slot < few; slot++) {
            int16_t *to = (int16_t *)w.values + slot;
            sk_tile_begin(w, first + slot, tiles + slot);
            for (int32_t c = 0; c < w.map.channels; c++) {
                sk_one_to_places(
                    tiles + slot, c, w.input_type, to + 2 * c, 2 * w.map.channels);
            }
        }
        for (int32_t kernel = 0; kernel < w.kernels; kernel += 2) {
            sk_winograd_two(w, weights, kernel);
            sk_winograd_finish(w, tiles, few, kernel);
        }
    }
}

#endif
