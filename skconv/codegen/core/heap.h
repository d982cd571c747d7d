/* The nearest of what has come so far: a heap of fixed size, the farthest first. */
#ifndef SKCONV_HEAP_H
#define SKCONV_HEAP_H

#include "types.h"

/* FILL begins a heap of `size`: nothing is as far as `farthest`. PUSH takes what is nearer
 * than the farthest in its stead. */
#define SK_DEFINE_HEAP(ENTRY, FILL, PUSH, NUMBER)                                          \
    typedef struct {                                                                       \
        NUMBER distance;                                                                   \
        int32_t place;                                                                     \
    } ENTRY;                                                                               \
                                                                                           \
    SK_INLINE void FILL(ENTRY *heap, int32_t size, NUMBER farthest)                        \
    {                                                                                      \
        for (int32_t i = 0; i < size; i++) {                                               \
            heap[i].distance = farthest;                                                   \
            heap[i].place = 0;                                                             \
        }                                                                                  \
    }                                                                                      \
                                                                                           \
    SK_INLINE void PUSH(ENTRY *heap, int32_t size, NUMBER distance, int32_t place)         \
    {                                                                                      \
        int32_t at = 0;                                                                    \
        if (!(distance < heap[0].distance)) {                                              \
            return;                                                                        \
        }                                                                                  \
        while (2 * at + 1 < size) {                                                        \
            int32_t child = 2 * at + 1;                                                    \
            if (child + 1 < size && heap[child].distance < heap[child + 1].distance) {     \
                child++;                                                                   \
            }                                                                              \
            if (!(distance < heap[child].distance)) {                                      \
                break;                                                                     \
            }                                                                              \
            heap[at] = heap[child];                                                        \
            at = child;                                                                    \
        }                                                                                  \
        heap[at].distance = distance;                                                      \
        heap[at].place = place;                                                            \
    }

#endif
