/* Sums of decision trees.
 *
 * A node is two to four units of 16 bits, and the left leaf behind them, where it has one:
 *
 * - its test: the feature in the low byte and the threshold in the high one; `wide`: a unit each;
 * - where to go: the highest bit says that the right child is a leaf, the next one that the left
 *   child is. The others hold the right leaf, or how far from here the right child is. `far`: two
 *   units, the low one first.
 *
 * A left child that is no leaf follows at once.
 */
#ifndef SKCONV_TREES_H
#define SKCONV_TREES_H

#include "types.h"

typedef struct {
    const void *input;
    sk_type type;
    const SK_FLASH uint16_t *nodes;
    bool wide;
    bool far;
    bool has_sign; /* of thresholds */
} sk_trees;

/* Whether a sample goes to the right child of a node. */
SK_INLINE bool sk_goes_right(sk_trees trees, const SK_FLASH uint16_t *node)
{
    const uint16_t test = node[0];
    int32_t threshold = trees.wide ? node[1] : test >> 8;
    if (trees.has_sign) {
        threshold -= (threshold << 1) & (trees.wide ? 0x10000 : 0x100);
    }
    return sk_load(trees.input, trees.type, trees.wide ? test : test & 0xFF) > threshold;
}

/* The leaf, or the distance, that stands at a place. */
SK_INLINE uint32_t sk_way(sk_trees trees, const SK_FLASH uint16_t *at)
{
    return trees.far ? at[0] | (uint32_t)at[1] << 16 : at[0];
}

/* The leaf that a tree leads a sample to. */
SK_INLINE int32_t sk_leaf(sk_trees trees, int32_t start)
{
    const SK_FLASH uint16_t *node = trees.nodes + start;
    const int32_t test = trees.wide ? 2 : 1;
    const int32_t length = test + (trees.far ? 2 : 1);
    const uint32_t left_is_leaf = trees.far ? (uint32_t)1 << 30 : (uint32_t)1 << 14;
    for (;;) {
        const uint32_t way = sk_way(trees, node + test);
        if (sk_goes_right(trees, node)) {
            const uint32_t place = way & (left_is_leaf - 1);
            if (way & left_is_leaf << 1) {
                return (int32_t)place;
            }
            node += place;
        } else {
            node += length;
            if (way & left_is_leaf) {
                return (int32_t)sk_way(trees, node);
            }
        }
    }
}

typedef struct {
    int32_t count;
    const SK_FLASH void *starts; /* of each tree among the nodes */
    sk_type start_type;
    const SK_FLASH void *leaves; /* (leaves, width); NULL: leaf i is a vote for output i */
    sk_type leaf_type;
    int32_t width;
    const SK_FLASH void *first_outputs; /* that leaves of each tree are added to; NULL: 0 */
    sk_type first_type;
    const SK_FLASH int32_t *constant; /* NULL: 0 */
} sk_tree_values;

/* The sum of the leaves of all trees. */
SK_INLINE void sk_tree_sums(sk_trees trees, sk_tree_values values, int32_t *output, int32_t outputs)
{
    for (int32_t i = 0; i < outputs; i++) {
        output[i] = values.constant ? values.constant[i] : 0;
    }
    for (int32_t tree = 0; tree < values.count; tree++) {
        const int32_t start = sk_load_table(values.starts, values.start_type, tree);
        const int32_t leaf = sk_leaf(trees, start);
        if (!values.leaves) {
            output[leaf]++;
            continue;
        }
        const int32_t first = values.first_outputs
                                  ? sk_load_table(values.first_outputs, values.first_type, tree)
                                  : 0;
        for (int32_t i = 0; i < values.width; i++) {
            output[first + i] +=
                sk_load_table(values.leaves, values.leaf_type, leaf * values.width + i);
        }
    }
}

#endif
