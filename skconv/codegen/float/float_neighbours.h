/* Distances to stored samples, in floats, and what the nearest of them say. */
#ifndef SKCONV_FLOAT_NEIGHBOURS_H
#define SKCONV_FLOAT_NEIGHBOURS_H

#include <float.h>

#include "float_math.h"
#include "heap.h"

SK_DEFINE_HEAP(sk_float_neighbour, sk_float_fill_neighbours, sk_float_push_neighbour, float)

typedef struct {
    bool is_l2;
    int32_t features;
    int32_t vectors;
    int32_t count; /* of neighbours */
    bool weighted; /* near ones count more */
    const SK_FLASH float *samples;
} sk_float_neighbourhood;

/* Sum of absolute differences, or of squares. */
SK_INLINE float sk_float_distance_sum(
    sk_float_neighbourhood n, const float *x, const SK_FLASH float *s)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < n.features; i++) {
        const float difference = x[i] - s[i];
        if (n.is_l2) {
            sum += difference * difference;
        } else {
            sum += difference < 0.0f ? -difference : difference;
        }
    }
    return sum;
}

SK_INLINE float sk_float_neighbour_distance(sk_float_neighbourhood n, float sum)
{
    return n.is_l2 ? sk_float_sqrt(sum) : sum;
}

/* `unit` times the distance to every sample. */
SK_INLINE void sk_float_distances(
    const float *input, float *output, float unit, sk_float_neighbourhood n)
{
    for (int32_t i = 0; i < n.vectors; i++) {
        const float sum = sk_float_distance_sum(n, input, n.samples + i * n.features);
        output[i] = unit * sk_float_neighbour_distance(n, sum);
    }
}

/* The nearest samples, with their sums. */
SK_INLINE void sk_float_find_neighbours(
    const float *input, sk_float_neighbour *heap, sk_float_neighbourhood n)
{
    sk_float_fill_neighbours(heap, n.count, FLT_MAX);
    for (int32_t i = 0; i < n.vectors; i++) {
        const float sum = sk_float_distance_sum(n, input, n.samples + i * n.features);
        sk_float_push_neighbour(heap, n.count, sum, i);
    }
}

/* Sums become weights: the least distance over each, or 1. */
SK_INLINE void sk_float_neighbour_weights(sk_float_neighbour *heap, sk_float_neighbourhood n)
{
    float least = FLT_MAX;
    for (int32_t i = 0; i < n.count; i++) {
        heap[i].distance = sk_float_neighbour_distance(n, heap[i].distance);
        least = heap[i].distance < least ? heap[i].distance : least;
    }
    for (int32_t i = 0; i < n.count; i++) {
        const float distance = heap[i].distance;
        heap[i].distance = n.weighted && distance > least ? least / distance : 1.0f;
    }
}

/* How many neighbours each class has, or its share of the weights. */
SK_INLINE void sk_float_neighbour_votes(
    sk_float_neighbour *heap, float *output, sk_float_neighbourhood n,
    const SK_FLASH void *labels, sk_type label_type, int32_t classes)
{
    sk_float_neighbour_weights(heap, n);
    for (int32_t c = 0; c < classes; c++) {
        output[c] = 0.0f;
    }
    float sum = 0.0f;
    for (int32_t i = 0; i < n.count; i++) {
        output[sk_load_table(labels, label_type, heap[i].place)] += heap[i].distance;
        sum += heap[i].distance;
    }
    for (int32_t c = 0; n.weighted && c < classes; c++) {
        output[c] /= sum;
    }
}

/* The weighted mean of the neighbours' values. */
SK_INLINE void sk_float_neighbour_means(
    sk_float_neighbour *heap, float *output, sk_float_neighbourhood n,
    const SK_FLASH float *values, int32_t columns)
{
    sk_float_neighbour_weights(heap, n);
    for (int32_t c = 0; c < columns; c++) {
        float sum = 0.0f;
        float weights = 0.0f;
        for (int32_t i = 0; i < n.count; i++) {
            sum += heap[i].distance * values[heap[i].place * columns + c];
            weights += heap[i].distance;
        }
        output[c] = sum / weights;
    }
}

/* How far the product of mean density and mean reach lies below its limit. */
SK_INLINE void sk_float_novelty_margin(
    sk_float_neighbour *heap, float *output, sk_float_neighbourhood n,
    const SK_FLASH float *reaches, const SK_FLASH float *densities, float limit)
{
    const float one = 1.0f / (float)n.count;
    float density = 0.0f;
    float reach = 0.0f;
    for (int32_t i = 0; i < n.count; i++) {
        const float distance = sk_float_neighbour_distance(n, heap[i].distance);
        const float least = reaches[heap[i].place];
        reach += one * (distance > least ? distance : least);
        density += one * densities[heap[i].place];
    }
    output[0] = limit - density * reach;
}

#endif
