/* The Fourier transform of real integers of 16 bits, divided by what each step adds up.
 *
 * A complex number is a word: the real part in its low half, the imaginary one in the high. Even
 * and odd samples are such pairs; steps of four transform them in place, and they are taken apart.
 * `skconv.runtime.micro_fft` defines every number. What does not fit 16 bits wraps around.
 */
#ifndef SKCONV_MICRO_FFT_H
#define SKCONV_MICRO_FFT_H

#include "fft.h"

/* One half and one quarter, with 15 fraction bits. */
#define SK_MICRO_HALF 16383
#define SK_MICRO_QUARTER 8191

typedef struct {
    int32_t points;                    /* complex ones: half as many as real ones */
    const SK_FLASH uint16_t *places;   /* the pair that stands at each place */
    const SK_FLASH uint32_t *twiddles; /* e^(-2 pi i k / points), 15 fraction bits */
    const SK_FLASH uint32_t *split;    /* e^(-pi i (k / points + 1/2)) from k = 1 */
} sk_micro_fft;

SK_INLINE int32_t sk_low_half(uint32_t pair)
{
    return (int16_t)(uint16_t)(pair & 0xFFFFu);
}

SK_INLINE int32_t sk_high_half(uint32_t pair)
{
    return (int16_t)(uint16_t)(pair >> 16);
}

SK_INLINE uint32_t sk_pair_of(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

/* A number of 30 fraction bits with 15. */
SK_INLINE int32_t sk_rounded_product(int32_t product)
{
    return (product + 0x4000) >> 15;
}

SK_INLINE sk_complex sk_micro_part(uint32_t z, int32_t part)
{
    const sk_complex result = {
        sk_rounded_product(sk_low_half(z) * part), sk_rounded_product(sk_high_half(z) * part)};
    return result;
}

/* z w: twiddle factors are below one, so both products fit. */
SK_INLINE sk_complex sk_micro_turned(sk_complex z, uint32_t w)
{
    const int32_t re = sk_low_half(w);
    const int32_t im = sk_high_half(w);
    const sk_complex result = {
        sk_rounded_product(z.re * re - z.im * im), sk_rounded_product(z.re * im + z.im * re)};
    return result;
}

/* Four results, `size` apart, of four numbers. */
SK_INLINE void sk_micro_combine(
    uint32_t *z, int32_t size, sk_complex a, sk_complex b, sk_complex c, sk_complex d)
{
    const sk_complex p = {a.re + c.re, a.im + c.im};
    const sk_complex q = {a.re - c.re, a.im - c.im};
    const sk_complex u = {b.re + d.re, b.im + d.im};
    const sk_complex v = {b.re - d.re, b.im - d.im};
    z[0] = sk_pair_of(p.re + u.re, p.im + u.im);
    z[size] = sk_pair_of(q.re + v.im, q.im - v.re);
    z[2 * size] = sk_pair_of(p.re - u.re, p.im - u.im);
    z[3 * size] = sk_pair_of(q.re - v.im, q.im + v.re);
}

/* The transform of four numbers; their twiddle factors are one, which changes no quarter. */
SK_INLINE void sk_micro_four(uint32_t *z, int32_t size)
{
    const sk_complex a = sk_micro_part(z[0], SK_MICRO_QUARTER);
    const sk_complex b = sk_micro_part(z[size], SK_MICRO_QUARTER);
    const sk_complex c = sk_micro_part(z[2 * size], SK_MICRO_QUARTER);
    const sk_complex d = sk_micro_part(z[3 * size], SK_MICRO_QUARTER);
    sk_micro_combine(z, size, a, b, c, d);
}

/* The same behind three twiddle factors. */
SK_INLINE void sk_micro_four_turned(
    uint32_t *z, int32_t size, uint32_t w1, uint32_t w2, uint32_t w3)
{
    const sk_complex a = sk_micro_part(z[0], SK_MICRO_QUARTER);
    const sk_complex b = sk_micro_turned(sk_micro_part(z[size], SK_MICRO_QUARTER), w1);
    const sk_complex c = sk_micro_turned(sk_micro_part(z[2 * size], SK_MICRO_QUARTER), w2);
    const sk_complex d = sk_micro_turned(sk_micro_part(z[3 * size], SK_MICRO_QUARTER), w3);
    sk_micro_combine(z, size, a, b, c, d);
}

SK_INLINE void sk_micro_two(uint32_t *z)
{
    const sk_complex a = sk_micro_part(z[0], SK_MICRO_HALF);
    const sk_complex b = sk_micro_part(z[1], SK_MICRO_HALF);
    z[0] = sk_pair_of(a.re + b.re, a.im + b.im);
    z[1] = sk_pair_of(a.re - b.re, a.im - b.im);
}

/* Transforms of `size` points become transforms of four times as many. */
SK_INLINE void sk_micro_step(sk_micro_fft fft, uint32_t *z, int32_t size)
{
    const int32_t turn = fft.points / (4 * size);
    for (int32_t i = 0; i < fft.points; i += 4 * size) {
        sk_micro_four(z + i, size);
    }
    for (int32_t j = 1; j < size; j++) {
        const uint32_t w1 = fft.twiddles[j * turn];
        const uint32_t w2 = fft.twiddles[2 * j * turn];
        const uint32_t w3 = fft.twiddles[3 * j * turn];
        for (int32_t i = j; i < fft.points; i += 4 * size) {
            sk_micro_four_turned(z + i, size, w1, w2, w3);
        }
    }
}

SK_INLINE uint32_t sk_micro_energy(int32_t re, int32_t im)
{
    return (uint32_t)(re * re) + (uint32_t)(im * im);
}

/* The energy of bins 1 to points - 1, in place of the transform of the pairs. */
SK_INLINE void sk_micro_end(sk_micro_fft fft, uint32_t *z)
{
    for (int32_t k = 1; k <= fft.points / 2; k++) {
        const uint32_t other = z[fft.points - k];
        const uint32_t conjugate = sk_pair_of(sk_low_half(other), -sk_high_half(other));
        const sk_complex a = sk_micro_part(z[k], SK_MICRO_HALF);
        const sk_complex b = sk_micro_part(conjugate, SK_MICRO_HALF);
        const sk_complex odd = {a.re - b.re, a.im - b.im};
        const sk_complex turned = sk_micro_turned(odd, fft.split[k - 1]);
        const int32_t re = (int16_t)turned.re;
        const int32_t im = (int16_t)turned.im;
        z[k] = sk_micro_energy((a.re + b.re + re) >> 1, (a.im + b.im + im) >> 1);
        z[fft.points - k] = sk_micro_energy((a.re + b.re - re) >> 1, (im - a.im - b.im) >> 1);
    }
}

/* From pairs of samples, each at its place, to the energy of bins. */
SK_INLINE void sk_micro_transform(sk_micro_fft fft, uint32_t *z)
{
    int32_t size = 1;
    if ((fft.points & 0x55555555) == 0) {
        for (int32_t i = 0; i < fft.points; i += 2) {
            sk_micro_two(z + i);
        }
        size = 2;
    }
    for (; size < fft.points; size *= 4) {
        sk_micro_step(fft, z, size);
    }
    sk_micro_end(fft, z);
}

#endif
