/* Triangle activation of float pixels: how much nearer a centroid is than on average. */
#ifndef SKCONV_FLOAT_TRIANGLE_H
#define SKCONV_FLOAT_TRIANGLE_H

#include "float_math.h"

SK_INLINE float sk_float_centroid_distance(
    const float *pixel, const SK_FLASH float *centroid, int32_t channels)
{
    float sum = 0.0f;
    for (int32_t c = 0; c < channels; c++) {
        const float difference = pixel[c] - centroid[c];
        sum += difference * difference;
    }
    return sk_float_sqrt(sum);
}

/* max(0, mean of distances - distance) to each of `count` centroids, for every pixel. */
SK_INLINE void sk_float_triangle(
    const float *input, float *output, int32_t pixels, int32_t channels,
    const SK_FLASH float *centroids, int32_t count)
{
    for (int32_t i = 0; i < pixels; i++) {
        float *const f = output + i * count;
        float sum = 0.0f;
        for (int32_t k = 0; k < count; k++) {
            f[k] = sk_float_centroid_distance(
                input + i * channels, centroids + k * channels, channels);
            sum += f[k];
        }
        const float mean = sum / (float)count;
        for (int32_t k = 0; k < count; k++) {
            f[k] = mean > f[k] ? mean - f[k] : 0.0f;
        }
    }
}

#endif
