/* Types of tensors, and how one entry is read and written.
 *
 * Every routine is written once for all types: the type is an argument. Its value is a
 * literal and the routines are inlined, so the compiler reduces each `switch` to one plain
 * load or store.
 */
#ifndef SKCONV_TYPES_H
#define SKCONV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where constant tables live. An AVR cannot read its flash through a plain pointer: its
 * compiler has an address space for that in GNU's dialects of C, not in plain C or C++:
 * there tables take RAM, if SKCONV_TABLES_IN_RAM allows it.
 */
#if defined(__FLASH) && !defined(__STRICT_ANSI__) && !defined(SKCONV_TABLES_IN_RAM)
#define SK_FLASH __flash
#else
#define SK_FLASH
#endif

#if defined(__GNUC__)
#define SK_INLINE static inline __attribute__((always_inline))
#define SK_TABLE static const SK_FLASH __attribute__((used))
#else
#define SK_INLINE static inline
#define SK_TABLE static const SK_FLASH
#endif

#if defined(__cplusplus) && defined(__GNUC__)
/* A structure names only the fields that are not zero; C++ warns of the others. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

/* The rounding shifts rely on `>>` of a negative number being a floor. */
typedef char sk_shift_is_arithmetic[((-3) >> 1) == -2 ? 1 : -1];

/* The last four are of weights alone: narrow.h, and slices.h. */
typedef enum {
    SK_INT8,
    SK_UINT8,
    SK_INT16,
    SK_UINT16,
    SK_INT32,
    SK_TERNARY,
    SK_INT3,
    SK_INT4,
    SK_INT8_IN_RAM
} sk_type;

/* A map of one sample: channels last, rows from the top. */
typedef struct {
    int32_t height;
    int32_t width;
    int32_t channels;
} sk_map;

#define SK_DEFINE_LOAD(NAME, SPACE)                                                   \
    SK_INLINE int32_t NAME(const SPACE void *numbers, sk_type type, int32_t index)    \
    {                                                                                 \
        switch (type) {                                                               \
        case SK_INT8:                                                                 \
            return ((const SPACE int8_t *)numbers)[index];                            \
        case SK_UINT8:                                                                \
            return ((const SPACE uint8_t *)numbers)[index];                           \
        case SK_INT16:                                                                \
            return ((const SPACE int16_t *)numbers)[index];                           \
        case SK_UINT16:                                                               \
            return ((const SPACE uint16_t *)numbers)[index];                          \
        case SK_INT8_IN_RAM: /* whatever space its pointer is said to be of */        \
            return ((const int8_t *)(uintptr_t)numbers)[index];                       \
        case SK_INT32:                                                                \
        default:                                                                      \
            return ((const SPACE int32_t *)numbers)[index];                           \
        }                                                                             \
    }

/* One entry of a tensor, and one of a constant table. */
SK_DEFINE_LOAD(sk_load, )
SK_DEFINE_LOAD(sk_load_table, SK_FLASH)

/* `value` must fit the type: the caller has clipped it or knows its bound. */
SK_INLINE void sk_store(void *tensor, sk_type type, int32_t index, int32_t value)
{
    switch (type) {
    case SK_INT8:
        ((int8_t *)tensor)[index] = (int8_t)value;
        break;
    case SK_UINT8:
        ((uint8_t *)tensor)[index] = (uint8_t)value;
        break;
    case SK_INT16:
        ((int16_t *)tensor)[index] = (int16_t)value;
        break;
    case SK_UINT16:
        ((uint16_t *)tensor)[index] = (uint16_t)value;
        break;
    case SK_INT32:
    default:
        ((int32_t *)tensor)[index] = value;
        break;
    }
}

/* Bytes of an entry. */
SK_INLINE int32_t sk_bytes(sk_type type)
{
    if (type == SK_INT32) {
        return 4;
    }
    return type == SK_INT16 || type == SK_UINT16 ? 2 : 1;
}

#endif
