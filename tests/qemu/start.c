/* Startup and semihosting for QEMU's mps2 boards. */
#include "bench.h"

#include <stddef.h>

#define BENCH_TIMER_CTRL (*(volatile uint32_t *)0x40000000)
#define BENCH_TIMER_RELOAD (*(volatile uint32_t *)0x40000008)
#define FPU_ACCESS (*(volatile uint32_t *)0xE000ED88)

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };
enum { LARGEST_EXIT = 98, FAULT_EXIT = 99 };

extern uint32_t __data_load, __data_start, __data_end, __bss_start, __bss_end, __stack_top;
int main(void);
void Reset_Handler(void);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);

static void semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void bench_print(const char *text) { semihost(SYS_WRITE0, text); }

void bench_print_unsigned(uint32_t value)
{
    char text[11];
    char *digit = text + sizeof text - 1;
    *digit = '\0';
    do {
        *--digit = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    bench_print(digit);
}

static void leave(uint32_t code)
{
    const uint32_t block[2] = {APPLICATION_EXIT, code};
    semihost(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

static void fault(void)
{
    bench_print("fault\n");
    leave(FAULT_EXIT);
}

void Reset_Handler(void)
{
    const uint32_t *from = &__data_load;
    for (uint32_t *to = &__data_start; to < &__data_end;)
        *to++ = *from++;
    for (uint32_t *to = &__bss_start; to < &__bss_end;)
        *to++ = 0;
#if defined(__ARM_FP)
    FPU_ACCESS |= 0xFu << 20; /* off after reset */
    __asm__ volatile("dsb\n\tisb");
#endif
    BENCH_TIMER_RELOAD = 0xFFFFFFFF;
    BENCH_TIMER_CTRL = 1;
    /* An exit status has 8 bits: 256 mismatches must not look like none. */
    const int code = main();
    leave(code >= 0 && code < LARGEST_EXIT ? (uint32_t)code : LARGEST_EXIT);
}

__attribute__((section(".vectors"), used)) static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors = {&__stack_top,
             {Reset_Handler, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
              fault, fault, fault, fault}};

/* The compiler may call these for copies and clears of its own. */
#define NOT_A_CALL_OF_ITSELF __attribute__((optimize("no-tree-loop-distribute-patterns")))

NOT_A_CALL_OF_ITSELF void *memcpy(void *to, const void *from, size_t n)
{
    unsigned char *t = to;
    for (const unsigned char *f = from; n; n--)
        *t++ = *f++;
    return to;
}

NOT_A_CALL_OF_ITSELF void *memmove(void *to, const void *from, size_t n)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if (t < f)
        return memcpy(to, from, n);
    while (n--)
        t[n] = f[n];
    return to;
}

NOT_A_CALL_OF_ITSELF void *memset(void *to, int value, size_t n)
{
    for (unsigned char *t = to; n; n--)
        *t++ = (unsigned char)value;
    return to;
}
