/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/printable.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The longest that one input byte becomes: "\u{2066}" for three. */
#define GROWTH_MAX 4

struct range {
    uint32_t first;
    uint32_t last;
};

/* Characters that a terminal obeys instead of showing them. */
static const struct range harmful[] = {
    {0x0000, 0x001f},
    {0x007f, 0x009f},
    {0x061c, 0x061c},
    {0x200e, 0x200f},
    {0x2028, 0x202e},
    {0x2066, 0x2069},
    {0xfeff, 0xfeff},
    {0xfff9, 0xfffb},
};

static const struct range combining[] = {
    {0x0300, 0x036f},
    {0x0483, 0x0489},
    {0x0591, 0x05bd},
    {0x064b, 0x065f},
    {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},
    {0x200b, 0x200d},
    {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f},
};

/* East Asian Wide and Fullwidth (Unicode Standard Annex 11), and emoji. */
static const struct range wide[] = {
    {0x1100,  0x115f },
    {0x2e80,  0x303e },
    {0x3041,  0xa4cf },
    {0xac00,  0xd7a3 },
    {0xf900,  0xfaff },
    {0xfe30,  0xfe6f },
    {0xff00,  0xff60 },
    {0xffe0,  0xffe6 },
    {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff},
    {0x1f900, 0x1f9ff},
    {0x20000, 0x3fffd},
};

static bool within(uint32_t point, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

/* bytes start a well-formed sequence of that length. */
static uint32_t decode(const unsigned char *bytes, size_t length)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = bytes[0] & first_bits[length];

    for (size_t i = 1; i < length; i++)
        point = point << 6 | (bytes[i] & 0x3f);
    return point;
}

char *printable_text(struct arena *arena, const char *text)
{
    const unsigned char *cursor = (const unsigned char *)text;
    size_t left;
    char *copy;
    size_t capacity;
    size_t used = 0;

    if (!text)
        return NULL;
    left = strlen(text);
    capacity = left * GROWTH_MAX + 1;
    copy = arena_alloc(arena, capacity);
    while (left > 0) {
        size_t length = utf8_sequence(cursor, left);
        uint32_t point = length ? decode(cursor, length) : *cursor;

        if (length == 0 || (length == 1 && within(point, harmful, ARRAY_LEN(harmful)))) {
            used += (size_t)snprintf(copy + used, capacity - used, "\\x%02x", *cursor);
            length = 1;
        } else if (within(point, harmful, ARRAY_LEN(harmful))) {
            used += (size_t)snprintf(copy + used, capacity - used, "\\u{%x}", point);
        } else {
            memcpy(copy + used, cursor, length);
            used += length;
        }
        cursor += length;
        left -= length;
    }
    copy[used] = '\0';
    return copy;
}

size_t printable_columns(const char *text)
{
    const unsigned char *cursor = (const unsigned char *)text;
    size_t left = strlen(text);
    size_t columns = 0;

    while (left > 0) {
        size_t length = utf8_sequence(cursor, left);
        uint32_t point = length ? decode(cursor, length) : *cursor;

        if (length == 0)
            length = 1;
        if (within(point, wide, ARRAY_LEN(wide)))
            columns += 2;
        else if (!within(point, combining, ARRAY_LEN(combining)))
            columns += 1;
        cursor += length;
        left -= length;
    }
    return columns;
}
