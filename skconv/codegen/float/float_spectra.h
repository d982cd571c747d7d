/* The power of a signal in bands, frame by frame, its logarithm and its small powers. */
#ifndef SKCONV_FLOAT_SPECTRA_H
#define SKCONV_FLOAT_SPECTRA_H

#include "float_math.h"

typedef struct {
    float re;
    float im;
} sk_float_complex;

typedef struct {
    int32_t frames;
    int32_t frame_length;
    int32_t hop;
    int32_t bands;
    int32_t points; /* of the complex transform: half as many as samples */
    const SK_FLASH float *window;
    const SK_FLASH float *twiddles;       /* cos and -sin of pi k / points, k < points */
    const SK_FLASH uint16_t *band_starts; /* the first bin of every band */
    const SK_FLASH uint16_t *band_counts; /* and how many there are */
    const SK_FLASH float *weights;        /* of the bins of every band */
} sk_float_bands;

SK_INLINE sk_float_complex sk_float_turned(
    sk_float_bands bands, sk_float_complex z, int32_t k)
{
    const float re = bands.twiddles[2 * k];
    const float im = bands.twiddles[2 * k + 1];
    const sk_float_complex result = {z.re * re - z.im * im, z.im * re + z.re * im};
    return result;
}

/* The samples of a frame, weighted: pairs in the order of their reversed bits, then zeros. */
SK_INLINE void sk_float_frame(sk_float_bands bands, const float *frame, sk_float_complex *z)
{
    int32_t place = 0;
    for (int32_t i = 0; i < bands.points; i++) {
        const int32_t at = 2 * i;
        z[place].re = at < bands.frame_length ? frame[at] * bands.window[at] : 0.0f;
        z[place].im = at + 1 < bands.frame_length ? frame[at + 1] * bands.window[at + 1] : 0.0f;
        int32_t bit = bands.points >> 1;
        for (; bit > 0 && (place & bit) != 0; bit >>= 1) {
            place ^= bit;
        }
        place |= bit;
    }
}

/* The transform of complex numbers in steps of two (Cooley and Tukey 1965). */
SK_INLINE void sk_float_fft(sk_float_bands bands, sk_float_complex *z)
{
    for (int32_t size = 1; size < bands.points; size *= 2) {
        for (int32_t j = 0; j < size; j++) {
            for (int32_t i = j; i < bands.points; i += 2 * size) {
                const sk_float_complex a = z[i];
                const sk_float_complex b =
                    sk_float_turned(bands, z[i + size], j * (bands.points / size));
                z[i].re = a.re + b.re;
                z[i].im = a.im + b.im;
                z[i + size].re = a.re - b.re;
                z[i + size].im = a.im - b.im;
            }
        }
    }
}

/* |X|^2 of every bin of the real transform, in place of that of the pairs. */
SK_INLINE void sk_float_bins(sk_float_bands bands, sk_float_complex *z)
{
    const int32_t points = bands.points;
    for (int32_t k = 1; k <= points / 2; k++) {
        const sk_float_complex a = z[k];
        const sk_float_complex b = z[points - k];
        const sk_float_complex odd = {a.re - b.re, a.im + b.im};
        const sk_float_complex t = sk_float_turned(bands, odd, k);
        const float even_re = a.re + b.re;
        const float even_im = a.im - b.im;
        const float low_re = even_re + t.im;
        const float low_im = even_im - t.re;
        const float high_re = even_re - t.im;
        const float high_im = even_im + t.re;
        z[points - k].re = 0.25f * (high_re * high_re + high_im * high_im);
        z[k].re = 0.25f * (low_re * low_re + low_im * low_im);
    }
    const float first = z[0].re + z[0].im;
    const float last = z[0].re - z[0].im;
    float *power = (float *)(void *)z;
    for (int32_t k = 1; k < points; k++) {
        power[k] = z[k].re;
    }
    power[0] = first * first;
    power[points] = last * last;
}

SK_INLINE void sk_float_band_power(
    const float *signal, float *output, sk_float_bands bands, void *scratch)
{
    sk_float_complex *z = (sk_float_complex *)scratch;
    const float *power = (const float *)scratch;
    for (int32_t i = 0; i < bands.frames; i++) {
        sk_float_frame(bands, signal + i * bands.hop, z);
        sk_float_fft(bands, z);
        sk_float_bins(bands, z);
        const SK_FLASH float *weights = bands.weights;
        for (int32_t b = 0; b < bands.bands; b++) {
            float sum = 0.0f;
            for (int32_t k = 0; k < bands.band_counts[b]; k++) {
                sum += power[bands.band_starts[b] + k] * weights[k];
            }
            weights += bands.band_counts[b];
            output[i * bands.bands + b] = sum;
        }
    }
}

/* ln(x / floor), at least 0 */
SK_INLINE void sk_float_log_above(
    const float *input, float *output, int32_t size, float inverse_floor)
{
    for (int32_t i = 0; i < size; i++) {
        const float ratio = input[i] * inverse_floor;
        output[i] = ratio > 1.0f ? sk_float_log(ratio) : 0.0f;
    }
}

/* x^p; 0 of what is not positive */
SK_INLINE void sk_float_raise(const float *input, float *output, int32_t size, float exponent)
{
    for (int32_t i = 0; i < size; i++) {
        const float x = input[i];
        float power = 0.0f;
        if (x >= 1.17549435e-38f) { /* the smallest normal float */
            const float u = exponent * sk_float_log(x) * 1.44269504f;
            power = u < 0.0f ? sk_float_exp2_negative(-u) : 1.0f / sk_float_exp2_negative(u);
        }
        output[i] = power;
    }
}

#endif
