/* Means of floats taken off along an axis. */
#ifndef SKCONV_FLOAT_CENTRING_H
#define SKCONV_FLOAT_CENTRING_H

#include "lines.h"

SK_INLINE void sk_float_subtract_mean(const float *input, float *output, sk_lines by)
{
    for (int32_t block = 0; block < by.blocks; block++) {
        for (int32_t line = 0; line < by.lines; line++) {
            const int32_t first = block * by.length * by.lines + line;
            float sum = 0.0f;
            for (int32_t i = 0; i < by.length; i++) {
                sum += input[first + i * by.lines];
            }
            const float mean = sum * (1.0f / (float)by.length);
            for (int32_t i = 0; i < by.length; i++) {
                const int32_t at = first + i * by.lines;
                output[at] = input[at] - mean;
            }
        }
    }
}

#endif
