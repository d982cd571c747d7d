/* The class at the end of the most probable sequence of classes, given all scores up to now. */
#ifndef SKCONV_VITERBI_H
#define SKCONV_VITERBI_H

#include "types.h"

/* Logarithms of probabilities, on the scale of scores shifted right by `shift`: from the row to
 * the column, and what is added to scores. A single score is that of class 1; that of class 0 is 0.
 */
typedef struct {
    int32_t n_classes;
    int32_t n_scores;
    const SK_FLASH int32_t *transitions;
    const SK_FLASH int32_t *corrections;
    int32_t shift;
} sk_viterbi;

SK_INLINE int32_t sk_viterbi_class(const int32_t *state, int32_t n_classes)
{
    return state[2 * n_classes];
}

/* Of `state`: the level of each class; as many numbers for work; the class. */
SK_INLINE void sk_viterbi_begin(int32_t *state, int32_t n_classes)
{
    for (int32_t i = 0; i <= 2 * n_classes; i++) {
        state[i] = 0;
    }
}

SK_INLINE int32_t sk_viterbi_score(
    const void *scores, sk_type type, sk_viterbi model, int32_t class_index)
{
    if (model.n_scores > 1) {
        return sk_load(scores, type, class_index);
    }
    return class_index == 0 ? 0 : sk_load(scores, type, 0);
}

/* No further below 0 than 2^29. */
SK_INLINE int32_t sk_viterbi_level(int64_t level)
{
    const int64_t lowest = -((int64_t)1 << 29);
    return (int32_t)(level > lowest ? level : lowest);
}

/* The level of the best sequence that goes on to a class. */
SK_INLINE int32_t sk_viterbi_best(const int32_t *levels, sk_viterbi model, int32_t class_index)
{
    int32_t best = levels[0] + model.transitions[class_index];
    for (int32_t i = 1; i < model.n_classes; i++) {
        const int32_t level =
            levels[i] + model.transitions[i * model.n_classes + class_index];
        best = level > best ? level : best;
    }
    return best;
}

/* Takes the scores of one more window. */
SK_INLINE void sk_viterbi_push(
    int32_t *state, sk_viterbi model, const void *scores, sk_type type)
{
    const int32_t n = model.n_classes;
    int32_t *const next = state + n;
    int32_t largest = sk_viterbi_score(scores, type, model, 0);
    for (int32_t j = 1; j < n; j++) {
        const int32_t score = sk_viterbi_score(scores, type, model, j);
        largest = score > largest ? score : largest;
    }
    int32_t best = 0;
    for (int32_t j = 0; j < n; j++) {
        const int64_t below = (int64_t)sk_viterbi_score(scores, type, model, j) - largest;
        next[j] = sk_viterbi_best(state, model, j) + sk_viterbi_level(below >> model.shift)
                  + model.corrections[j];
        best = next[j] > next[best] ? j : best;
    }
    for (int32_t j = 0; j < n; j++) {
        state[j] = sk_viterbi_level((int64_t)next[j] - next[best]);
    }
    state[2 * n] = best;
}

#endif
