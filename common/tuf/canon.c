/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/canon.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_CEILING ((size_t)16 << 20)

/* A place in the text, counted in characters as editors do. */
struct cursor {
    const unsigned char *bytes;
    size_t size;
    size_t offset;
    unsigned line;
    unsigned column;
};

PRINTF_LIKE(4, 5)
static int refuse(struct fields_error *error, unsigned line, unsigned column, const char *format,
                  ...)
{
    char message[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    *error = (struct fields_error){.line = line, .column = column};
    (void)snprintf(error->text, sizeof(error->text), "line %u, column %u: %s", line, column,
                   message);
    utf8_trim(error->text);
    return CANON_E_SYNTAX;
}

/* Steps over one character; it is well-formed. */
static void advance(struct cursor *cursor)
{
    bool newline = cursor->bytes[cursor->offset] == '\n';

    cursor->offset += utf8_sequence(cursor->bytes + cursor->offset, cursor->size - cursor->offset);
    cursor->line += newline;
    cursor->column = newline ? 1 : cursor->column + 1;
}

static void skip_string(struct cursor *cursor)
{
    advance(cursor);
    while (cursor->offset < cursor->size && cursor->bytes[cursor->offset] != '"') {
        if (cursor->bytes[cursor->offset] == '\\' && cursor->offset + 1 < cursor->size)
            advance(cursor);
        advance(cursor);
    }
    if (cursor->offset < cursor->size)
        advance(cursor);
}

/* Steps over a number. False where it has a fraction or an exponent. */
static bool skip_integer(struct cursor *cursor)
{
    bool integer = true;

    while (cursor->offset < cursor->size) {
        unsigned char c = cursor->bytes[cursor->offset];

        if (!c || !strchr("+-0123456789.eE", c))
            break;
        integer = integer && c != '.' && c != 'e' && c != 'E';
        advance(cursor);
    }
    return integer;
}

static int check_utf8(const char *bytes, size_t size, struct fields_error *error)
{
    struct cursor cursor = {(const unsigned char *)bytes, size, 0, 1, 1};

    if (utf8_valid(bytes, size))
        return 0;
    while (utf8_sequence(cursor.bytes + cursor.offset, size - cursor.offset) > 0)
        advance(&cursor);
    return refuse(error, cursor.line, cursor.column, "not UTF-8 (byte 0x%02x at offset %zu)",
                  cursor.bytes[cursor.offset], cursor.offset);
}

/* What jansson accepts and we do not, found before it builds anything. */
static int check_tokens(const char *bytes, size_t size, struct fields_error *error)
{
    struct cursor cursor = {(const unsigned char *)bytes, size, 0, 1, 1};
    size_t depth = 0;

    while (cursor.offset < size) {
        unsigned line = cursor.line;
        unsigned column = cursor.column;
        char c = bytes[cursor.offset];

        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > CANON_DEPTH_MAX)
            return refuse(error, line, column, "nested deeper than %d levels", CANON_DEPTH_MAX);
        if (c == '"') {
            skip_string(&cursor);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            if (!skip_integer(&cursor))
                return refuse(error, line, column,
                              "only integers are allowed; write a fraction as a string");
        } else {
            advance(&cursor);
        }
    }
    return 0;
}

int canon_parse(const void *bytes, size_t size, size_t ceiling, json_t **ret_value,
                struct fields_error *ret_error)
{
    json_error_t error;
    json_t *value;
    int r;

    if (size > ceiling) {
        *ret_error = (struct fields_error){0};
        (void)snprintf(ret_error->text, sizeof(ret_error->text),
                       "%zu bytes of JSON, at most %zu are allowed", size, ceiling);
        return CANON_E_TOO_LARGE;
    }
    if (size == 0)
        return refuse(ret_error, 1, 1, "no JSON at all: it is empty");
    r = check_utf8(bytes, size, ret_error);
    if (r)
        return r;
    r = check_tokens(bytes, size, ret_error);
    if (r)
        return r;
    value = json_loadb(bytes, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        unsigned line = error.line > 0 ? (unsigned)error.line : 1;
        unsigned column = error.column > 0 ? (unsigned)error.column : 1;

        return refuse(ret_error, line, column, "%s", error.text);
    }
    *ret_value = value;
    return 0;
}

