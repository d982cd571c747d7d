/* The compiler may call these for copies and clears of its own. */
#include <stddef.h>

/* The compiler knows more of memcpy than its second names say. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);

/* Bytes written through a volatile pointer: a loop that stays a loop, not a call of itself. */
void *memcpy(void *to, const void *from, size_t n)
{
    volatile unsigned char *t = to;
    for (const unsigned char *f = from; n; n--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    volatile unsigned char *t = to;
    const unsigned char *f = from;
    if ((const unsigned char *)to < f)
        return memcpy(to, from, n);
    while (n--)
        t[n] = f[n];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    for (volatile unsigned char *t = to; n; n--)
        *t++ = (unsigned char)value;
    return to;
}

#if defined(__arm__)

/* The names of Arm's interface, which clang calls; memset has its arguments in another order. */
void __aeabi_memset(void *to, size_t n, int value);
void __aeabi_memclr(void *to, size_t n);

void __aeabi_memset(void *to, size_t n, int value) { memset(to, value, n); }

void __aeabi_memclr(void *to, size_t n) { memset(to, 0, n); }

#define SAME_AS(FUNCTION) __attribute__((alias(#FUNCTION)))

void *__aeabi_memcpy(void *to, const void *from, size_t n) SAME_AS(memcpy);
void *__aeabi_memcpy4(void *to, const void *from, size_t n) SAME_AS(memcpy);
void *__aeabi_memcpy8(void *to, const void *from, size_t n) SAME_AS(memcpy);
void *__aeabi_memmove(void *to, const void *from, size_t n) SAME_AS(memmove);
void *__aeabi_memmove4(void *to, const void *from, size_t n) SAME_AS(memmove);
void *__aeabi_memmove8(void *to, const void *from, size_t n) SAME_AS(memmove);
void __aeabi_memset4(void *to, size_t n, int value) SAME_AS(__aeabi_memset);
void __aeabi_memset8(void *to, size_t n, int value) SAME_AS(__aeabi_memset);
void __aeabi_memclr4(void *to, size_t n) SAME_AS(__aeabi_memclr);
void __aeabi_memclr8(void *to, size_t n) SAME_AS(__aeabi_memclr);

#endif
