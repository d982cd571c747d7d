/* The power of a signal in bands, frame by frame, as it is, as logarithm or as a small power. */
#ifndef SKCONV_SPECTRA_H
#define SKCONV_SPECTRA_H

#include "exp2.h"
#include "fft.h"
#include "requantize.h"

typedef struct {
    int32_t frames;
    int32_t hop;
    int32_t bands;
    const SK_FLASH uint16_t *band_starts; /* the first bin of every band */
    const SK_FLASH uint16_t *band_counts; /* and how many there are */
    const SK_FLASH uint16_t *weights;     /* of the bins of every band */
    sk_fft fft; /* last: old compilers lose track of fields after inner braces */
} sk_bands;

typedef struct {
    const SK_FLASH uint16_t *log2_table; /* log2(1 + i / 64), i = 0 .. 64, 15 fraction bits */
    int32_t offset;                      /* added to a logarithm, 16 fraction bits */
    sk_requantization to;
} sk_logarithm;

typedef struct {
    const SK_FLASH uint16_t *log2_table;
    const SK_FLASH uint16_t *exp2_table; /* 2^-(i / 256) with 15 fraction bits */
    int32_t offset;
    int32_t limit; /* of the octaves below the top, 16 fraction bits */
    sk_requantization exponent;
    sk_requantization to;
} sk_small_power;

/* The place of the highest bit; x is not 0. */
SK_INLINE int32_t sk_leading_bit(uint32_t x)
{
    int32_t place = 0;
    for (int32_t step = 16; step > 0; step >>= 1) {
        if (x >> step != 0) {
            x >>= step;
            place += step;
        }
    }
    return place;
}

/* log2(x) with 16 fraction bits; x is not 0. */
SK_INLINE int32_t sk_log2(const SK_FLASH uint16_t *table, uint64_t x)
{
    const uint32_t high = (uint32_t)(x >> 32);
    const int32_t whole =
        high != 0 ? 32 + sk_leading_bit(high) : sk_leading_bit((uint32_t)x);
    const uint32_t mantissa =
        whole < 31 ? (uint32_t)x << (31 - whole) : (uint32_t)(x >> (whole - 31));
    const uint32_t step = (mantissa >> 25) & 63u;
    const uint32_t entry = table[step];
    const uint32_t place = (mantissa >> 9) & 0xFFFFu;
    const uint32_t fraction = (entry << 16) + (table[step + 1] - entry) * place;
    return whole * 65536 + (int32_t)((fraction + 0x4000u) >> 15);
}

/* max(log2(x) - octaves + offset, 0), requantised; 0 for 0. */
SK_INLINE int32_t sk_log_above(uint64_t x, int32_t octaves, sk_logarithm log)
{
    if (x == 0) {
        return sk_requantize(0, 0, log.to);
    }
    const int32_t level = sk_log2(log.log2_table, x) - octaves * 65536 + log.offset;
    return sk_requantize(level > 0 ? level : 0, 0, log.to);
}

/* 2^(p (log2(x) - octaves + offset)), at most 1, requantised; 0 for 0. */
SK_INLINE int32_t sk_power_below(uint64_t x, int32_t octaves, sk_small_power power)
{
    if (x == 0) {
        return sk_requantize(0, 0, power.to);
    }
    const int32_t below = octaves * 65536 - sk_log2(power.log2_table, x) - power.offset;
    const int32_t near = below < 0 ? 0 : below < power.limit ? below : power.limit;
    const int32_t u = sk_requantize(near, 0, power.exponent);
    return sk_requantize(sk_fine_exp2_negative(power.exp2_table, u), 0, power.to);
}

/* (x << up)^2 / 2^32 of both parts */
SK_INLINE uint32_t sk_bin_power(int32_t re, int32_t im, int32_t up)
{
    const int32_t a = (int32_t)((uint32_t)re << up);
    const int32_t b = (int32_t)((uint32_t)im << up);
    return (uint32_t)(((int64_t)a * a) >> 32) + (uint32_t)(((int64_t)b * b) >> 32);
}

