/* The audio front end of TFLite-Micro: bands of frames, noise reduction, gain control, logarithm.
 *
 * `skconv.runtime.micro_frontend` defines every number.
 */
#ifndef SKCONV_MICRO_FRONTEND_H
#define SKCONV_MICRO_FRONTEND_H

#include "micro_fft.h"
#include "spectra.h"

typedef struct {
    int32_t frame_length;
    const SK_FLASH int16_t *window; /* 12 fraction bits */
    sk_micro_fft fft; /* last, as in `sk_bands` */
} sk_micro_window;

typedef struct {
    int32_t even; /* parts of a frame in the estimate of noise, 14 fraction bits */
    int32_t odd;
    int32_t remaining;             /* the least part that is left, likewise */
    const SK_FLASH int16_t *gains; /* NULL: no gain control */
    int32_t snr_shift;
    int32_t correction;                /* to the left before the logarithm */
    const SK_FLASH uint16_t *log_table; /* NULL: no logarithm */
    int32_t log_shift;
} sk_micro_levels;

/* ------------------------------------------------------------------------ frames and bands */

SK_INLINE int32_t sk_micro_weighted(
    sk_micro_window by, const void *frame, sk_type type, int32_t index)
{
    return index < by.frame_length ? (sk_load(frame, type, index) * by.window[index]) >> 12 : 0;
}

/* Weighted samples, each at its place; returns the bits that any of them has. */
SK_INLINE uint32_t sk_micro_begin(
    sk_micro_window by, const void *frame, sk_type type, uint32_t *z)
{
    uint32_t bits = 0;
    for (int32_t i = 0; i < by.fft.points; i++) {
        const int32_t start = 2 * (int32_t)by.fft.places[i];
        const int32_t a = sk_micro_weighted(by, frame, type, start);
        const int32_t b = sk_micro_weighted(by, frame, type, start + 1);
        bits |= (uint32_t)(a < 0 ? -a : a) | (uint32_t)(b < 0 ? -b : b);
        z[i] = sk_pair_of(a, b);
    }
    return bits & 0x7FFFu;
}

/* The energy of every bin of a frame, as if it were shifted to the left by the result. */
SK_INLINE int32_t sk_micro_energies(
    sk_micro_window by, const void *frame, sk_type type, uint32_t *z)
{
    const uint32_t bits = sk_micro_begin(by, frame, type, z);
    const int32_t up = bits == 0 ? 15 : 14 - sk_leading_bit(bits);
    const uint32_t low = 0xFFFFu >> up;
    for (int32_t i = 0; i < by.fft.points; i++) {
        z[i] = ((z[i] & low) << up) | ((z[i] & 0xFFFF0000u) << up);
    }
    sk_micro_transform(by.fft, z);
    return up;
}

typedef struct {
    uint32_t rest;
    uint32_t root;
} sk_root_digits;

/* The digits of a root that come of a word, two bits of it for each. */
SK_INLINE sk_root_digits sk_more_digits(sk_root_digits so_far, uint32_t word, int32_t place)
{
    for (; place >= 0; place -= 2) {
        const uint32_t trial = 4 * so_far.root + 1;
        so_far.rest = 4 * so_far.rest + ((word >> place) & 3u);
        so_far.root *= 2;
        if (so_far.rest >= trial) {
            so_far.rest -= trial;
            so_far.root++;
        }
    }
    return so_far;
}

/* The nearest integer to the root of x < 2^58; that of 32 bits has 16. */
SK_INLINE uint32_t sk_micro_root(uint64_t x)
{
    const uint32_t high = (uint32_t)(x >> 32);
    const uint32_t low = (uint32_t)x;
    sk_root_digits found = {0, 0};
    if (high != 0) {
        found = sk_more_digits(found, high, sk_leading_bit(high) & ~1);
        found = sk_more_digits(found, low, 30);
    } else if (low != 0) {
        found = sk_more_digits(found, low, sk_leading_bit(low) & ~1);
    }
    const bool is_full = high == 0 && found.root == 0xFFFFu;
    return found.rest > found.root && !is_full ? found.root + 1 : found.root;
}

/* The roots of the bands of a frame; the transform of `sk_bands` is not used. */
SK_INLINE void sk_micro_frame(
    sk_micro_window by, sk_bands bands, const void *frame, sk_type type, int32_t *output,
    void *scratch)
{
    const int32_t up = sk_micro_energies(by, frame, type, (uint32_t *)scratch);
    const SK_FLASH uint16_t *weight = bands.weights;
    for (int32_t b = 0; b < bands.bands; b++) {
        const uint64_t sum = sk_band_sum(bands, scratch, b, &weight);
        output[b] = (int32_t)(sk_micro_root(sum) >> up);
    }
}

