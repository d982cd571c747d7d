/* The order of pairs of classes: (0, 1), (0, 2), ... (1, 2), ... */
#ifndef SKCONV_VOTES_H
#define SKCONV_VOTES_H

#include "types.h"

/* Index of a pair of different classes, given in either order. */
SK_INLINE int32_t sk_pair(int32_t one, int32_t other, int32_t classes)
{
    const int32_t i = one < other ? one : other;
    const int32_t j = one < other ? other : one;
    return i * (2 * classes - i - 1) / 2 + j - i - 1;
}

/* Results of a kernel machine: one a pair of `classes`, or one a row of its coefficients
 * where the classes share all support vectors and `classes` is 0. */
SK_INLINE int32_t sk_machine_results(int32_t classes, int32_t rows)
{
    return classes == 0 ? rows : classes * (classes - 1) / 2;
}

/* The result that row `row` of a support vector of class `i` adds to: against class `row`,
 * or `row` + 1 from this class on. */
SK_INLINE int32_t sk_machine_place(int32_t i, int32_t row, int32_t classes)
{
    return classes == 0 ? row : sk_pair(i, row < i ? row : row + 1, classes);
}

#endif
