/* How numbers lie that share a mean. */
#ifndef SKCONV_LINES_H
#define SKCONV_LINES_H

#include "types.h"

/* Lines of `length` numbers, `lines` of them side by side in each of `blocks`. */
typedef struct {
    int32_t blocks;
    int32_t length;
    int32_t lines;
} sk_lines;

#endif
