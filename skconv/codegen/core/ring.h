/* The newest entries of a stream, in the order of time. */
#ifndef SKCONV_RING_H
#define SKCONV_RING_H

#include <string.h>

#include "types.h"

/* How many entries a ring holds, and how many of them are new at each run. */
typedef struct {
    int32_t length;
    int32_t step;
    int32_t entry_bytes;
} sk_ring;

/* No entry yet. */
SK_INLINE void sk_ring_begin(int32_t *filled)
{
    *filled = 0;
}

/* Takes one entry; whether the ring is full now. `filled` counts its entries. It is negative while
 * entries between two windows are skipped. The entries of a full ring stay until the next push.
 */
SK_INLINE bool sk_ring_push(void *entries, int32_t *filled, const void *entry, sk_ring ring)
{
    uint8_t *const bytes = (uint8_t *)entries;
    if (*filled == ring.length) {
        *filled = ring.length - ring.step;
        if (*filled > 0) {
            memmove(bytes, bytes + ring.step * ring.entry_bytes,
                    (size_t)(*filled) * (size_t)ring.entry_bytes);
        }
    }
    if (*filled >= 0) {
        memcpy(bytes + *filled * ring.entry_bytes, entry, (size_t)ring.entry_bytes);
    }
    *filled += 1;
    return *filled == ring.length;
}

#endif
