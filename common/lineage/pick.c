/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/pick.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *at;
    const char *end;
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && strchr(" \t\r\n", *cursor->at) && *cursor->at)
        cursor->at++;
}

static bool take(struct cursor *cursor, char c)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* Moves behind the string that begins here. */
static void skip_string(struct cursor *cursor)
{
    for (cursor->at++; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++)
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end)
            cursor->at++;
    if (cursor->at < cursor->end)
        cursor->at++;
}

/* Moves behind the value that begins here. */
static void skip_value(struct cursor *cursor)
{
    size_t depth = 0;

    skip_space(cursor);
    while (cursor->at < cursor->end) {
        char c = *cursor->at;

        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        if (c == '"') {
            skip_string(cursor);
        } else {
            depth += c == '{' || c == '[';
            depth -= c == '}' || c == ']';
            cursor->at++;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return;
    }
}

/* Whether the text of a string, quotes included, says the name. */
static bool says(const char *start, const char *end, const char *name)
{
    json_auto_t *value = NULL;
    size_t size = (size_t)(end - start);
    size_t length = strlen(name);

    if (!memchr(start, '\\', size))
        return size == length + 2 && memcmp(start + 1, name, length) == 0;
    value = json_loadb(start, size, JSON_DECODE_ANY, NULL);
    return json_is_string(value) && strcmp(json_string_value(value), name) == 0;
}

static bool enter_member(struct cursor *cursor, const char *name)
{
    do {
        const char *start;
        bool found;

        skip_space(cursor);
        start = cursor->at;
        if (start == cursor->end || *start != '"')
            return false;
        skip_string(cursor);
        found = says(start, cursor->at, name);
        if (!take(cursor, ':'))
            return false;
        skip_space(cursor);
        if (found)
            return true;
        skip_value(cursor);
    } while (take(cursor, ','));
    return false;
}

static bool enter_element(struct cursor *cursor, const char *token)
{
    char *end;
    unsigned long long index = strtoull(token, &end, 10);

    if (end == token || *end)
        return false;
    skip_space(cursor);
    for (; index > 0; index--) {
        skip_value(cursor);
        if (!take(cursor, ','))
            return false;
    }
    skip_space(cursor);
    return cursor->at < cursor->end && *cursor->at != ']';
}

/* The token of the pointer that begins behind '/', decoded; the caller frees it. */
static char *read_token(const char **pointer)
{
    size_t length = strcspn(*pointer, "/");
    char *token = calloc(1, length + 1);
    size_t size = 0;

    for (size_t i = 0; token && i < length; i++) {
        char c = (*pointer)[i];

        if (c == '~' && i + 1 < length)
            c = (*pointer)[++i] == '0' ? '~' : '/';
        token[size++] = c;
    }
    *pointer += length;
    return token;
}

static bool enter(struct cursor *cursor, const char *token)
{
    if (take(cursor, '{'))
        return enter_member(cursor, token);
    return take(cursor, '[') && enter_element(cursor, token);
}

bool pick_part(const char *bytes, size_t size, const char *pointer, const char **ret_part,
               size_t *ret_size)
{
    struct cursor cursor = {bytes, bytes + size};
    const char *start;

    skip_space(&cursor);
    while (*pointer == '/') {
        char *token;
        bool found;

        pointer++;
        token = read_token(&pointer);
        found = token && enter(&cursor, token);
        free(token);
        if (!found)
            return false;
    }
    start = cursor.at;
    skip_value(&cursor);
    while (cursor.at > start && strchr(" \t\r\n", cursor.at[-1]))
        cursor.at--;
    if (cursor.at == start)
        return false;
    *ret_part = start;
    *ret_size = (size_t)(cursor.at - start);
    return true;
}
