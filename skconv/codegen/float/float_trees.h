/* Sums of decision trees of floats. */
#ifndef SKCONV_FLOAT_TREES_H
#define SKCONV_FLOAT_TREES_H

#include "types.h"

typedef struct {
    int32_t count;
    const SK_FLASH uint16_t *features;
    const SK_FLASH float *thresholds;
    const SK_FLASH void *children; /* (nodes, 2): left and right; of leaves what is missing to -1 */
    sk_type child_type;
    const SK_FLASH int32_t *roots;
    const SK_FLASH float *leaves; /* (leaves, width) */
    int32_t width;
    const SK_FLASH uint16_t *first_outputs; /* that leaves of each tree are added to; NULL: 0 */
    const SK_FLASH float *constant;
} sk_float_trees;

/* The sum of the leaves of all trees, and the constant. */
SK_INLINE void sk_float_tree_sums(
    const float *input, sk_float_trees trees, float *output, int32_t outputs)
{
    for (int32_t i = 0; i < outputs; i++) {
        output[i] = trees.constant[i];
    }
    for (int32_t tree = 0; tree < trees.count; tree++) {
        int32_t node = trees.roots[tree];
        while (node >= 0) {
            const int32_t right = input[trees.features[node]] <= trees.thresholds[node] ? 0 : 1;
            node = sk_load_table(trees.children, trees.child_type, 2 * node + right);
        }
        const int32_t leaf = -1 - node;
        const int32_t first = trees.first_outputs ? trees.first_outputs[tree] : 0;
        for (int32_t i = 0; i < trees.width; i++) {
            output[first + i] += trees.leaves[leaf * trees.width + i];
        }
    }
}

#endif
