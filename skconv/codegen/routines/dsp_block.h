/* Rows of a table against one vector, four rows at a time.
 *
 * The table is made of blocks of four rows, word by word: the first word of each of the
 * four, the second of each, and so on, aligned to words. So one instruction loads a word of
 * every row, and a word of the vector is loaded once for the four.
 */
#ifndef SKCONV_DSP_BLOCK_H
#define SKCONV_DSP_BLOCK_H

#include "dsp.h"

/* One sum of each row. */
typedef struct {
    uint32_t a, b, c, d;
} sk_block_sums;

/* What a word s of a row adds to its sum, of the words x and y:
 *
 *   SK_L1_BYTES   |x - s|, four unsigned bytes
 *   SK_L2_BYTES   (x - s)^2, four unsigned bytes s; the lanes of x and y are -x, of the
 *                 even bytes and of the odd ones
 *   SK_DOT_BYTES  x * s, four signed bytes s; the lanes of x and y go with the even bytes
 *                 and with the odd ones
 *   SK_L1_LANES   |x - s|, two lanes
 *   SK_DOT_LANES  x * s, two lanes */
typedef enum { SK_L1_BYTES, SK_L2_BYTES, SK_DOT_BYTES, SK_L1_LANES, SK_DOT_LANES } sk_block_step;

SK_INLINE uint32_t sk_lane_magnitude(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

SK_INLINE uint32_t sk_block_add_one(
    sk_block_step step, uint32_t s, uint32_t x, uint32_t y, uint32_t sum)
{
    switch (step) {
    case SK_L1_BYTES:
        return sk_usada8(s, x, sum);
    case SK_L2_BYTES: {
        const uint32_t even = sk_ssub16(sk_uxtb16(s), sk_ssub16(0, x));
        const uint32_t odd = sk_ssub16(sk_uxtb16_ror8(s), sk_ssub16(0, y));
        return (uint32_t)sk_smlad(odd, odd, sk_smlad(even, even, (int32_t)sum));
    }
    case SK_DOT_BYTES: {
        const int32_t even = sk_smlad(sk_sxtb16(s), x, (int32_t)sum);
        return (uint32_t)sk_smlad(sk_sxtb16_ror8(s), y, even);
    }
    case SK_L1_LANES:
        sum += sk_lane_magnitude(sk_low16(x) - sk_low16(s));
        return sum + sk_lane_magnitude(sk_high16(x) - sk_high16(s));
    case SK_DOT_LANES:
    default:
        return (uint32_t)sk_smlad(s, x, (int32_t)sum);
    }
}

#if SK_DSP

/* Loads the four words at `AT`, moves on, and does STEP(sum, word) with each of them and
 * the sums `D`. Registers are named because LDM wants them in ascending order, which no
 * constraint can ask for. `sk_free` is the step's own. */
#define SK_BLOCK_FOUR(STEP, AT, X, Y, D)                                                 \
    __asm__("ldmia %[at]!, {r8, r10, r11, r12}\n\t" STEP("%[a]", "r8")                   \
                STEP("%[b]", "r10") STEP("%[c]", "r11") STEP("%[d]", "r12")              \
            : [at] "+r"(AT), [a] "+&r"((D)->a), [b] "+&r"((D)->b),                       \
              [c] "+&r"((D)->c), [d] "+&r"((D)->d) SK_FREE_OF_##STEP                     \
            : [x] "r"(X), [y] "r"(Y), "m"(*(const uint32_t(*)[4])(AT))                   \
            : "r8", "r10", "r11", "r12")

#define SK_BLOCK_USADA8(d, s) "usada8 " d ", " s ", %[x], " d "\n\t"
#define SK_BLOCK_SMLAD(d, s) "smlad " d ", " s ", %[x], " d "\n\t"
#define SK_BLOCK_SQUARES(d, s)                             \
    "uxtab16 %[free], %[x], " s "\n\t"                     \
    "smlad " d ", %[free], %[free], " d "\n\t"             \
    "uxtab16 " s ", %[y], " s ", ror #8\n\t"               \
    "smlad " d ", " s ", " s ", " d "\n\t"
#define SK_BLOCK_PRODUCTS(d, s)                            \
    "sxtb16 %[free], " s "\n\t"                            \
    "smlad " d ", %[free], %[x], " d "\n\t"                \
    "sxtb16 " s ", " s ", ror #8\n\t"                      \
    "smlad " d ", " s ", %[y], " d "\n\t"
#define SK_BLOCK_ABSOLUTES(d, s)                           \
    "ssub16 %[free], %[x], " s "\n\t"                      \
    "ssub16 " s ", " s ", %[x]\n\t"                        \
    "sel " s ", " s ", %[free]\n\t"                        \
    "uxtah " d ", " d ", " s "\n\t"                        \
    "add " d ", " d ", " s ", lsr #16\n\t"

#define SK_FREE_OF_SK_BLOCK_USADA8
#define SK_FREE_OF_SK_BLOCK_SMLAD
#define SK_FREE_OF_SK_BLOCK_SQUARES , [free] "=&r"(sk_free)
#define SK_FREE_OF_SK_BLOCK_PRODUCTS , [free] "=&r"(sk_free)
#define SK_FREE_OF_SK_BLOCK_ABSOLUTES , [free] "=&r"(sk_free)

SK_INLINE const uint32_t *sk_block_add_word(
    sk_block_step step, const uint32_t *at, uint32_t x, uint32_t y, sk_block_sums *sums)
{
    uint32_t sk_free;
    switch (step) {
    case SK_L1_BYTES:
        SK_BLOCK_FOUR(SK_BLOCK_USADA8, at, x, x, sums);
        break;
    case SK_L2_BYTES:
        SK_BLOCK_FOUR(SK_BLOCK_SQUARES, at, x, y, sums);
        break;
    case SK_DOT_BYTES:
        SK_BLOCK_FOUR(SK_BLOCK_PRODUCTS, at, x, y, sums);
        break;
    case SK_L1_LANES:
        SK_BLOCK_FOUR(SK_BLOCK_ABSOLUTES, at, x, x, sums);
        break;
    case SK_DOT_LANES:
    default:
        SK_BLOCK_FOUR(SK_BLOCK_SMLAD, at, x, x, sums);
        break;
    }
    (void)sk_free;
    return at;
}

#else

SK_INLINE const uint32_t *sk_block_add_word(
    sk_block_step step, const uint32_t *at, uint32_t x, uint32_t y, sk_block_sums *sums)
{
    sums->a = sk_block_add_one(step, at[0], x, y, sums->a);
    sums->b = sk_block_add_one(step, at[1], x, y, sums->b);
    sums->c = sk_block_add_one(step, at[2], x, y, sums->c);
    sums->d = sk_block_add_one(step, at[3], x, y, sums->d);
    return at + 4;
}

#endif

/* The last bytes of a tensor, fewer than four, filled up with zeros. */
SK_INLINE uint32_t sk_tail_word(const uint8_t *at, int32_t bytes)
{
    uint32_t word = 0;
    for (int32_t i = 0; i < bytes; i++) {
        word |= (uint32_t)at[i] << (8 * i);
    }
    return word;
}

#endif
