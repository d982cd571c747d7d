/* Events in a stream of scores: sums of the last ones, a threshold, a pause after each. */
#ifndef SKCONV_EVENTS_H
#define SKCONV_EVENTS_H

#include "types.h"

/* An event of a keyword begins where the sum of its last n_windows scores reaches the threshold,
 * unless one began less than `refractory` windows ago. Of several the largest sum counts. A single
 * score is that of class 1; that of class 0 is its negative.
 */
typedef struct {
    int32_t n_scores;
    int32_t n_keywords;
    const SK_FLASH uint16_t *keywords; /* Indices of classes. */
    int64_t threshold;
    int32_t n_windows;
    int32_t refractory;
} sk_events;

/* Of `state`: how many windows there are, how many have to pass before the next event, the class
 * of the event or -1, and the scores of keywords, those of the newest window first.
 */
SK_INLINE void sk_events_begin(int32_t *state)
{
    state[0] = 0;
    state[1] = 0;
    state[2] = -1;
}

SK_INLINE int32_t sk_events_class(const int32_t *state)
{
    return state[2];
}

/* The score of a class. */
SK_INLINE int32_t sk_class_score(const void *scores, sk_type type, int32_t size,
                                 int32_t class_index)
{
    if (size > 1) {
        return sk_load(scores, type, class_index);
    }
    return class_index == 1 ? sk_load(scores, type, 0) : -sk_load(scores, type, 0);
}

/* The keyword whose sum is largest, if it reaches the threshold; else -1. */
SK_INLINE int32_t sk_loudest_keyword(const int32_t *newest_first, sk_events by)
{
    int64_t most = by.threshold - 1;
    int32_t found = -1;
    for (int32_t k = 0; k < by.n_keywords; k++) {
        int64_t sum = 0;
        for (int32_t i = 0; i < by.n_windows; i++) {
            sum += newest_first[i * by.n_keywords + k];
        }
        if (sum > most) {
            most = sum;
            found = by.keywords[k];
        }
    }
    return found;
}

/* Takes the scores of one more window. */
SK_INLINE void sk_events_push(int32_t *state, sk_events by, const void *scores, sk_type type)
{
    int32_t *const newest_first = state + 3;
    for (int32_t i = by.n_windows * by.n_keywords - 1; i >= by.n_keywords; i--) {
        newest_first[i] = newest_first[i - by.n_keywords];
    }
    for (int32_t k = 0; k < by.n_keywords; k++) {
        newest_first[k] = sk_class_score(scores, type, by.n_scores, by.keywords[k]);
    }
    state[0] += state[0] < by.n_windows;
    state[1] -= state[1] > 0;
    const bool may_begin = state[0] == by.n_windows && state[1] == 0;
    state[2] = may_begin ? sk_loudest_keyword(newest_first, by) : -1;
    if (state[2] >= 0) {
        state[1] = by.refractory;
    }
}

#endif