/* The power of every bin of a frame, in place of its transform; it is 2^octaves too large. */
SK_INLINE int32_t sk_frame_power(sk_bands bands, const void *frame, sk_type type, void *scratch)
{
    sk_complex *z = (sk_complex *)scratch;
    uint32_t *power = (uint32_t *)scratch;
    const uint32_t bits = sk_real_fft(bands.fft, frame, type, z);
    const int32_t up = bits == 0 ? 30 : 30 - sk_leading_bit(bits);
    const sk_complex ends = z[0];
    power[0] = sk_bin_power(ends.re, 0, up);
    for (int32_t k = 1; k < bands.fft.points; k++) {
        const sk_complex bin = z[k];
        power[k] = sk_bin_power(bin.re, bin.im, up);
    }
    power[bands.fft.points] = sk_bin_power(ends.im, 0, up);
    return 2 * up;
}

/* The power in a band; `weight` moves to the next band. */
SK_INLINE uint64_t sk_band_sum(
    sk_bands bands, const void *scratch, int32_t band, const SK_FLASH uint16_t **weight)
{
    const uint32_t *power = (const uint32_t *)scratch + bands.band_starts[band];
    const int32_t count = bands.band_counts[band];
    uint64_t sum = 0;
    for (int32_t k = 0; k < count; k++) {
        sum += (uint64_t)power[k] * (*weight)[k];
    }
    *weight += count;
    return sum;
}

SK_INLINE const void *sk_frame_at(sk_bands bands, const void *signal, sk_type type, int32_t frame)
{
    return (const int8_t *)signal + frame * bands.hop * sk_bytes(type);
}

/* Sums shifted to the right by `shift` and the octaves, rounded, up to a maximum. */
SK_INLINE void sk_band_power(
    const void *signal, sk_type type, int32_t *output, sk_bands bands, int32_t shift,
    int32_t maximum, void *scratch)
{
    for (int32_t i = 0; i < bands.frames; i++) {
        const void *frame = sk_frame_at(bands, signal, type, i);
        const int32_t down = shift + sk_frame_power(bands, frame, type, scratch);
        const SK_FLASH uint16_t *weight = bands.weights;
        for (int32_t b = 0; b < bands.bands; b++) {
            const uint64_t sum = sk_band_sum(bands, scratch, b, &weight);
            const uint64_t power = ((sum >> ((down < 63 ? down : 63) - 1)) + 1) >> 1;
            output[i * bands.bands + b] = power < (uint32_t)maximum ? (int32_t)power : maximum;
        }
    }
}

SK_INLINE void sk_band_log(
    const void *signal, sk_type type, void *output, sk_type to, sk_bands bands, sk_logarithm log,
    void *scratch)
{
    for (int32_t i = 0; i < bands.frames; i++) {
        const void *frame = sk_frame_at(bands, signal, type, i);
        const int32_t octaves = sk_frame_power(bands, frame, type, scratch);
        const SK_FLASH uint16_t *weight = bands.weights;
        for (int32_t b = 0; b < bands.bands; b++) {
            const uint64_t sum = sk_band_sum(bands, scratch, b, &weight);
            sk_store(output, to, i * bands.bands + b, sk_log_above(sum, octaves, log));
        }
    }
}

SK_INLINE void sk_band_root(
    const void *signal, sk_type type, void *output, sk_type to, sk_bands bands,
    sk_small_power power, void *scratch)
{
    for (int32_t i = 0; i < bands.frames; i++) {
        const void *frame = sk_frame_at(bands, signal, type, i);
        const int32_t octaves = sk_frame_power(bands, frame, type, scratch);
        const SK_FLASH uint16_t *weight = bands.weights;
        for (int32_t b = 0; b < bands.bands; b++) {
            const uint64_t sum = sk_band_sum(bands, scratch, b, &weight);
            sk_store(output, to, i * bands.bands + b, sk_power_below(sum, octaves, power));
        }
    }
}

/* Integers one by one; those below 0 count as 0. */
SK_INLINE void sk_log(
    const void *input, sk_type from, void *output, sk_type to, int32_t size, sk_logarithm log)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, from, i);
        sk_store(output, to, i, sk_log_above(x > 0 ? (uint32_t)x : 0, 0, log));
    }
}

SK_INLINE void sk_raise(
    const void *input, sk_type from, void *output, sk_type to, int32_t size, sk_small_power power)
{
    for (int32_t i = 0; i < size; i++) {
        const int32_t x = sk_load(input, from, i);
        sk_store(output, to, i, sk_power_below(x > 0 ? (uint32_t)x : 0, 0, power));
    }
}

#endif
