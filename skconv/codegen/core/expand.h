/* What expands the weights of a layer to RAM: a function of the printed text. */
#ifndef SKCONV_EXPAND_H
#define SKCONV_EXPAND_H

#include <stdint.h>

/* Writes the weights of `count` kernels from `first` on. */
typedef void (*sk_expand)(int32_t first, int32_t count, int8_t *weights);

#endif
