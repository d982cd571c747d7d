/* Sums of decision trees.
 *
 * A node is bytes:
 *
 * - the feature, in `head` bytes; the highest bit says that the right child is a leaf, the next
 *   one that the left child is;
 * - the threshold: one byte, or two (`wide`);
 * - the right leaf, or how many bytes behind this number the right child begins;
 * - the left leaf, where it is one. A left child that is no leaf follows at once.
 */
#ifndef SKCONV_TREES_H
#define SKCONV_TREES_H

#include "types.h"

typedef struct {
    const void *input;
    sk_type type;
    const SK_FLASH uint8_t *nodes;
    int32_t head;
    bool wide;
    bool has_sign; /* of thresholds */
} sk_trees;

/* A number of seven bits a byte, the low ones first; `at` is then behind it. */
SK_INLINE int32_t sk_next_number(const SK_FLASH uint8_t **at)
{
    uint32_t byte = *(*at)++;
    uint32_t number = byte & 0x7F;
    for (int32_t shift = 7; byte & 0x80; shift += 7) {
        byte = *(*at)++;
        number |= (byte & 0x7F) << shift;
    }
    return (int32_t)number;
}

/* A number of some bytes, the low one first; `at` is then behind it. */
SK_INLINE int32_t sk_next_bytes(const SK_FLASH uint8_t **at, int32_t count)
{
    int32_t number = 0;
    for (int32_t i = 0; i < count; i++) {
        number |= (int32_t)(*(*at)++) << (8 * i);
    }
    return number;
}

/* The leaf that a tree leads a sample to: its number. */
SK_INLINE int32_t sk_leaf(sk_trees trees, int32_t start)
{
    const SK_FLASH uint8_t *at = trees.nodes + start;
    const int32_t right_is_leaf = (int32_t)1 << (8 * trees.head - 1);
    const int32_t left_is_leaf = right_is_leaf >> 1;
    for (;;) {
        const int32_t head = sk_next_bytes(&at, trees.head);
        int32_t threshold = sk_next_bytes(&at, trees.wide ? 2 : 1);
        if (trees.has_sign) {
            threshold -= (threshold << 1) & (trees.wide ? 0x10000 : 0x100);
        }
        if (sk_load(trees.input, trees.type, head & (left_is_leaf - 1)) > threshold) {
            const int32_t right = sk_next_number(&at);
            if (head & right_is_leaf) {
                return right;
            }
            at += right;
        } else {
            while (*at++ & 0x80) { /* the number of the right child */
            }
            if (head & left_is_leaf) {
                return sk_next_number(&at);
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
    const SK_FLASH uint8_t *outputs;     /* of each entry of `leaves`; NULL: all, leaf by leaf */
    const SK_FLASH void *first_outputs; /* that leaves of each tree are added to; NULL: 0 */
    sk_type first_type;
    const SK_FLASH int32_t *constant; /* NULL: 0 */
} sk_tree_values;

/* Adds the values of a leaf. The highest bit of an output says that it is the last one. */
SK_INLINE void sk_add_leaf(sk_tree_values values, int32_t leaf, int32_t *output)
{
    if (!values.leaves) {
        output[leaf]++;
    } else if (values.outputs) {
        uint8_t place;
        do {
            place = values.outputs[leaf];
            output[place & 0x7F] += sk_load_table(values.leaves, values.leaf_type, leaf++);
        } while (!(place & 0x80));
    } else {
        for (int32_t i = 0; i < values.width; i++) {
            output[i] += sk_load_table(values.leaves, values.leaf_type, leaf * values.width + i);
        }
    }
}

/* The sum of the leaves of all trees. */
SK_INLINE void sk_tree_sums(sk_trees trees, sk_tree_values values, int32_t *output, int32_t outputs)
{
    for (int32_t i = 0; i < outputs; i++) {
        output[i] = values.constant ? values.constant[i] : 0;
    }
    for (int32_t tree = 0; tree < values.count; tree++) {
        const int32_t start = sk_load_table(values.starts, values.start_type, tree);
        const int32_t first = values.first_outputs
                                  ? sk_load_table(values.first_outputs, values.first_type, tree)
                                  : 0;
        sk_add_leaf(values, sk_leaf(trees, start), output + first);
    }
}

#endif