static void append_string(struct buffer *buffer, const char *text, size_t length)
{
    buffer_append_char(buffer, '"');
    while (length > 0) {
        size_t plain = 0;

        while (plain < length && text[plain] != '"' && text[plain] != '\\')
            plain++;
        buffer_append(buffer, text, plain);
        if (plain < length) {
            buffer_append_char(buffer, '\\');
            buffer_append_char(buffer, text[plain++]);
        }
        text += plain;
        length -= plain;
    }
    buffer_append_char(buffer, '"');
}

static int encode(const json_t *value, struct buffer *buffer, size_t depth);

static int encode_array(const json_t *array, struct buffer *buffer, size_t depth)
{
    buffer_append_char(buffer, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        int r;

        if (i > 0)
            buffer_append_char(buffer, ',');
        r = encode(json_array_get(array, i), buffer, depth + 1);
        if (r)
            return r;
    }
    buffer_append_char(buffer, ']');
    return 0;
}

/* By bytes, which for UTF-8 is by code point. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int encode_members(const json_t *object, const char *const *names, size_t count,
                          struct buffer *buffer, size_t depth)
{
    buffer_append_char(buffer, '{');
    for (size_t i = 0; i < count; i++) {
        int r;

        if (i > 0)
            buffer_append_char(buffer, ',');
        append_string(buffer, names[i], strlen(names[i]));
        buffer_append_char(buffer, ':');
        r = encode(json_object_get(object, names[i]), buffer, depth + 1);
        if (r)
            return r;
    }
    buffer_append_char(buffer, '}');
    return 0;
}

static int encode_object(const json_t *object, struct buffer *buffer, size_t depth)
{
    size_t count = json_object_size(object);
    AUTO_FREE const char **names = calloc(count + 1, sizeof(*names));
    size_t filled = 0;
    const char *name;
    json_t *member;

    if (!names)
        return log_fail(ERR_NO_MEMORY, "cannot canonicalise JSON: out of memory");
    json_object_foreach ((json_t *)(uintptr_t)object, name, member) {
        if (filled < count)
            names[filled++] = name;
    }
    if (filled > 1)
        qsort(names, filled, sizeof(*names), compare_names);
    return encode_members(object, names, filled, buffer, depth);
}

static int encode(const json_t *value, struct buffer *buffer, size_t depth)
{
    if (depth > CANON_DEPTH_MAX)
        return log_fail(ERR_INTERNAL, "cannot canonicalise JSON: nested deeper than %d levels",
                        CANON_DEPTH_MAX);
    switch (value ? json_typeof(value) : JSON_REAL) {
    case JSON_OBJECT:
        return encode_object(value, buffer, depth);
    case JSON_ARRAY:
        return encode_array(value, buffer, depth);
    case JSON_STRING:
        append_string(buffer, json_string_value(value), json_string_length(value));
        return 0;
    case JSON_INTEGER:
        buffer_printf(buffer, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return 0;
    case JSON_TRUE:
        buffer_append_text(buffer, "true");
        return 0;
    case JSON_FALSE:
        buffer_append_text(buffer, "false");
        return 0;
    case JSON_NULL:
        buffer_append_text(buffer, "null");
        return 0;
    case JSON_REAL:
        break;
    }
    return log_fail(ERR_INTERNAL, "cannot canonicalise JSON: it has a fraction");
}

int canon_encode(const json_t *value, struct buffer *buffer)
{
    int r = encode(value, buffer, 0);

    if (r)
        return r;
    if (buffer->failed)
        return log_fail(ERR_NO_MEMORY, "cannot canonicalise JSON: longer than %zu bytes",
                        buffer->ceiling);
    return 0;
}

int canon_digest(const json_t *value, uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(DIGEST_CEILING);
    int r = canon_encode(value, &buffer);

    if (r)
        return r;
    digest_sha256(buffer.bytes, buffer.size, ret_digest);
    return 0;
}
