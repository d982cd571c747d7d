/* What a program on the bench may call. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

void bench_print(const char *text);
void bench_print_unsigned(uint32_t value);

/* Timer 0 of the mps2 boards: counts down from reset on. */
#define BENCH_TIMER_VALUE (*(volatile uint32_t *)0x40000004)

/*
 * Instructions that STATEMENT executes, into COUNT. The timer runs at 25 MHz and an
 * instruction lasts 64 ns of QEMU's virtual time: 1.6 ticks. One read is taken off.
 * Inline, so that nothing but the statement stands between the two reads.
 */
#define BENCH_COUNT(COUNT, STATEMENT)                                       \
    do {                                                                    \
        const uint32_t bench_before = BENCH_TIMER_VALUE;                    \
        STATEMENT;                                                          \
        const uint32_t bench_ticks = bench_before - BENCH_TIMER_VALUE;      \
        (COUNT) = (uint32_t)(((uint64_t)bench_ticks * 5 + 4) / 8) - 1;      \
    } while (0)

#endif
