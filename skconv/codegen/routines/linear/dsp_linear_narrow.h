/* Linear maps of few levels on inputs of bytes, four rows at a time.
 *
 * Four weights share an int16 lane: 4096 d + 256 c + 16 b + a, of the rows a to d. A product of
 * lanes adds to all of them at once. Three more, with the lower parts of the lanes moved up, tell
 * the sums apart; no word is taken apart into weights. It holds as long as a sum has 19 bits, and
 * so sums are told apart every SK_NARROW_COLUMNS columns. The table is made of blocks of four
 * rows; the columns of a word are those of the input's lanes: 0 and 2, then 1 and 3.
 */
#ifndef SKCONV_DSP_LINEAR_NARROW_H
#define SKCONV_DSP_LINEAR_NARROW_H

#include "dsp_linear.h"

/* 256 * 255 * 7 < 2^19 */
#define SK_NARROW_COLUMNS 256

/* Sums of lanes: as they are, and of their lower three, two and one weights. */
typedef struct {
    int32_t all, three, two, one;
} sk_narrow_sums;

SK_INLINE void sk_narrow_add(sk_narrow_sums *s, uint32_t lanes, uint32_t x, const uint32_t *masks)
{
    s->all = sk_smlad(lanes, x, s->all);
    s->three = sk_smlad((lanes << 4) & masks[0], x, s->three);
    s->two = sk_smlad((lanes << 8) & masks[1], x, s->two);
    s->one = sk_smlad((lanes << 12) & masks[2], x, s->one);
}

/* Adds what the sums of lanes hold to those of the rows. */
SK_INLINE void sk_narrow_gather(sk_narrow_sums s, sk_block_sums *sums)
{
    const uint32_t a = (uint32_t)(s.one >> 12);
    const uint32_t b = (uint32_t)((int32_t)((uint32_t)s.two - 256 * a) >> 12);
    const uint32_t c = (uint32_t)((int32_t)((uint32_t)s.three - 256 * b - 16 * a) >> 12);
    const uint32_t d = (uint32_t)((int32_t)((uint32_t)s.all - 256 * c - 16 * b - a) >> 12);
    sums->a += a;
    sums->b += b;
    sums->c += c;
    sums->d += d;
}

/* Four rows times `columns` entries of the input, SK_NARROW_COLUMNS at most. */
SK_INLINE const uint32_t *sk_narrow_rows(
    sk_dsp_matrix m, int32_t columns, const uint8_t *x, const uint32_t *at, sk_block_sums *sums)
{
    const uint32_t masks[3] = {
        sk_pin_word(0xFFF0FFF0u), sk_pin_word(0xFF00FF00u), sk_pin_word(0xF000F000u)};
    sk_narrow_sums s = {0, 0, 0, 0};
    uint32_t v;
    uint32_t w;
    for (int32_t i = columns / 16; i > 0; i--) {
#pragma GCC unroll 4
        for (int32_t j = 0; j < 4; j++) {
            const sk_four_lanes lanes = sk_matrix_read(m, x + 4 * j, 4);
            sk_next_two_words(&at, &v, &w);
            sk_narrow_add(&s, v, lanes.first, masks);
            sk_narrow_add(&s, w, lanes.second, masks);
        }
        x += 16;
    }
    for (int32_t left = columns % 16; left > 0; left -= 4) {
        const sk_four_lanes lanes = sk_matrix_read(m, x, left < 4 ? left : 4);
        sk_next_two_words(&at, &v, &w);
        sk_narrow_add(&s, v, lanes.first, masks);
        sk_narrow_add(&s, w, lanes.second, masks);
        x += 4;
    }
    sk_narrow_gather(s, sums);
    return at;
}

SK_INLINE void sk_dsp_narrow(
    const void *input, void *output, sk_dsp_matrix m, sk_linear_result to)
{
    const uint32_t *at = m.weights;
    for (int32_t row = 0; row < m.rows; row += 4) {
        const int32_t rows = m.rows - row < 4 ? m.rows - row : 4;
        const uint8_t *x = (const uint8_t *)input;
        sk_block_sums sums = sk_rows_bias(m, row, rows);
        for (int32_t left = m.columns; left > 0; left -= SK_NARROW_COLUMNS) {
            const int32_t columns = left < SK_NARROW_COLUMNS ? left : SK_NARROW_COLUMNS;
            at = sk_narrow_rows(m, columns, x, at, &sums);
            x += columns;
        }
        sk_rows_store(output, row, rows, sums, to);
    }
}

#endif
