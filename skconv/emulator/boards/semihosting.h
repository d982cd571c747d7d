/* Printing and leaving through QEMU, on Arm and RISC-V. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include "bench.h"
#include "common.h"

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];

static void semihost(uint32_t operation, const void *argument);

void bench_print(const char *text) { semihost(SYS_WRITE0, text); }

void bench_print_unsigned(uint32_t value)
{
    char text[11];
    bench_print(decimal(value, text));
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

static void fill_memory(void)
{
    const uint32_t *from = __data_load;
    for (uint32_t *to = __data_start; to < __data_end;)
        *to++ = *from++;
    for (uint32_t *to = __bss_start; to < __bss_end;)
        *to++ = 0;
}

#endif
