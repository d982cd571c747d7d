/* The discrete Fourier transform of real numbers, in 32 bits and without any scaling.
 *
 * Even and odd samples are the real and imaginary parts of half as many complex numbers. Their
 * transform is computed in place in steps of four (decimation in time, Cooley and Tukey 1965),
 * and then taken apart. `skconv.runtime.fft` defines every number, and bounds them.
 */
#ifndef SKCONV_FFT_H
#define SKCONV_FFT_H

#include "types.h"

typedef struct {
    int32_t re;
    int32_t im;
} sk_complex;

typedef struct {
    int32_t points;                   /* complex ones: half as many as real ones */
    const SK_FLASH uint16_t *starts;  /* of the pair of samples that belongs at each place */
    const SK_FLASH int16_t *window;   /* the two weights of each pair */
    int32_t shift;                    /* of a weighted sample, to the right: at least 1 */
    const SK_FLASH uint32_t *twiddles; /* e^(-i pi k / points): two halves of 15 fraction bits */
} sk_fft;

#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FEATURE_DSP)
#define SK_WIDE_PRODUCT(OPERATION, RESULT, X, W) \
    __asm__(OPERATION " %0, %1, %2" : "=r"(RESULT) : "r"(X), "r"(W))
#endif

/* floor(x w / 2^16), half of the product with a number of 15 fraction bits. */
SK_INLINE int32_t sk_half_product(int32_t x, int32_t w)
{
    const int32_t low = (int32_t)((uint32_t)x & 0xFFFFu) * w;
    return (x >> 16) * w + (low >> 16);
}

/* That with the low half of a word, the real part of a twiddle factor. */
SK_INLINE int32_t sk_half_product_re(int32_t x, uint32_t w)
{
#if defined(SK_WIDE_PRODUCT)
    int32_t result;
    SK_WIDE_PRODUCT("smulwb", result, x, w);
    return result;
#else
    return sk_half_product(x, (int16_t)(uint16_t)w);
#endif
}

/* That with the high half, the imaginary part. */
SK_INLINE int32_t sk_half_product_im(int32_t x, uint32_t w)
{
#if defined(SK_WIDE_PRODUCT)
    int32_t result;
    SK_WIDE_PRODUCT("smulwt", result, x, w);
    return result;
#else
    return sk_half_product(x, (int16_t)(uint16_t)(w >> 16));
#endif
}

/* Half of z w. */
SK_INLINE sk_complex sk_half_turned(sk_complex z, uint32_t w)
{
    const sk_complex result = {
        sk_half_product_re(z.re, w) - sk_half_product_im(z.im, w),
        sk_half_product_re(z.im, w) + sk_half_product_im(z.re, w)};
    return result;
}

/* The pair of samples at a place, weighted. */
SK_INLINE sk_complex sk_weighted_pair(sk_fft fft, const void *frame, sk_type type, int32_t place)
{
    const int32_t start = fft.starts[place];
    const int32_t half = (int32_t)1 << (fft.shift - 1);
    const int32_t re = sk_load(frame, type, start) * fft.window[2 * place];
    const int32_t im = sk_load(frame, type, start + 1) * fft.window[2 * place + 1];
    const sk_complex result = {(re + half) >> fft.shift, (im + half) >> fft.shift};
    return result;
}

/* Four results, `size` apart, from sums and differences: p, q of the even numbers, u, v of the
 * odd ones. */
SK_INLINE void sk_fft_combine(
    sk_complex *z, int32_t size, sk_complex p, sk_complex q, sk_complex u, sk_complex v)
{
    z[0] = (sk_complex){p.re + u.re, p.im + u.im};
    z[size] = (sk_complex){q.re + v.im, q.im - v.re};
    z[2 * size] = (sk_complex){p.re - u.re, p.im - u.im};
    z[3 * size] = (sk_complex){q.re - v.im, q.im + v.re};
}

/* The transform of four numbers. */
SK_INLINE void sk_fft_four(
    sk_complex *z, int32_t size, sk_complex a, sk_complex b, sk_complex c, sk_complex d)
{
    const sk_complex p = {a.re + c.re, a.im + c.im};
    const sk_complex q = {a.re - c.re, a.im - c.im};
    const sk_complex u = {b.re + d.re, b.im + d.im};
    const sk_complex v = {b.re - d.re, b.im - d.im};
    sk_fft_combine(z, size, p, q, u, v);
}

