/* The packed arithmetic of Cortex-M4 and its like, and the same in plain C.
 *
 * A word holds two int16 lanes (low half first) or four bytes (lowest byte first). Every
 * function gives the same result with and without the DSP extension, so what is built on
 * them runs and is tested on any little-endian machine. Sums wrap; the callers' bounds
 * keep them from it.
 */
#ifndef SKCONV_DSP_H
#define SKCONV_DSP_H

#include <string.h>

#include "types.h"

#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FEATURE_DSP) \
    && defined(__ARM_FEATURE_SIMD32) && !defined(__ARM_BIG_ENDIAN)
#define SK_DSP 1
#else
#define SK_DSP 0
#endif

/* Without a C library the compiler takes `memcpy` for a call of an unknown function. */
#if defined(__GNUC__)
#define SK_MEMCPY __builtin_memcpy
#else
#define SK_MEMCPY memcpy
#endif

/* AVR's compiler reads this file, too, and is older than the pragma. */
#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 8)
#define SK_UNROLL_4 _Pragma("GCC unroll 4")
#define SK_UNROLL_8 _Pragma("GCC unroll 8")
#else
#define SK_UNROLL_4
#define SK_UNROLL_8
#endif

/* A function that stays one: nothing of its caller takes registers in its loops. */
#if defined(__GNUC__)
#define SK_APART static __attribute__((noinline))
#else
#define SK_APART static
#endif

/* LDR takes any address on these cores; other ways to load do not. */
SK_INLINE uint32_t sk_load32(const void *at)
{
    uint32_t word;
    SK_MEMCPY(&word, at, sizeof word);
    return word;
}

SK_INLINE void sk_store32(void *at, uint32_t word)
{
    SK_MEMCPY(at, &word, sizeof word);
}

SK_INLINE int32_t sk_low16(uint32_t x)
{
    return (int16_t)(uint16_t)x;
}

SK_INLINE int32_t sk_high16(uint32_t x)
{
    return (int16_t)(uint16_t)(x >> 16);
}

SK_INLINE uint32_t sk_lanes16(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

SK_INLINE int32_t sk_wrapping_sum(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* OPERATION %0, %1, %2 and OPERATION %0, %1, %2, %3 */
#define SK_DSP_2(OPERATION, RESULT, A, B) \
    __asm__(OPERATION " %0, %1, %2" : "=r"(RESULT) : "r"(A), "r"(B))
#define SK_DSP_3(OPERATION, RESULT, A, B, C) \
    __asm__(OPERATION " %0, %1, %2, %3" : "=r"(RESULT) : "r"(A), "r"(B), "r"(C))

/* sum + a.low * b.low + a.high * b.high */
SK_INLINE int32_t sk_smlad(uint32_t a, uint32_t b, int32_t sum)
{
#if SK_DSP
    int32_t result;
    SK_DSP_3("smlad", result, a, b, sum);
    return result;
#else
    const int32_t low = sk_wrapping_sum(sum, sk_low16(a) * sk_low16(b));
    return sk_wrapping_sum(low, sk_high16(a) * sk_high16(b));
#endif
}

/* sum + a.low * b.low; then the mixed halves: B is the low one, T the high one. */
SK_INLINE int32_t sk_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
#if SK_DSP
    int32_t result;
    SK_DSP_3("smlabb", result, a, b, sum);
    return result;
#else
    return sk_wrapping_sum(sum, sk_low16(a) * sk_low16(b));
#endif
}

SK_INLINE int32_t sk_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
#if SK_DSP
    int32_t result;
    SK_DSP_3("smlabt", result, a, b, sum);
    return result;
#else
    return sk_wrapping_sum(sum, sk_low16(a) * sk_high16(b));
#endif
}

SK_INLINE int32_t sk_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
#if SK_DSP
    int32_t result;
    SK_DSP_3("smlatb", result, a, b, sum);
    return result;
#else
    return sk_wrapping_sum(sum, sk_high16(a) * sk_low16(b));
#endif
}

SK_INLINE int32_t sk_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
#if SK_DSP
    int32_t result;
    SK_DSP_3("smlatt", result, a, b, sum);
    return result;
#else
    return sk_wrapping_sum(sum, sk_high16(a) * sk_high16(b));
#endif
}

/* Bytes 0 and 2 to int16 lanes; with `_ror8` bytes 1 and 3. */
SK_INLINE uint32_t sk_sxtb16(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(x));
    return result;
