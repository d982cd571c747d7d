/* Startup for QEMU's board virt, a 32-bit RISC-V. */
#include "semihosting.h"

__attribute__((used)) void start(void);
void Reset_Handler(void);

__asm__(".section .start, \"ax\"\n"
        ".globl Reset_Handler\n"
        "Reset_Handler:\n"
        "    la sp, __stack_top\n"
        "    j start\n"
        ".text\n");

/* The three instructions must lie in one page, and none may be a short one. */
static void semihost(uint32_t operation, const void *argument)
{
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".balign 16\n\t"
                     ".option push\n\t"
                     ".option norvc\n\t"
                     "slli x0, x0, 0x1f\n\t"
                     "ebreak\n\t"
                     "srai x0, x0, 7\n\t"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
}

__attribute__((aligned(4))) static void trap(void) { fault(); }

void start(void)
{
    __asm__ volatile(".insn i 0x73, 1, x0, %0, 0x305" : : "r"(trap)); /* csrw mtvec, trap */
    fill_memory();
    leave(exit_status(main()));
}
