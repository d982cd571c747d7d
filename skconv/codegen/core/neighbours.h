/* Distances to stored samples; the nearest of them vote, are averaged, or judge an outlier.
 *
 * Of two neighbours at the same distance the heap keeps the one that scikit-learn's keeps. Most
 * samples are left before their last feature: once they are as far as the farthest neighbour.
 */
#ifndef SKCONV_NEIGHBOURS_H
#define SKCONV_NEIGHBOURS_H

#include "heap.h"
#include "kernel_machine.h"
#include "root.h"

SK_DEFINE_HEAP(sk_neighbour, sk_fill_neighbours, sk_push_neighbour, int32_t)

/* What is asked about the neighbours. */
typedef struct {
    int32_t count;
    bool is_l2;        /* sums are of squares */
    int32_t root_bits; /* of fraction that roots of sums have */
    bool weighted;     /* near ones count more */
} sk_neighbourhood;

/* ---------------------------------------------------------------------------- distances */

/* The distance that a sum stands for. */
SK_INLINE int32_t sk_neighbour_distance(sk_neighbourhood n, int32_t sum)
{
    if (!n.is_l2) {
        return sum;
    }
    return (int32_t)sk_rounded_root((uint32_t)sum << (2 * n.root_bits));
}

/* The distance to every sample, or less than 0. */
SK_INLINE void sk_distances(
    const void *input, int32_t *output, sk_neighbourhood n, bool negated, sk_machine m)
{
    for (int32_t i = 0; i < m.vectors; i++) {
        const int32_t distance = sk_neighbour_distance(n, sk_distance(m, input, i));
        output[i] = negated ? -distance : distance;
    }
}

/* The nearest samples, with their sums. */
SK_INLINE void sk_find_neighbours(
    const void *input, sk_neighbour *heap, int32_t count, sk_machine m)
{
    sk_fill_neighbours(heap, count, INT32_MAX);
    for (int32_t i = 0; i < m.vectors; i++) {
        const int32_t sum = sk_distance_below(m, input, i, true, heap[0].distance);
        sk_push_neighbour(heap, count, sum, i);
    }
}

/* ------------------------------------------------------------------------- what they say */

/* Sums become distances; the least of them. */
SK_INLINE int32_t sk_neighbour_distances(sk_neighbour *heap, sk_neighbourhood n)
{
    int32_t least = INT32_MAX;
    for (int32_t i = 0; i < n.count; i++) {
        heap[i].distance = sk_neighbour_distance(n, heap[i].distance);
        least = heap[i].distance < least ? heap[i].distance : least;
    }
    return least;
}

/* Sums become weights: 2^15 times the least distance over each, or 1. */
SK_INLINE void sk_neighbour_weights(sk_neighbour *heap, sk_neighbourhood n)
{
    const int32_t least = n.weighted ? sk_neighbour_distances(heap, n) : 0;
    for (int32_t i = 0; i < n.count; i++) {
        const int32_t distance = heap[i].distance;
        const int32_t one = n.weighted ? (int32_t)1 << 15 : 1;
        const bool is_farther = n.weighted && distance > least;
        heap[i].distance =
            is_farther ? sk_rounded_quotient((int64_t)least << 15, distance) : one;
    }
}

/* How many neighbours each class has, or 2^15 times its share of the weights. */
SK_INLINE void sk_neighbour_votes(
    sk_neighbour *heap, int32_t *output, sk_neighbourhood n, const SK_FLASH void *labels,
    sk_type label_type, int32_t classes)
{
    sk_neighbour_weights(heap, n);
    for (int32_t c = 0; c < classes; c++) {
        output[c] = 0;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < n.count; i++) {
        output[sk_load_table(labels, label_type, heap[i].place)] += heap[i].distance;
        sum += heap[i].distance;
    }
    for (int32_t c = 0; n.weighted && c < classes; c++) {
        output[c] = sk_rounded_quotient((int64_t)output[c] << 15, sum);
    }
}

/* An offset and the sum of the neighbours' values; or 2^8 times their weighted mean. */
SK_INLINE void sk_neighbour_means(
    sk_neighbour *heap, int32_t *output, sk_neighbourhood n, const SK_FLASH void *values,
    sk_type value_type, int32_t columns, const SK_FLASH int32_t *offsets)
{
    sk_neighbour_weights(heap, n);
    for (int32_t c = 0; c < columns; c++) {
        int64_t sum = 0;
        int64_t weights = 0;
        for (int32_t i = 0; i < n.count; i++) {
            const int32_t value =
                sk_load_table(values, value_type, heap[i].place * columns + c);
            sum += (int64_t)heap[i].distance * value;
            weights += heap[i].distance;
        }
        output[c] =
            offsets[c] + (n.weighted ? sk_rounded_quotient(sum * 256, weights) : (int32_t)sum);
    }
}

/* What is known of the samples that judge an outlier. */
typedef struct {
    const SK_FLASH void *reaches; /* the distances to their own neighbours */
    sk_type reach_type;
    const SK_FLASH void *densities;
    sk_type density_type;
    int64_t limit; /* of the product of the sums; above it lies an outlier */
    int32_t shift;
} sk_novelty;

/* Above 0 where the product of the neighbours' densities and reaches is within the limit. */
SK_INLINE void sk_novelty_margin(
    sk_neighbour *heap, int32_t *output, sk_neighbourhood n, sk_novelty v)
{
    int64_t densities = 0;
    int64_t reaches = 0;
    for (int32_t i = 0; i < n.count; i++) {
        const int32_t distance = sk_neighbour_distance(n, heap[i].distance);
        const int32_t reach = sk_load_table(v.reaches, v.reach_type, heap[i].place);
        reaches += distance > reach ? distance : reach;
        densities += sk_load_table(v.densities, v.density_type, heap[i].place);
    }
    const int64_t margin = -((densities * reaches - v.limit - 1) >> v.shift);
    const int64_t most = INT32_MAX;
    output[0] = (int32_t)(margin > most ? most : margin < -most ? -most : margin);
}

#endif