/* The same in place, behind three twiddle factors. */
SK_INLINE void sk_fft_four_turned(
    sk_complex *z, int32_t size, uint32_t w1, uint32_t w2, uint32_t w3)
{
    const sk_complex b = sk_half_turned(z[size], w1);
    const sk_complex d = sk_half_turned(z[3 * size], w3);
    const sk_complex u = {2 * (b.re + d.re), 2 * (b.im + d.im)};
    const sk_complex v = {2 * (b.re - d.re), 2 * (b.im - d.im)};
    const sk_complex c = sk_half_turned(z[2 * size], w2);
    const sk_complex p = {z[0].re + 2 * c.re, z[0].im + 2 * c.im};
    const sk_complex q = {z[0].re - 2 * c.re, z[0].im - 2 * c.im};
    sk_fft_combine(z, size, p, q, u, v);
}

/* The weighted samples, and the first step: of two where the points are no power of four. */
SK_INLINE int32_t sk_fft_begin(sk_fft fft, const void *frame, sk_type type, sk_complex *z)
{
    if ((fft.points & 0x55555555) == 0) {
        for (int32_t i = 0; i < fft.points; i += 2) {
            const sk_complex a = sk_weighted_pair(fft, frame, type, i);
            const sk_complex b = sk_weighted_pair(fft, frame, type, i + 1);
            z[i] = (sk_complex){a.re + b.re, a.im + b.im};
            z[i + 1] = (sk_complex){a.re - b.re, a.im - b.im};
        }
        return 2;
    }
    for (int32_t i = 0; i < fft.points; i += 4) {
        const sk_complex a = sk_weighted_pair(fft, frame, type, i);
        const sk_complex b = sk_weighted_pair(fft, frame, type, i + 1);
        const sk_complex c = sk_weighted_pair(fft, frame, type, i + 2);
        const sk_complex d = sk_weighted_pair(fft, frame, type, i + 3);
        sk_fft_four(z + i, 1, a, b, c, d);
    }
    return 4;
}

/* Transforms of `size` points become transforms of four times as many. */
SK_INLINE void sk_fft_step(sk_fft fft, sk_complex *z, int32_t size)
{
    const int32_t turn = fft.points / (2 * size);
    for (int32_t i = 0; i < fft.points; i += 4 * size) {
        sk_fft_four(z + i, size, z[i], z[i + size], z[i + 2 * size], z[i + 3 * size]);
    }
    for (int32_t j = 1; j < size; j++) {
        const uint32_t w1 = fft.twiddles[j * turn];
        const uint32_t w2 = fft.twiddles[2 * j * turn];
        const uint32_t w3 = fft.twiddles[3 * j * turn];
        for (int32_t i = j; i < fft.points; i += 4 * size) {
            sk_fft_four_turned(z + i, size, w1, w2, w3);
        }
    }
}

SK_INLINE uint32_t sk_bits_of(sk_complex z)
{
    return (uint32_t)(z.re ^ (z.re >> 31)) | (uint32_t)(z.im ^ (z.im >> 31));
}

/* Twice the transform of the real samples, from that of the pairs: z[0] becomes the real numbers
 * at frequency 0 and at half the rate, z[k] that at k. Those above the middle are conjugates.
 * Returns the bits that any of them has. */
SK_INLINE uint32_t sk_fft_end(sk_fft fft, sk_complex *z)
{
    const int32_t points = fft.points;
    const sk_complex first = {2 * (z[0].re + z[0].im), 2 * (z[0].re - z[0].im)};
    uint32_t bits = sk_bits_of(first);
    z[0] = first;
    for (int32_t k = 1; k <= points / 2; k++) {
        const sk_complex a = z[k];
        const sk_complex b = z[points - k];
        const sk_complex even = {a.re + b.re, a.im - b.im};
        const sk_complex odd = {a.re - b.re, a.im + b.im};
        const sk_complex t = sk_half_turned(odd, fft.twiddles[k]);
        const sk_complex low = {even.re + 2 * t.im, even.im - 2 * t.re};
        const sk_complex high = {even.re - 2 * t.im, even.im + 2 * t.re};
        bits |= sk_bits_of(low) | sk_bits_of(high);
        z[points - k] = high;
        z[k] = low;
    }
    return bits;
}

/* Two steps, if there are so many: sizes that are constants spare the pointers. */
SK_INLINE void sk_fft_steps(sk_fft fft, sk_complex *z, int32_t size)
{
    if (size < fft.points) {
        sk_fft_step(fft, z, size);
    }
    if (4 * size < fft.points) {
        sk_fft_step(fft, z, 4 * size);
    }
}

/* All of it. */
SK_INLINE uint32_t sk_real_fft(sk_fft fft, const void *frame, sk_type type, sk_complex *z)
{
    const int32_t first = sk_fft_begin(fft, frame, type, z);
    sk_fft_steps(fft, z, first);
    sk_fft_steps(fft, z, 16 * first);
    sk_fft_steps(fft, z, 256 * first);
    return sk_fft_end(fft, z);
}

#endif
