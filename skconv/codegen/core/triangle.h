/* Triangle activation of integer pixels: how much nearer a centroid is than on average. */
#ifndef SKCONV_TRIANGLE_H
#define SKCONV_TRIANGLE_H

#include "requantize.h"
#include "root.h"

/* Rounded distance of the pixel that begins at `first`; its square fits int32. */
SK_INLINE int32_t sk_centroid_distance(
    const void *input, sk_type type, int32_t first, const SK_FLASH int16_t *centroid,
    int32_t channels)
{
    int32_t sum = 0;
    for (int32_t c = 0; c < channels; c++) {
        const int32_t difference = sk_load(input, type, first + c) - centroid[c];
        sum += difference * difference;
    }
    return (int32_t)sk_rounded_root((uint32_t)sum);
}

/* max(0, rounded mean of distances - distance) to each of `count` centroids, requantised. */
SK_INLINE void sk_triangle(
    const void *input, sk_type input_type, void *output, sk_type output_type, int32_t pixels,
    int32_t channels, const SK_FLASH int16_t *centroids, int32_t count, uint16_t *distances,
    sk_requantization to)
{
    for (int32_t i = 0; i < pixels; i++) {
        int64_t sum = 0;
        for (int32_t k = 0; k < count; k++) {
            const int32_t distance = sk_centroid_distance(
                input, input_type, i * channels, centroids + k * channels, channels);
            distances[k] = (uint16_t)distance;
            sum += distance;
        }
        const int32_t mean = sk_rounded_quotient(sum, count);
        for (int32_t k = 0; k < count; k++) {
            const int32_t above = mean > distances[k] ? mean - distances[k] : 0;
            sk_store(output, output_type, i * count + k, sk_requantize(above, 0, to));
        }
    }
}

#endif
