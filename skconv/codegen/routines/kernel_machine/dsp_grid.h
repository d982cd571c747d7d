/* Vectors of 16 values, eight features a word, four vectors at a time.
 *
 * A feature is four bits k of a word, and means first + step * k. Blocks of four vectors lie
 * word by word, as those of dsp_block.h. A word that is compared with bytes holds features 0
 * to 3 in the lower halves of its bytes and 4 to 7 in the upper ones; one that is compared with
 * lanes holds features 2 i and 2 i + 1 at bit 4 i of its two lanes.
 */
#ifndef SKCONV_DSP_GRID_H
#define SKCONV_DSP_GRID_H

#include "dsp_block.h"

/* What four bits mean, for all lanes or bytes of a word: products with `step` stay within
 * theirs. A dot product is one of k alone. */
typedef struct {
    sk_block_step kind; /* SK_L1_BYTES (unsigned), SK_L1_LANES or SK_DOT_LANES */
    uint32_t first;     /* in every byte; of lanes its negative */
    uint32_t step;
    uint32_t flip;      /* what makes the bytes of the input unsigned */
} sk_grid;

/* |x - s| of two lanes, added to a sum. */
SK_INLINE uint32_t sk_grid_add_lanes(uint32_t s, uint32_t x, uint32_t sum)
{
#if SK_DSP
    uint32_t difference;
    __asm__("ssub16 %[d], %[x], %[s]\n\t"
            "ssub16 %[s], %[s], %[x]\n\t"
            "sel %[s], %[s], %[d]\n\t"
            "uxtah %[sum], %[sum], %[s]\n\t"
            "add %[sum], %[sum], %[s], lsr #16"
            : [s] "+r"(s), [sum] "+r"(sum), [d] "=&r"(difference)
            : [x] "r"(x));
    return sum;
#else
    return sk_block_add_one(SK_L1_LANES, s, x, x, sum);
#endif
}

/* What a word adds to the sum of its vector: `x` is two words of bytes, or four of lanes. The
 * mask is in a register, so that one instruction shifts and masks. */
SK_INLINE uint32_t sk_grid_add_word(
    sk_grid grid, uint32_t mask, uint32_t word, const uint32_t *x, uint32_t sum)
{
    if (grid.kind == SK_L1_BYTES) {
        const uint32_t low = (word & mask) * grid.step + grid.first;
        const uint32_t high = ((word >> 4) & mask) * grid.step + grid.first;
        return sk_usada8(high, x[1], sk_usada8(low, x[0], sum));
    }
    SK_UNROLL_4
    for (int32_t i = 0; i < 4; i++) {
        const uint32_t k = (word >> (4 * i)) & mask;
        sum = grid.kind == SK_DOT_LANES
                  ? (uint32_t)sk_smlad(k, x[i], (int32_t)sum)
                  : sk_grid_add_lanes(sk_ssub16(k * grid.step, grid.first), x[i], sum);
    }
    return sum;
}

/* Eight features of four vectors. */
SK_INLINE const uint32_t *sk_grid_add_group(
    sk_grid grid, uint32_t mask, const uint8_t *from, const uint32_t *at, sk_block_sums *sums)
{
    const int32_t words = grid.kind == SK_L1_BYTES ? 2 : 4;
    uint32_t x[4];
    SK_UNROLL_4
    for (int32_t i = 0; i < words; i++) {
        x[i] = sk_load32(from + 4 * i) ^ grid.flip;
    }
    sums->a = sk_grid_add_word(grid, mask, at[0], x, sums->a);
    sums->b = sk_grid_add_word(grid, mask, at[1], x, sums->b);
    sums->c = sk_grid_add_word(grid, mask, at[2], x, sums->c);
    sums->d = sk_grid_add_word(grid, mask, at[3], x, sums->d);
    return at + 4;
}

/* Distances of the four vectors at `at` from the input at `x`, or its dot products with k.
 * Features are filled up to a group with `first`, whose k is 0. */
SK_INLINE sk_block_sums sk_grid_sums(
    sk_grid grid, const uint8_t *x, const uint32_t *at, int32_t features)
{
    const int32_t size = grid.kind == SK_L1_BYTES ? 1 : 2;
    const int32_t rest = features % 8;
    const uint32_t mask = sk_pin_word(grid.kind == SK_L1_BYTES ? 0x0F0F0F0Fu : 0x000F000Fu);
    sk_block_sums sums = {0, 0, 0, 0};
    for (int32_t i = 0; i < features / 8; i++) {
        at = sk_grid_add_group(grid, mask, x, at, &sums);
        x += 8 * size;
    }
    if (rest != 0) {
        const uint32_t first = size == 1 ? grid.first ^ grid.flip : sk_ssub16(0, grid.first);
        uint32_t last[4] = {first, first, first, first};
        SK_MEMCPY(last, x, (size_t)(rest * size));
        sk_grid_add_group(grid, mask, (const uint8_t *)last, at, &sums);
    }
    return sums;
}

#endif
