/* Means of integers taken off along an axis. */
#ifndef SKCONV_CENTRING_H
#define SKCONV_CENTRING_H

#include "lines.h"
#include "requantize.h"

/* length * x - sum of its line, requantised: the multiplier holds 1 / length. */
SK_INLINE void sk_subtract_mean(
    const void *input, sk_type input_type, void *output, sk_type output_type, sk_lines by,
    sk_requantization to)
{
    for (int32_t block = 0; block < by.blocks; block++) {
        for (int32_t line = 0; line < by.lines; line++) {
            const int32_t first = block * by.length * by.lines + line;
            int32_t sum = 0;
            for (int32_t i = 0; i < by.length; i++) {
                sum += sk_load(input, input_type, first + i * by.lines);
            }
            for (int32_t i = 0; i < by.length; i++) {
                const int32_t at = first + i * by.lines;
                const int32_t value = by.length * sk_load(input, input_type, at) - sum;
                sk_store(output, output_type, at, sk_requantize(value, 0, to));
            }
        }
    }
}

#endif
