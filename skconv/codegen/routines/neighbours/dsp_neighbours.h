/* Distances to stored samples, four samples at a time.
 *
 * The numbers are those of neighbours.h, the tables those of dsp_kernel_machine.h. Four samples
 * are left together, once all of them are as far as the farthest neighbour.
 */
#ifndef SKCONV_DSP_NEIGHBOURS_H
#define SKCONV_DSP_NEIGHBOURS_H

#include "dsp_kernel_machine.h"
#include "neighbours.h"

/* The nearest samples, with their sums. `lanes` is room for the input in lanes, where it
 * must be spread. */
SK_INLINE void sk_dsp_find_neighbours(
    const void *input, sk_neighbour *heap, int32_t count, uint32_t *lanes, sk_dsp_machine m)
{
    const sk_machine_sample x = sk_machine_sample_of(m, input, lanes);
    sk_fill_neighbours(heap, count, INT32_MAX);
    for (int32_t place = 0; place < m.vectors; place += 4) {
        const uint32_t limit = (uint32_t)heap[0].distance;
        const sk_block_sums d = sk_block_distances_below(m, x, place / 4, true, limit);
        if (d.a >= limit && d.b >= limit && d.c >= limit && d.d >= limit) {
            continue;
        }
        const uint32_t sums[4] = {d.a, d.b, d.c, d.d};
        for (int32_t i = 0; i < 4 && place + i < m.vectors; i++) {
            sk_push_neighbour(heap, count, (int32_t)sums[i], place + i);
        }
    }
}

/* The distance to every sample, or less than 0. */
SK_INLINE void sk_dsp_distances(
    const void *input, int32_t *output, uint32_t *lanes, sk_neighbourhood n, bool negated,
    sk_dsp_machine m)
{
    const sk_machine_sample x = sk_machine_sample_of(m, input, lanes);
    for (int32_t place = 0; place < m.vectors; place += 4) {
        const sk_block_sums d = sk_block_distances(m, x, place / 4);
        const uint32_t sums[4] = {d.a, d.b, d.c, d.d};
        for (int32_t i = 0; i < 4 && place + i < m.vectors; i++) {
            const int32_t distance = sk_neighbour_distance(n, (int32_t)sums[i]);
            output[place + i] = negated ? -distance : distance;
        }
    }
}

#endif
