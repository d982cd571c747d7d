/* Functions in assembly: the compiler sees neither what they read nor which registers they
 * change, and must call them as it calls a stranger's. */
#ifndef SKCONV_DSP_NAKED_H
#define SKCONV_DSP_NAKED_H

#include "types.h"

#if defined(__clang__)
#define SK_NAKED static __attribute__((naked, noinline, unused))
#elif defined(__GNUC__)
#define SK_NAKED static __attribute__((naked, noipa, unused))
#endif
#if defined(__GNUC__)
#define SK_UNUSED __attribute__((unused))
#endif

#endif
