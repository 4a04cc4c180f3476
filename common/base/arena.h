/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

/*
 * Memory that is given back all at once. One a request: rows and strings borrow from it.
 *
 * An arena has a ceiling; an allocation beyond it, or one that malloc(3) refuses, ends the process:
 * ceilings are chosen so that bounded input cannot reach them, so reaching one is a bug. What can
 * be large (bodies, artifacts) never lives in an arena unless a limit was checked first.
 *
 * Not thread-safe; may move between threads. A zeroed struct is a valid empty arena with the
 * default ceiling.
 */
struct arena {
    struct arena_block *blocks;
    size_t used_bytes;
    size_t ceiling_bytes; /* 0: ARENA_CEILING_DEFAULT */
};

#define ARENA_CEILING_DEFAULT ((size_t)64 << 20)

/* Zeroed memory, aligned for any type. size may be 0. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* An array of count zeroed elements; the product is checked for overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of length bytes with a NUL behind it. */
char *arena_strndup(struct arena *arena, const char *text, size_t length);

/* A copy of text; NULL gives NULL. */
char *arena_strdup(struct arena *arena, const char *text);

/* A copy of size bytes. */
void *arena_memdup(struct arena *arena, const void *bytes, size_t size);

char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Frees everything and leaves an empty arena. Accepts NULL and a zeroed struct. */
void arena_release(struct arena *arena);

#endif
