/* Printing, leaving and counting cycles on an ATmega under simavr. */
#include "bench.h"
#include "common.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

void exit(int code) __attribute__((noreturn));

static volatile uint16_t overflows;
static uint32_t read_cycles;
static uint32_t overflow_cycles;

ISR(TIMER1_OVF_vect) { overflows++; }

/* simavr prints what is sent, a line at a time. */
static void send(char letter)
{
    while (!(UCSR0A & _BV(UDRE0))) {
    }
    UDR0 = (uint8_t)letter;
}

void bench_print(const char *text)
{
    while (*text)
        send(*text++);
}

void bench_print_unsigned(uint32_t value)
{
    char text[11];
    bench_print(decimal(value, text));
}

/* The upper half counts overflows: the timer has 16 bits. */
__attribute__((noinline)) uint32_t bench_now(void)
{
    cli();
    const uint16_t low = TCNT1;
    uint16_t high = overflows;
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000) {
        high++;
    }
    sei();
    return (uint32_t)high << 16 | low;
}

/* Neither the read nor the interrupts between the two reads count. */
uint32_t bench_elapsed(uint32_t before, uint32_t after)
{
    const uint32_t interrupts = (after >> 16) - (before >> 16);
    return after - before - interrupts * overflow_cycles - read_cycles;
}

__attribute__((noinline)) static uint32_t cycles_of_a_loop(uint16_t rounds)
{
    const uint32_t before = bench_now();
    /* 4 cycles a round, the last one 3. */
    __asm__ volatile("1: sbiw %0, 1\n\tbrne 1b" : "+w"(rounds));
    return bench_now() - before;
}

/* The cost of an interrupt: what a loop that is known takes too long. */
__attribute__((constructor)) static void start_clock(void)
{
    UCSR0B = _BV(TXEN0);
    TIMSK1 = _BV(TOIE1);
    TCCR1B = 1;
    sei();
    const uint32_t before = bench_now();
    read_cycles = bench_now() - before;
    const uint32_t one = cycles_of_a_loop(1);
    const uint16_t rounds = 0xFFFF;
    const uint32_t interrupts = bench_now() >> 16;
    const uint32_t all = cycles_of_a_loop(rounds);
    overflow_cycles = (all - one - 4 * (uint32_t)(rounds - 1)) / ((bench_now() >> 16) - interrupts);
}

/* Where avr-libc goes after main. Sleep without interrupts ends simavr. */
void exit(int code)
{
    bench_print("\nexit ");
    bench_print_unsigned(exit_status(code));
    bench_print("\n");
    cli();
    sleep_mode();
    for (;;) {
    }
}
