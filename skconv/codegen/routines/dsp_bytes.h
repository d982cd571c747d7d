/* Four bytes at a time: sizes, signs, maxima, and sums in lanes of 16 bits. */
#ifndef SKCONV_DSP_BYTES_H
#define SKCONV_DSP_BYTES_H

#include "dsp.h"

#if SK_DSP
/* FLAGS on bytes or lanes sets a flag for each where it is not less than 0; SEL takes there
 * from `YES`, else from `NO`. What FLAGS computes is `%0`. */
#define SK_DSP_SEL(FLAGS, YES, NO, RESULT, A, B)                       \
    __asm__(FLAGS "\n\tsel %0, " YES ", " NO : "=&r"(RESULT) : "r"(A), "r"(B) : "cc")
#else
/* RESULT is made of the bytes `a` and `b` of A and B, or of one alone. */
#define SK_FOUR(RESULT, BYTE)                                          \
    uint32_t RESULT = 0;                                               \
    for (uint32_t i = 0; i < 32; i += 8) {                             \
        RESULT |= ((uint32_t)(BYTE) & 0xFFu) << i;                     \
    }

SK_INLINE int32_t sk_signed_byte(uint32_t word, uint32_t place)
{
    return (int8_t)(uint8_t)(word >> place);
}

SK_INLINE int32_t sk_byte(uint32_t word, uint32_t place)
{
    return (uint8_t)(word >> place);
}

SK_INLINE int32_t sk_larger_of(int32_t a, int32_t b)
{
    return a > b ? a : b;
}
#endif

/* max(x, 0) of signed bytes. */
SK_INLINE uint32_t sk_four_positive(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_SEL("sadd8 %0, %1, %2", "%1", "%2", result, x, 0);
    return result;
#else
    SK_FOUR(result, sk_larger_of(sk_signed_byte(x, i), 0))
    return result;
#endif
}

/* max(-x, 0) of signed bytes above -128. */
SK_INLINE uint32_t sk_four_negative(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_SEL("ssub8 %0, %2, %1", "%0", "%2", result, x, 0);
    return result;
#else
    SK_FOUR(result, sk_larger_of(-sk_signed_byte(x, i), 0))
    return result;
#endif
}

/* |x| of signed bytes above -128. */
SK_INLINE uint32_t sk_four_sizes(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_SEL("ssub8 %0, %2, %1", "%0", "%1", result, x, 0);
    return result;
#else
    SK_FOUR(result, sk_larger_of(sk_signed_byte(x, i), -sk_signed_byte(x, i)))
    return result;
#endif
}

/* The larger ones of signed bytes. */
SK_INLINE uint32_t sk_four_larger(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_SEL("ssub8 %0, %1, %2", "%1", "%2", result, a, b);
    return result;
#else
    SK_FOUR(result, sk_larger_of(sk_signed_byte(a, i), sk_signed_byte(b, i)))
    return result;
#endif
}

/* The larger ones of unsigned bytes. */
SK_INLINE uint32_t sk_four_higher(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_SEL("usub8 %0, %1, %2", "%1", "%2", result, a, b);
    return result;
#else
    SK_FOUR(result, sk_larger_of(sk_byte(a, i), sk_byte(b, i)))
    return result;
#endif
}

/* max(a - b, 0) of unsigned bytes. */
SK_INLINE uint32_t sk_uqsub8(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_2("uqsub8", result, a, b);
    return result;
#else
    SK_FOUR(result, sk_larger_of(sk_byte(a, i) - sk_byte(b, i), 0))
    return result;
#endif
}

/* Both lanes clipped to 0 .. 127. */
SK_INLINE uint32_t sk_usat16_7(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    __asm__("usat16 %0, #7, %1" : "=r"(result) : "r"(x));
    return result;
#else
    return sk_lanes16(sk_clip(sk_low16(x), 0, 127), sk_clip(sk_high16(x), 0, 127));
#endif
}

/* a + b in both lanes. */
SK_INLINE uint32_t sk_sadd16(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_2("sadd16", result, a, b);
    return result;
#else
    return sk_lanes16(sk_low16(a) + sk_low16(b), sk_high16(a) + sk_high16(b));
#endif
}

/* Lanes and the bytes 0 and 2 of x, unsigned or signed; with `_ror8` the bytes 1 and 3. */
#if SK_DSP
#define SK_DEFINE_WIDEN_ADD(NAME, WIDEN, OPERATION, ROTATION)                              \
    SK_INLINE uint32_t NAME(uint32_t lanes, uint32_t x)                                    \
    {                                                                                      \
        uint32_t result;                                                                   \
        __asm__(OPERATION " %0, %1, %2" ROTATION : "=r"(result) : "r"(lanes), "r"(x));     \
        return result;                                                                     \
    }
#else
#define SK_DEFINE_WIDEN_ADD(NAME, WIDEN, OPERATION, ROTATION)                              \
    SK_INLINE uint32_t NAME(uint32_t lanes, uint32_t x)                                    \
    {                                                                                      \
        return sk_sadd16(lanes, WIDEN(x));                                                 \
    }
#endif
SK_DEFINE_WIDEN_ADD(sk_uxtab16, sk_uxtb16, "uxtab16", "")
SK_DEFINE_WIDEN_ADD(sk_uxtab16_ror8, sk_uxtb16_ror8, "uxtab16", ", ror #8")
SK_DEFINE_WIDEN_ADD(sk_sxtab16, sk_sxtb16, "sxtab16", "")
SK_DEFINE_WIDEN_ADD(sk_sxtab16_ror8, sk_sxtb16_ror8, "sxtab16", ", ror #8")

#endif
