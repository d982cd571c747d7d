/* The most frequent class of the last windows. */
#ifndef SKCONV_MAJORITY_H
#define SKCONV_MAJORITY_H

#include "types.h"

/* Of `state`: how many windows there are, the class, and the classes of windows, newest first. */
SK_INLINE void sk_majority_begin(int16_t *state)
{
    state[0] = 0;
    state[1] = 0;
}

SK_INLINE int32_t sk_majority_class(const int16_t *state)
{
    return state[1];
}

/* Takes the class of one more window. Of several as frequent the newest wins. */
SK_INLINE int32_t sk_majority_push(int16_t *state, int32_t n_windows, int32_t class_index)
{
    int16_t *const newest_first = state + 2;
    const int32_t known = state[0] < n_windows ? state[0] + 1 : n_windows;
    for (int32_t i = known - 1; i > 0; i--) {
        newest_first[i] = newest_first[i - 1];
    }
    newest_first[0] = (int16_t)class_index;
    int32_t most = 0;
    for (int32_t i = 0; i < known; i++) {
        int32_t votes = 0;
        for (int32_t j = 0; j < known; j++) {
            votes += newest_first[j] == newest_first[i];
        }
        if (votes > most) {
            most = votes;
            state[1] = newest_first[i];
        }
    }
    state[0] = (int16_t)known;
    return state[1];
}

#endif
