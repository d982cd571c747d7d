/* The last rows of a map, kept for a convolution.
 *
 * The ring lies column after column: a column holds the values of all the rows that a
 * kernel covers, so a window is one run of values whatever the kernel's size, and the next
 * window of a row begins a constant distance further. A new row moves all values down by
 * one row's. The values stay in their type or are widened to int16.
 */
#ifndef SKCONV_CONV_RING_H
#define SKCONV_CONV_RING_H

#include "dsp.h"
#include "window.h"

typedef struct {
    const void *input;
    sk_type input_type;
    sk_type type; /* of the ring: SK_INT16 or that of the input */
    sk_map map;
    sk_kernels kernels;
    sk_padding padding;
    int32_t columns; /* that the windows reach, padding included */
    int32_t column;  /* values of a column, even */
    int32_t values;  /* of the ring */
} sk_conv_ring;

/* `run` is the multiple of values that a window is read in. */
SK_INLINE sk_conv_ring sk_conv_ring_of(
    const void *input, sk_type input_type, sk_type type, sk_map map, sk_kernels kernels,
    sk_padding padding, int32_t run)
{
    const int32_t windows = sk_column_windows(map, kernels, padding).count;
    const int32_t before = (windows - 1) * kernels.column_stride;
    const int32_t column = (kernels.height * map.channels + 1) / 2 * 2;
    const int32_t window = (kernels.width * column + run - 1) / run * run;
    const sk_conv_ring ring = {
        input, input_type, type, map, kernels, padding, before + kernels.width, column,
        before * column + window};
    return ring;
}

