/* Power normalisation: sign(x) * sqrt(|x|), requantised. */
#ifndef SKCONV_SIGNED_ROOT_H
#define SKCONV_SIGNED_ROOT_H

#include "requantize.h"
#include "root.h"

typedef struct {
    int32_t shift;    /* even: the root has half as many fraction bits */
    uint32_t highest; /* |x| 2^shift is below four times this, a power of four */
    sk_requantization to;
} sk_root;

/* Nearest integer to sqrt(|x| 2^shift) with the sign of x. */
SK_INLINE int32_t sk_signed_root(int32_t x, sk_root root)
{
    const uint32_t size = (uint32_t)(x < 0 ? -x : x) << root.shift;
    const int32_t value = (int32_t)sk_rounded_root_below(size, root.highest);
    return x < 0 ? -value : value;
}

SK_INLINE void sk_root_all(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t pixels,
    int32_t channels, sk_root root)
{
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < channels; c++) {
            const int32_t x = sk_load(input, input_type, i * channels + c);
            const int32_t y = sk_requantize(sk_signed_root(x, root), c, root.to);
            sk_store(output, output_type, i * channels + c, y);
        }
    }
}

#endif
