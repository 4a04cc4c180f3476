/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes that grow up to a ceiling. Once an append would pass the ceiling (or memory ends), the
 * buffer is `failed` and stays so: appends are dropped and the caller checks once at the end.
 *
 * `bytes` always has a NUL behind `size` bytes once anything was appended (it may be NULL before).
 * Not thread-safe.
 */
struct buffer {
    char *bytes;
    size_t size;
    size_t capacity;
    size_t ceiling;
    bool failed;
};

#define BUFFER(ceiling_bytes)                                                                      \
    (struct buffer)                                                                                \
    {                                                                                              \
        .ceiling = (ceiling_bytes)                                                                 \
    }

void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char c);

/* In decimal: what buffer_printf does with PRIu64, for where many numbers are written. */
void buffer_append_u64(struct buffer *buffer, uint64_t number);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Forgets the contents, keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Accepts NULL and a zeroed struct. */
void buffer_release(struct buffer *buffer);

#endif
