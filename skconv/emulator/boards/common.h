/* What the startup code of every board shares. */
#ifndef COMMON_H
#define COMMON_H

#include <stdint.h>

enum { LARGEST_EXIT = 98, FAULT_EXIT = 99 };

int main(void);

/* An exit status has 8 bits: 256 mismatches must not look like none. */
static inline uint32_t exit_status(int code)
{
    return code >= 0 && code < LARGEST_EXIT ? (uint32_t)code : (uint32_t)LARGEST_EXIT;
}

/* Decimal digits of a number in `text`, which has room for 11; where they begin. */
static inline char *decimal(uint32_t value, char *text)
{
    char *digit = text + 10;
    *digit = '\0';
    do {
        *--digit = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return digit;
}

#endif