SK_INLINE void sk_micro_frames(
    const void *signal, sk_type type, int32_t *output, sk_micro_window by, sk_bands bands,
    void *scratch)
{
    for (int32_t i = 0; i < bands.frames; i++) {
        const void *frame = sk_frame_at(bands, signal, type, i);
        sk_micro_frame(by, bands, frame, type, output + i * bands.bands, scratch);
    }
}

/* ------------------------------------------------------------------------- noise and gain */

/* The gain for an estimate of noise: a parabola for every number of bits. */
SK_INLINE int32_t sk_micro_gain(const SK_FLASH int16_t *gains, uint32_t noise)
{
    if (noise <= 2) {
        return gains[noise];
    }
    const int32_t bits = sk_leading_bit(noise) + 1;
    const SK_FLASH int16_t *curve = gains + 4 * bits - 6;
    const uint32_t place = bits < 11 ? noise << (11 - bits) : noise >> (bits - 11);
    const int32_t inside = (int32_t)(place & 0x3FFu);
    const int32_t slope = ((curve[2] * inside) >> 5) + curve[1] * (int32_t)32;
    return (int16_t)(((slope * inside + 0x4000) >> 15) + curve[0]);
}

/* A square up to 2, and from there on a line: 12 fraction bits become 6. */
SK_INLINE uint32_t sk_micro_shrunk(uint32_t snr)
{
    return snr < 8192u ? (snr * snr) >> 20 : (snr >> 6) - 64u;
}

/* 2^shift ln(x), rounded, of x > 1. */
SK_INLINE uint32_t sk_micro_log(const SK_FLASH uint16_t *table, uint32_t x, int32_t shift)
{
    const int32_t whole = sk_leading_bit(x);
    const uint32_t above = x - ((uint32_t)1 << whole);
    const uint32_t rest = whole < 16 ? above << (16 - whole) : above >> (whole - 16);
    const int32_t entry = table[rest >> 9];
    const int32_t next = table[(rest >> 9) + 1];
    const int32_t inside = ((next - entry) * (int32_t)(rest & 511u)) >> 16;
    const uint32_t octaves = ((uint32_t)whole << 16) + rest + (uint32_t)(entry + inside);
    const uint32_t natural = (uint32_t)((45426u * (uint64_t)octaves + 0x8000u) >> 16);
    return ((natural << shift) + 0x8000u) >> 16;
}

/* What becomes of a band of a frame; `noise` is the estimate of the frames before. */
SK_INLINE int32_t sk_micro_level(
    sk_micro_levels by, uint32_t signal, int32_t band, uint32_t *noise)
{
    const uint32_t part = (uint32_t)((band & 1) != 0 ? by.odd : by.even);
    const uint32_t up = signal << 10;
    *noise = (uint32_t)(((uint64_t)up * part + (uint64_t)*noise * (16384u - part)) >> 14);
    const uint32_t left = (up > *noise ? up - *noise : 0) >> 10;
    const uint32_t least = (uint32_t)(((uint64_t)signal * (uint32_t)by.remaining) >> 14);
    uint32_t kept = left > least ? left : least;
    if (by.gains) {
        const uint32_t gain = (uint32_t)sk_micro_gain(by.gains, *noise);
        kept = sk_micro_shrunk((uint32_t)(((uint64_t)kept * gain) >> by.snr_shift));
    }
    if (by.log_table) {
        kept = by.correction < 0 ? kept >> -by.correction : kept << by.correction;
        kept = kept > 1 ? sk_micro_log(by.log_table, kept, by.log_shift) : 0;
    }
    return (int32_t)(kept < 0xFFFFu ? kept : 0xFFFFu);
}

SK_INLINE void sk_micro_levels_of(
    const int32_t *bands, void *output, sk_type type, sk_micro_levels by, int32_t n_frames,
    int32_t n_bands)
{
    for (int32_t band = 0; band < n_bands; band++) {
        uint32_t noise = 0;
        for (int32_t i = band; i < n_frames * n_bands; i += n_bands) {
            sk_store(output, type, i, sk_micro_level(by, (uint32_t)bands[i], band, &noise));
        }
    }
}

#endif
