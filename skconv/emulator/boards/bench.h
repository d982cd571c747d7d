/* What a program on a simulated board may call. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

void bench_print(const char *text);
void bench_print_unsigned(uint32_t value);

/*
 * The clock. It is read inline, so that nothing but the counted statement stands between
 * two reads. `bench_elapsed` gives instructions; the read itself is taken off.
 */
#if defined(__arm__)

/*
 * Timer 0 of the mps2 boards counts down from reset on. An instruction lasts 64 ns of
 * QEMU's virtual time, which is BENCH_TICKS / BENCH_INSTRUCTIONS ticks.
 */
#ifdef BENCH_AN505
#define BENCH_TIMER 0x50000000u /* 20 MHz */
#define BENCH_TICKS 32u
#define BENCH_INSTRUCTIONS 25u
#else
#define BENCH_TIMER 0x40000000u /* 25 MHz */
#define BENCH_TICKS 8u
#define BENCH_INSTRUCTIONS 5u
#endif
#define BENCH_NOW() (*(volatile uint32_t *)(BENCH_TIMER + 4))

static inline uint32_t bench_elapsed(uint32_t before, uint32_t after)
{
    const uint64_t ticks = before - after;
    return (uint32_t)((ticks * BENCH_INSTRUCTIONS + BENCH_TICKS / 2) / BENCH_TICKS) - 1;
}

#elif defined(__riscv)

#define BENCH_NOW() bench_now()

/* With -icount the counter of instructions runs in virtual time: 1 ns each, on this board.
 * The instruction is csrr %0, minstret, spelt out: rv32imc alone does not know its name.
 */
static inline uint32_t bench_now(void)
{
    uint32_t now;
    __asm__ volatile(".insn i 0x73, 2, %0, x0, -0x4FE" : "=r"(now));
    return now;
}

static inline uint32_t bench_elapsed(uint32_t before, uint32_t after)
{
    return after - before - 1;
}

#elif defined(__AVR__)

/* Cycles, not instructions: simavr knows how long each one takes. */
#define BENCH_NOW() bench_now()
uint32_t bench_now(void);
uint32_t bench_elapsed(uint32_t before, uint32_t after);

#endif

/*
 * The stack's high-water mark: `bench_stack_paint` fills the memory below the stack pointer,
 * `bench_stack_used` says how many of those bytes have been written to since. Both are
 * inlined, so that the call that is measured begins where the paint does.
 */
#define BENCH_INLINE static inline __attribute__((always_inline))
enum { BENCH_PAINT = 0x5A, BENCH_DEEPEST = 0x7000 };

BENCH_INLINE volatile uint8_t *bench_stack_pointer(void)
{
    volatile uint8_t *pointer;
#if defined(__AVR__)
    __asm__ volatile("in %A0, __SP_L__\n\tin %B0, __SP_H__" : "=r"(pointer));
    pointer++; /* it points to the free byte */
#elif defined(__riscv)
    __asm__ volatile("mv %0, sp" : "=r"(pointer));
#else
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
#endif
    return pointer;
}

BENCH_INLINE volatile uint8_t *bench_stack_limit(volatile uint8_t *top)
{
#if defined(__AVR__)
    extern uint8_t __heap_start[];
    volatile uint8_t *const limit = __heap_start;
#else
    extern uint8_t __stack_limit[];
    volatile uint8_t *const limit = __stack_limit;
#endif
    return top - limit < BENCH_DEEPEST ? limit : top - BENCH_DEEPEST;
}

BENCH_INLINE void bench_stack_paint(void)
{
#if defined(__AVR__)
    __asm__ volatile("cli"); /* an interrupt would write to the stack */
#endif
    volatile uint8_t *const top = bench_stack_pointer();
    for (volatile uint8_t *at = bench_stack_limit(top); at < top; at++) {
        *at = BENCH_PAINT;
    }
}

BENCH_INLINE uint32_t bench_stack_used(void)
{
    volatile uint8_t *const top = bench_stack_pointer();
    volatile uint8_t *at = bench_stack_limit(top);
    while (at < top && *at == BENCH_PAINT) {
        at++;
    }
#if defined(__AVR__)
    __asm__ volatile("sei");
#endif
    return (uint32_t)(top - at);
}

/* Instructions that STATEMENT executes, into COUNT. */
#define BENCH_COUNT(COUNT, STATEMENT)                           \
    do {                                                        \
        const uint32_t bench_before = BENCH_NOW();              \
        STATEMENT;                                              \
        const uint32_t bench_after = BENCH_NOW();               \
        (COUNT) = bench_elapsed(bench_before, bench_after);     \
    } while (0)

#endif
