/* The forward filter of a hidden Markov model: the most probable class, given all decisions. */
#ifndef SKCONV_MARKOV_H
#define SKCONV_MARKOV_H

#include "types.h"

/* Probabilities: of the classes at first, from the row to the column, and of a decision in the row
 * while the class of the column is true. 65535 is nearly 1.
 */
typedef struct {
    int32_t n_classes;
    const SK_FLASH uint16_t *initial;
    const SK_FLASH uint16_t *transitions;
    const SK_FLASH uint16_t *emissions;
} sk_markov;

SK_INLINE int32_t sk_markov_class(const uint32_t *state, int32_t n_classes)
{
    return (int32_t)state[2 * n_classes];
}

/* Of `state`: the probability of each class, 32768 = 1; as many numbers for work; the class. */
SK_INLINE void sk_markov_begin(uint32_t *state, sk_markov model)
{
    for (int32_t i = 0; i < model.n_classes; i++) {
        state[i] = (uint32_t)model.initial[i] >> 1;
    }
    state[2 * model.n_classes] = 0;
}

/* Takes the class that was decided of one more window. */
SK_INLINE int32_t sk_markov_push(uint32_t *state, sk_markov model, int32_t class_index)
{
    const int32_t n = model.n_classes;
    uint32_t *const weights = state + n;
    uint32_t total = 0;
    for (int32_t j = 0; j < n; j++) {
        uint32_t sum = 0;
        for (int32_t i = 0; i < n; i++) {
            sum += state[i] * model.transitions[i * n + j];
        }
        weights[j] = ((sum >> 16) * model.emissions[class_index * n + j]) >> 8;
        total += weights[j];
    }
    if (total == 0) {
        sk_markov_begin(state, model);
    }
    uint32_t best = 0;
    for (int32_t j = 0; j < n; j++) {
        if (total != 0) {
            state[j] = (uint32_t)((((uint64_t)weights[j] << 15) + total / 2) / total);
        }
        if (state[j] > state[best]) {
            best = (uint32_t)j;
        }
    }
    state[2 * n] = best;
    return (int32_t)best;
}

#endif
