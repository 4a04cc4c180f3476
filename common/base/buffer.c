/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 256

/* Makes room for size bytes and a NUL. */
static bool reserve(struct buffer *buffer, size_t size)
{
    size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_MIN;
    char *bytes;

    if (buffer->failed)
        return false;
    if (size > buffer->ceiling || buffer->size > buffer->ceiling - size) {
        buffer->failed = true;
        return false;
    }
    if (buffer->size + size + 1 <= buffer->capacity)
        return true;
    while (capacity < buffer->size + size + 1)
        capacity *= 2;
    bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (!reserve(buffer, size))
        return;
    if (size)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(struct buffer *buffer, char c)
{
    buffer_append(buffer, &c, 1);
}

void buffer_append_u64(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    size_t room;
    int length;

    if (!reserve(buffer, 0))
        return;
    room = buffer->capacity - buffer->size;
    va_start(args, format);
    length = vsnprintf(buffer->bytes + buffer->size, room, format, args);
    va_end(args);
    if (length < 0 || !reserve(buffer, (size_t)length)) {
        buffer->bytes[buffer->size] = '\0';
        buffer->failed = true;
        return;
    }
    if ((size_t)length >= room) { /* it was cut off */
        va_start(args, format);
        (void)vsnprintf(buffer->bytes + buffer->size, (size_t)length + 1, format, args);
        va_end(args);
    }
    buffer->size += (size_t)length;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
    if (buffer->bytes)
        buffer->bytes[0] = '\0';
}

void buffer_release(struct buffer *buffer)
{
    if (!buffer)
        return;
    free(buffer->bytes);
    *buffer = (struct buffer){.ceiling = buffer->ceiling};
}