#else
    return sk_lanes16((int8_t)(uint8_t)x, (int8_t)(uint8_t)(x >> 16));
#endif
}

SK_INLINE uint32_t sk_sxtb16_ror8(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(x));
    return result;
#else
    return sk_lanes16((int8_t)(uint8_t)(x >> 8), (int8_t)(uint8_t)(x >> 24));
#endif
}

SK_INLINE uint32_t sk_uxtb16(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    __asm__("uxtb16 %0, %1" : "=r"(result) : "r"(x));
    return result;
#else
    return x & 0x00FF00FFu;
#endif
}

SK_INLINE uint32_t sk_uxtb16_ror8(uint32_t x)
{
#if SK_DSP
    uint32_t result;
    __asm__("uxtb16 %0, %1, ror #8" : "=r"(result) : "r"(x));
    return result;
#else
    return (x >> 8) & 0x00FF00FFu;
#endif
}

/* (a.low, b.low) and (a.high, b.high): lanes sorted, low one from `a`. */
SK_INLINE uint32_t sk_pack_low(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return (a & 0xFFFFu) | (b << 16);
#endif
}

SK_INLINE uint32_t sk_pack_high(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(b), "r"(a));
    return result;
#else
    return (a >> 16) | (b & 0xFFFF0000u);
#endif
}

/* (a.low, b.high) */
SK_INLINE uint32_t sk_pack_low_high(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    __asm__("pkhbt %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return (a & 0xFFFFu) | (b & 0xFFFF0000u);
#endif
}

/* (a * b + 2^31) >> 32: the product of a requantisation. */
SK_INLINE int32_t sk_smmulr(int32_t a, int32_t b)
{
#if SK_DSP
    int32_t result;
    SK_DSP_2("smmulr", result, a, b);
    return result;
#else
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
#endif
}

/* a - b in both lanes. */
SK_INLINE uint32_t sk_ssub16(uint32_t a, uint32_t b)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_2("ssub16", result, a, b);
    return result;
#else
    return sk_lanes16(sk_low16(a) - sk_low16(b), sk_high16(a) - sk_high16(b));
#endif
}

/* sum + |a - b| over the four unsigned bytes. */
SK_INLINE uint32_t sk_usada8(uint32_t a, uint32_t b, uint32_t sum)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_3("usada8", result, a, b, sum);
    return result;
#else
    for (uint32_t i = 0; i < 32; i += 8) {
        const uint32_t x = (a >> i) & 0xFFu;
        const uint32_t y = (b >> i) & 0xFFu;
        sum += x > y ? x - y : y - x;
    }
    return sum;
#endif
}

