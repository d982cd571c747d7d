/* Startup for QEMU's mps2 boards. */
#include "semihosting.h"

#define TIMER_CTRL (*(volatile uint32_t *)(BENCH_TIMER))
#define TIMER_RELOAD (*(volatile uint32_t *)(BENCH_TIMER + 8))
#define FPU_ACCESS (*(volatile uint32_t *)0xE000ED88)

extern uint32_t __stack_top[];
void Reset_Handler(void);

static void semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void Reset_Handler(void)
{
    fill_memory();
#if defined(__ARM_FP)
    FPU_ACCESS |= 0xFu << 20; /* off after reset */
    __asm__ volatile("dsb\n\tisb");
#endif
    TIMER_RELOAD = 0xFFFFFFFF;
    TIMER_CTRL = 1;
    leave(exit_status(main()));
}

__attribute__((section(".start"), used)) static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors = {__stack_top,
             {Reset_Handler, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
              fault, fault, fault, fault}};
