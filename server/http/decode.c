/* SPDX-License-Identifier: Apache-2.0 */
#include "http/decode.h"

#include "base/utf8.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_clean(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
            return false;
    return utf8_valid(bytes, size);
}

/* Decodes in place of `out`, which holds length + 1 bytes. */
static bool decode(const char *text, size_t length, bool plus_is_space, char *out)
{
    size_t size = 0;

    for (size_t i = 0; i < length; i++) {
        int high;
        int low;

        if (text[i] != '%') {
            out[size++] = plus_is_space && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (length - i < 3)
            return false;
        high = digit(text[i + 1]);
        low = digit(text[i + 2]);
        if (high < 0 || low < 0)
            return false;
        out[size++] = (char)(high << 4 | low);
        i += 2;
    }
    out[size] = '\0';
    return is_clean(out, size);
}

const char *decode_percent(struct arena *arena, const char *text, size_t length, bool plus_is_space)
{
    char *out = arena_alloc(arena, length + 1);

    return decode(text, length, plus_is_space, out) ? out : NULL;
}

bool decode_valid(const char *text)
{
    unsigned char all = 0;
    bool escaped = false;

    /* almost always there is nothing to decode */
    for (const char *c = text; *c; c++) {
        all |= (unsigned char)*c & 0x80;
        escaped |= *c == '%';
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    }
    if (!escaped)
        return !all || utf8_valid(text, strlen(text));

    struct arena arena = {0};
    bool valid = decode_percent(&arena, text, strlen(text), false) != NULL;

    arena_release(&arena);
    return valid;
}

const char *decode_find(const struct decode_pair *pairs, const char *name)
{
    for (; pairs; pairs = pairs->next)
        if (strcmp(pairs->name, name) == 0)
            return pairs->value;
    return NULL;
}

static const char *add_pair(struct arena *arena, const char *text, size_t length,
                            struct decode_pair **pairs)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals ? (size_t)(equals - text) : length;
    struct decode_pair *pair = arena_alloc(arena, sizeof(*pair));

    pair->name = decode_percent(arena, text, name_length, true);
    pair->value = equals ? decode_percent(arena, equals + 1, length - name_length - 1, true) : "";
    if (!pair->name || !pair->value)
        return "the query is not valid percent-encoded UTF-8 without control characters";
    if (decode_find(*pairs, pair->name))
        return arena_printf(arena, "the query argument '%s' is given twice", pair->name);
    pair->next = *pairs;
    *pairs = pair;
    return NULL;
}

const char *decode_query(struct arena *arena, const char *query, struct decode_pair **ret_pairs)
{
    struct decode_pair *pairs = NULL;
    size_t count = 0;

    while (*query) {
        size_t length = strcspn(query, "&");
        const char *error;

        if (length > 0) {
            if (++count > DECODE_PAIRS_MAX)
                return "the query has too many arguments";
            error = add_pair(arena, query, length, &pairs);
            if (error)
                return error;
        }
        query += length;
        query += *query == '&';
    }
    *ret_pairs = pairs;
    return NULL;
}
