/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES_MIN 4096

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

static void die(const char *why, size_t size)
{
    (void)fprintf(stderr, "arena: %s (%zu bytes asked)\n", why, size);
    abort();
}

static struct arena_block *block_new(struct arena *arena, size_t size)
{
    size_t capacity = size > BLOCK_BYTES_MIN / 2 ? size : BLOCK_BYTES_MIN;
    struct arena_block *block = calloc(1, sizeof(*block) + capacity);

    if (!block)
        die("out of memory", size);
    block->size = capacity;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t ceiling = arena->ceiling_bytes ? arena->ceiling_bytes : ARENA_CEILING_DEFAULT;
    size_t align = alignof(max_align_t);
    struct arena_block *block = arena->blocks;
    void *memory;

    if (size > ceiling || arena->used_bytes > ceiling - size)
        die("ceiling reached", size);

    size_t rounded = (size + align - 1) / align * align;

    if (!block || block->size - block->used < rounded)
        block = block_new(arena, rounded);
    memory = block->bytes + block->used;
    block->used += rounded;
    arena->used_bytes += rounded;
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        die("array overflows", count);
    return arena_alloc(arena, count * size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);

    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    char *text;
    int length;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        die("bad format", 0);
    text = arena_alloc(arena, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_release(struct arena *arena)
{
    if (!arena)
        return;
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
    arena->used_bytes = 0;
}