/* sum + a.low * b.low + a.high * b.high, in 64 bits. */
SK_INLINE int64_t sk_smlald(uint32_t a, uint32_t b, int64_t sum)
{
#if SK_DSP
    __asm__("smlald %Q0, %R0, %1, %2" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
#else
    return sum + sk_low16(a) * sk_low16(b) + (int64_t)sk_high16(a) * sk_high16(b);
#endif
}

/* value >> places, 0 from 32 places on; fewer than 256 places. */
SK_INLINE uint32_t sk_shift_right(uint32_t value, uint32_t places)
{
#if SK_DSP
    uint32_t result;
    SK_DSP_2("lsr", result, value, places);
    return result;
#else
    return places < 32 ? value >> places : 0;
#endif
}

/* The same address, of which the compiler knows nothing more: it stays in a register, and
 * what is read from there stays inside the loop. */
SK_INLINE const void *sk_opaque(const void *at)
{
#if SK_DSP
    __asm__ volatile("" : "+r"(at));
#endif
    return at;
}

#if SK_DSP
#define SK_SATURATE(OPERATION, BITS, RESULT, X) \
    __asm__(OPERATION " %0, #" #BITS ", %1" : "=r"(RESULT) : "r"(X))
#endif

/* Clip to constants: one instruction for the limits of a type, or of its positive half. */
SK_INLINE int32_t sk_clip(int32_t value, int32_t minimum, int32_t maximum)
{
#if SK_DSP
    int32_t result;
    if (minimum == -128 && maximum == 127) {
        SK_SATURATE("ssat", 8, result, value);
        return result;
    }
    if (minimum == -32768 && maximum == 32767) {
        SK_SATURATE("ssat", 16, result, value);
        return result;
    }
    if (minimum == 0 && maximum == 127) {
        SK_SATURATE("usat", 7, result, value);
        return result;
    }
    if (minimum == 0 && maximum == 255) {
        SK_SATURATE("usat", 8, result, value);
        return result;
    }
    if (minimum == 0 && maximum == 32767) {
        SK_SATURATE("usat", 15, result, value);
        return result;
    }
#endif
    const int32_t floored = value < minimum ? minimum : value;
    return floored > maximum ? maximum : floored;
}

/* Two words by one load, in the place where it is written; `at` is aligned. */
SK_INLINE void sk_two_words(const uint32_t *at, uint32_t *a, uint32_t *b)
{
#if SK_DSP
    typedef uint64_t __attribute__((may_alias, aligned(4))) two_words;
    __asm__ volatile("ldrd %0, %1, %2" : "=r"(*a), "=r"(*b) : "m"(*(const two_words *)at));
#else
    *a = at[0];
    *b = at[1];
#endif
}

SK_INLINE uint32_t sk_word(const uint32_t *at)
{
#if SK_DSP
    uint32_t word;
    __asm__ volatile("ldr %0, %1" : "=r"(word) : "m"(*at));
    return word;
#else
    return *at;
#endif
}

/* A word of a constant table, and on to the next: by the same load. */
SK_INLINE uint32_t sk_next_word(const uint32_t **from)
{
#if SK_DSP
    uint32_t word;
    __asm__ volatile("ldr %0, [%1], #4" : "=&r"(word), "+r"(*from));
    return word;
#else
    return *(*from)++;
#endif
}

/* Two words of a constant table, and on to the next. */
SK_INLINE void sk_next_two_words(const uint32_t **from, uint32_t *a, uint32_t *b)
{
#if SK_DSP
    __asm__ volatile("ldrd %0, %1, [%2], #8" : "=&r"(*a), "=&r"(*b), "+r"(*from));
#else
    *a = (*from)[0];
    *b = (*from)[1];
    *from += 2;
#endif
}

/* The same number, computed where it is written: the compiler does not reorder pins. */
SK_INLINE int32_t sk_pin(int32_t x)
{
#if SK_DSP
    __asm__ volatile("" : "+r"(x));
#endif
    return x;
}

/* The same word, kept in a register: no constant of an instruction. */
SK_INLINE uint32_t sk_pin_word(uint32_t x)
{
#if SK_DSP
    __asm__("" : "+r"(x));
#endif
    return x;
}

/* The same address, unknown to the compiler: what lies near it is reached by offsets. */
SK_INLINE const uint32_t *sk_pin_pointer(const uint32_t *at)
{
#if SK_DSP
    __asm__ volatile("" : "+r"(at));
#endif
    return at;
}

/* Clip to -maximum .. maximum: one instruction for the upper limit, three for the lower. */
SK_INLINE int32_t sk_clip_evenly(int32_t value, int32_t maximum)
{
    const int32_t clipped = sk_clip(value, -maximum - 1, maximum);
    return clipped < -maximum ? -maximum : clipped;
}

/* Bytes -128 become -127: two instructions for four. With it a clip to -127 .. 127 is one
 * to -128 .. 127, entry by entry, and this afterwards. */
SK_INLINE uint32_t sk_lift_four(uint32_t bytes)
{
#if SK_DSP
    const uint32_t ones = 0x01010101u;
    uint32_t result;
    __asm__("qsub8 %0, %1, %2" : "=r"(result) : "r"(bytes), "r"(ones));
    __asm__("sadd8 %0, %1, %2" : "=r"(result) : "r"(result), "r"(ones));
    return result;
#else
    for (uint32_t i = 0; i < 32; i += 8) {
        bytes |= ((bytes >> i) & 0xFFu) == 0x80u ? (uint32_t)1 << i : 0;
    }
    return bytes;
#endif
}

SK_INLINE void sk_lift(int8_t *entries, int32_t size)
{
    SK_UNROLL_4
    for (int32_t i = 0; i < size / 4; i++) {
        sk_store32(entries + 4 * i, sk_lift_four(sk_load32(entries + 4 * i)));
    }
    for (int32_t i = size / 4 * 4; i < size; i++) {
        entries[i] = entries[i] < -127 ? -127 : entries[i];
    }
}

/* Whether entries of this type and these limits are lifted after a plainer clip. */
SK_INLINE bool sk_is_lifted(sk_type type, int32_t minimum, int32_t maximum)
{
    return type == SK_INT8 && minimum == -127 && maximum == 127;
}

#endif
