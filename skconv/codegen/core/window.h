/* Where the windows of convolutions and poolings lie in a map. */
#ifndef SKCONV_WINDOW_H
#define SKCONV_WINDOW_H

#include "types.h"

typedef struct {
    int32_t height;
    int32_t width;
    int32_t row_stride;
    int32_t column_stride;
} sk_pool;

/* The weight of place `at` of a window whose weights rise to its middle and fall again. */
SK_INLINE int32_t sk_tent(int32_t at, int32_t size)
{
    const int32_t steps = at < size - 1 - at ? at : size - 1 - at;
    return size % 2 != 0 ? steps + 1 : 2 * steps + 1;
}

typedef struct {
    int32_t kernels;
    int32_t height;
    int32_t width;
    int32_t row_stride;
    int32_t column_stride;
    int32_t row_dilation;
    int32_t column_dilation;
    int32_t groups;
    bool shared; /* the whole bank is applied to each input channel */
} sk_kernels;

typedef struct {
    int32_t top;
    int32_t bottom;
    int32_t left;
    int32_t right;
    bool circular; /* the map continues at its opposite side; else zeros */
} sk_padding;

/* Number of windows along one axis. */
SK_INLINE int32_t sk_window_count(int32_t padded_size, int32_t window, int32_t stride)
{
    return (padded_size - window) / stride + 1;
}

/* The windows along one axis: those from `first` to before `end` lie inside the map. */
typedef struct {
    int32_t count;
    int32_t first;
    int32_t end;
} sk_windows;

SK_INLINE sk_windows sk_axis_windows(
    int32_t size, int32_t before, int32_t after, int32_t window, int32_t stride)
{
    const int32_t count = sk_window_count(size + before + after, window, stride);
    const int32_t begun = (before + stride - 1) / stride;
    const int32_t first = begun < count ? begun : count;
    const int32_t room = size + before - window;
    const int32_t fitting = room < 0 ? 0 : room / stride + 1;
    const int32_t end = fitting < count ? fitting : count;
    const sk_windows windows = {count, first, end > first ? end : first};
    return windows;
}

SK_INLINE sk_windows sk_row_windows(sk_map map, sk_kernels k, sk_padding p)
{
    const int32_t window = (k.height - 1) * k.row_dilation + 1;
    return sk_axis_windows(map.height, p.top, p.bottom, window, k.row_stride);
}

SK_INLINE sk_windows sk_column_windows(sk_map map, sk_kernels k, sk_padding p)
{
    const int32_t window = (k.width - 1) * k.column_dilation + 1;
    return sk_axis_windows(map.width, p.left, p.right, window, k.column_stride);
}

/* Which kernels see which input channels: `parts` runs of `channels`, each seen by
 * `kernels` kernels; the next run goes on with the kernels `kernel_step` further. */
typedef struct {
    int32_t parts;
    int32_t channels;
    int32_t kernels;
    int32_t kernel_step;
} sk_bank;

SK_INLINE sk_bank sk_bank_of(sk_map map, sk_kernels k)
{
    const sk_bank shared = {map.channels, 1, k.kernels, 0};
    const sk_bank grouped = {
        k.groups, map.channels / k.groups, k.kernels / k.groups, k.kernels / k.groups};
    return k.shared ? shared : grouped;
}

/* The row or column of one tap; -1 in zero padding. A window `inside` needs no test. */
SK_INLINE int32_t sk_tap(int32_t place, int32_t size, bool circular, bool inside)
{
    if (inside || (place >= 0 && place < size)) {
        return place;
    }
    if (!circular) {
        return -1;
    }
    return place < 0 ? place + size : place - size;
}

#endif