/* Eight words at a time, and the rest; `to` lies before `from` and both are aligned. */
SK_INLINE void sk_move_words(uint32_t *to, const uint32_t *from, int32_t words)
{
#if SK_DSP
    for (int32_t i = words / 8; i > 0; i--) {
        __asm__ volatile(
            "ldmia %1!, {r3, r4, r5, r6, r8, r9, r10, r12}\n"
            "stmia %0!, {r3, r4, r5, r6, r8, r9, r10, r12}\n"
            : "+r"(to), "+r"(from)
            :
            : "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "memory");
    }
    words %= 8;
#endif
    for (int32_t i = 0; i < words; i++) {
        sk_store32(to + i, sk_load32(from + i));
    }
}

SK_INLINE void sk_conv_move(sk_conv_ring r, void *ring, int32_t values)
{
    const int32_t bytes = sk_bytes(r.type);
    const int32_t left = r.values - values;
    if (values * bytes % 4 == 0) {
        uint32_t *to = (uint32_t *)ring;
        sk_move_words(to, to + values * bytes / 4, left * bytes / 4);
        /* A ring of bytes may end within a word. */
        for (int32_t i = left - left * bytes % 4 / bytes; i < left; i++) {
            sk_store(ring, r.type, i, sk_load(ring, r.type, i + values));
        }
        return;
    }
    for (int32_t i = 0; i < left; i++) {
        sk_store(ring, r.type, i, sk_load(ring, r.type, i + values));
    }
}

/* Four 8-bit values to int16, in the order 0, 2, 1, 3. */
SK_INLINE void sk_widen_4(int16_t *to, const uint8_t *from, sk_type type)
{
    const uint32_t x = sk_load32(from);
    sk_store32(to, type == SK_UINT8 ? sk_uxtb16(x) : sk_sxtb16(x));
    sk_store32(to + 2, type == SK_UINT8 ? sk_uxtb16_ror8(x) : sk_sxtb16_ror8(x));
}

#if SK_DSP
#define SK_WIDEN_8(EXTEND, TO, FROM)                 \
    __asm__ volatile("ldr r4, [%1]\n"                \
                     "ldr r6, [%1, #4]\n"            \
                     EXTEND " r3, r4\n"              \
                     EXTEND " r4, r4, ror #8\n"      \
                     EXTEND " r5, r6\n"              \
                     EXTEND " r6, r6, ror #8\n"      \
                     "stmia %0!, {r3, r4, r5, r6}\n" \
                     : "+r"(TO)                      \
                     : "r"(FROM)                     \
                     : "r3", "r4", "r5", "r6", "memory")
#endif

/* Twice that, and the place after it. */
SK_INLINE int16_t *sk_widen_8(int16_t *to, const uint8_t *from, sk_type type)
{
#if SK_DSP
    if (type == SK_UINT8) {
        SK_WIDEN_8("uxtb16", to, from);
    } else {
        SK_WIDEN_8("sxtb16", to, from);
    }
    return to;
#else
    sk_widen_4(to, from, type);
    sk_widen_4(to + 4, from + 4, type);
    return to + 8;
#endif
}

/* Whether groups of four bytes change their order on the way into the ring. */
SK_INLINE bool sk_conv_widens(sk_type input_type, sk_type type, int32_t channels)
{
    return type == SK_INT16 && input_type != SK_INT16 && channels % 4 == 0;
}

/* `count` values of the input from entry `at` on, to the ring's entry `to`. */
SK_INLINE void sk_conv_take(sk_conv_ring r, void *ring, int32_t to, int32_t at, int32_t count)
{
    if (sk_conv_widens(r.input_type, r.type, r.map.channels)) {
        const uint8_t *from = (const uint8_t *)r.input + at;
        int16_t *values = (int16_t *)ring + to;
        for (int32_t i = 0; i + 8 <= count; i += 8) {
            values = sk_widen_8(values, from + i, r.input_type);
        }
        if (count % 8 > 0) {
            sk_widen_4(values, from + count - 4, r.input_type);
        }
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        sk_store(ring, r.type, to + i, sk_load(r.input, r.input_type, at + i));
    }
}

/* Zeros for a line of the columns from `first` to before `end`. */
SK_INLINE void sk_conv_clear(
    sk_conv_ring r, void *ring, int32_t line, int32_t first, int32_t end)
{
    int32_t at = first * r.column + line * r.map.channels;
    for (int32_t column = first; column < end; column++) {
        for (int32_t c = 0; c < r.map.channels; c++) {
            sk_store(ring, r.type, at + c, 0);
        }
        at += r.column;
    }
}

/* Row `row` of the input, or of its padding, becomes line `line` of every column. */
SK_INLINE void sk_conv_fill(sk_conv_ring r, void *ring, int32_t row, int32_t line)
{
    const bool circular = r.padding.circular;
    const int32_t channels = r.map.channels;
    const int32_t y = sk_tap(row, r.map.height, circular, false);
    const int32_t left = circular ? 0 : r.padding.left;
    const int32_t right = circular ? r.columns : r.padding.left + r.map.width;
    const int32_t first = left < r.columns ? left : r.columns;
    const int32_t end = right < r.columns ? right : r.columns;
    if (y < 0) {
        sk_conv_clear(r, ring, line, 0, r.columns);
        return;
    }
    sk_conv_clear(r, ring, line, 0, first);
    for (int32_t column = first; column < end; column++) {
        const int32_t x = sk_tap(column - r.padding.left, r.map.width, circular, !circular);
        const int32_t at = (y * r.map.width + x) * channels;
        sk_conv_take(r, ring, column * r.column + line * channels, at, channels);
    }
    if (!circular) {
        sk_conv_clear(r, ring, line, end, r.columns);
    }
}

/* The rows of the next windows: those still needed move down, new ones come last. */
SK_INLINE void sk_conv_next_rows(sk_conv_ring r, void *ring, int32_t row)
{
    const int32_t height = r.kernels.height;
    const int32_t stride = r.kernels.row_stride;
    int32_t line = 0;
    if (row > 0 && stride < height) {
        line = height - stride;
        sk_conv_move(r, ring, stride * r.map.channels);
    }
    for (; line < height; line++) {
        sk_conv_fill(r, ring, row * stride - r.padding.top + line, line);
    }
}

/* What no row writes, at the end of a column and of the ring, must still be a number. */
SK_INLINE void sk_conv_start(sk_conv_ring r, void *ring)
{
    for (int32_t i = 0; i < r.values; i++) {
        sk_store(ring, r.type, i, 0);
    }
}

#endif
