/* What trees printed as nested `if` need besides themselves. */
#ifndef SKCONV_PRINTED_TREES_H
#define SKCONV_PRINTED_TREES_H

#include "types.h"

/* A compiler that knows what a sum can be after a tree has a copy of code for each value. This
 * hides the value, and costs no instruction. */
#if defined(__GNUC__)
#define SK_OPAQUE(sum) __asm__ volatile("" : "+r"(sum))
#else
#define SK_OPAQUE(sum) ((void)0)
#endif

#endif
