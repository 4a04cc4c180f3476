/* SPDX-License-Identifier: Apache-2.0 */
#include "json/fields.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "crypto/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_SHOWN_MAX 64
#define HEX_BYTES_MAX 64

/* Where we are in the value: a list on the stack, from the innermost member to the root. */
struct place {
    const struct place *parent;
    const char *member; /* NULL: index */
    size_t index;
};

struct decoder {
    struct arena *arena;
    struct fields_error *error;
};

static int decode_object(const struct decoder *decoder, const struct place *place,
                         const struct shape *shape, const json_t *value, void *ret_object);

static bool is_plain(const char *name)
{
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return length > 0 && length <= NAME_SHOWN_MAX && name[length] == '\0';
}

/* A member's name of the sender's making: in quotes, shortened, without control characters. */
static void append_quoted(char *text, size_t size, const char *name)
{
    size_t used = strlen(text);
    size_t shown = 0;

    used += (size_t)snprintf(text + used, size - used, "[\"");
    while (shown < NAME_SHOWN_MAX && name[shown]) {
        size_t length = utf8_sequence((const unsigned char *)name + shown, strlen(name + shown));

        if (length == 0 || used + length + sizeof("...\"]") > size)
            break;
        if ((unsigned char)name[shown] < 0x20 || name[shown] == 0x7f)
            text[used] = '?';
        else
            memcpy(text + used, name + shown, length);
        used += length;
        shown += length;
        text[used] = '\0';
    }
    (void)snprintf(text + used, size - used, "%s\"]", name[shown] ? "..." : "");
}

static void append_place(char *text, size_t size, const struct place *place)
{
    size_t used;

    if (!place || !place->parent)
        return;
    append_place(text, size, place->parent);
    used = strlen(text);
    if (used + NAME_SHOWN_MAX + 16 > size)
        return; /* cut: the outer part says more than the inner one */
    if (!place->member)
        (void)snprintf(text + used, size - used, "[%zu]", place->index);
    else if (is_plain(place->member))
        (void)snprintf(text + used, size - used, "%s%s", used ? "." : "", place->member);
    else
        append_quoted(text, size, place->member);
}

/* RFC 6901: '~' and '/' of a member's name are escaped. */
static void append_token(char *text, size_t size, const char *name)
{
    size_t used = strlen(text);

    text[used++] = '/';
    for (; *name && used + 3 < size; name++) {
        if (*name != '~' && *name != '/') {
            text[used++] = *name;
            continue;
        }
        text[used++] = '~';
        text[used++] = *name == '~' ? '0' : '1';
    }
    text[used] = '\0';
    utf8_trim(text);
}

static void append_pointer(char *text, size_t size, const struct place *place)
{
    char index[24];

    if (!place || !place->parent)
        return;
    append_pointer(text, size, place->parent);
    if (strlen(text) + NAME_SHOWN_MAX + 16 > size)
        return; /* as in append_place */
    if (place->member) {
        append_token(text, size, place->member);
        return;
    }
    (void)snprintf(index, sizeof(index), "%zu", place->index);
    append_token(text, size, index);
}

PRINTF_LIKE(2, 0)
static void fill(struct fields_error *error, const char *format, va_list args)
{
    char message[254]; /* with the path and ": " it fits into text */

    (void)vsnprintf(message, sizeof(message), format, args);
    utf8_trim(message);
    (void)snprintf(error->text, sizeof(error->text), "%s%s%s", error->path,
                   error->path[0] ? ": " : "", message);
}

PRINTF_LIKE(4, 5)
static int refuse(const struct decoder *decoder, const struct place *place, int outcome,
                  const char *format, ...)
{
    va_list args;

    *decoder->error = (struct fields_error){0};
    append_place(decoder->error->path, sizeof(decoder->error->path), place);
    append_pointer(decoder->error->pointer, sizeof(decoder->error->pointer), place);
    va_start(args, format);
    fill(decoder->error, format, args);
    va_end(args);
    return outcome;
}

int fields_refuse(struct fields_error *ret_error, const char *path, const char *format, ...)
{
    va_list args;

    *ret_error = (struct fields_error){0};
    (void)snprintf(ret_error->path, sizeof(ret_error->path), "%s", path);
    utf8_trim(ret_error->path);
    va_start(args, format);
    fill(ret_error, format, args);
    va_end(args);
    return FIELDS_E_INVALID;
}

static int check_string(const struct decoder *decoder, const struct place *place,
                        const struct field *field, const json_t *value)
{
    int64_t max = field->max ? field->max : FIELDS_STRING_MAX;
    const char *expected;
    int64_t length;

    if (!json_is_string(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "a string expected");
    length = (int64_t)json_string_length(value);
    if (length != (int64_t)strlen(json_string_value(value)))
        return refuse(decoder, place, FIELDS_E_INVALID, "a string without NUL expected");
    if (length < field->min)
        return length == 0 ? refuse(decoder, place, FIELDS_E_INVALID, "must not be empty")
                           : refuse(decoder, place, FIELDS_E_INVALID,
                                    "too short: at least %" PRId64 " bytes expected", field->min);
    if (length > max)
        return refuse(decoder, place, FIELDS_E_INVALID, "too long: at most %" PRId64 " bytes", max);
    expected = field->check ? field->check(json_string_value(value)) : NULL;
    if (expected)
        return refuse(decoder, place, FIELDS_E_INVALID, "%s expected", expected);
    return 0;
}

static int check_count(const struct decoder *decoder, const struct place *place,
                       const struct field *field, size_t count)
{
    int64_t max = field->max ? field->max : FIELDS_COUNT_MAX;

    if ((int64_t)count < field->min)
        return refuse(decoder, place, FIELDS_E_INVALID, "at least %" PRId64 " expected",
                      field->min);
    if ((int64_t)count > max)
        return refuse(decoder, place, FIELDS_E_INVALID, "too many: at most %" PRId64, max);
    return 0;
}

static int check_key(const struct decoder *decoder, const struct place *place,
                     const struct field *field, const char *key)
{
    const char *expected = field->key_check ? field->key_check(key) : NULL;

    if (expected)
        return refuse(decoder, place, FIELDS_E_INVALID, "bad name: %s expected", expected);
    return 0;
}

static int decode_string(const struct decoder *decoder, const struct place *place,
                         const struct field *field, const json_t *value, void *object)
{
    int r = check_string(decoder, place, field, value);

    if (r)
        return r;
    *(const char **)((char *)object + field->offset) =
        arena_strdup(decoder->arena, json_string_value(value));
    return 0;
}

static int decode_integer(const struct decoder *decoder, const struct place *place,
                          const struct field *field, const json_t *value, void *object)
{
    bool limited = field->min || field->max;
    int64_t number;

    if (!json_is_integer(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "an integer expected");
    number = json_integer_value(value);
    if (limited && (number < field->min || number > field->max))
        return refuse(decoder, place, FIELDS_E_INVALID, "must be from %" PRId64 " to %" PRId64,
                      field->min, field->max);
    *(int64_t *)((char *)object + field->offset) = number;
    return 0;
}

static int decode_bool(const struct decoder *decoder, const struct place *place,
                       const struct field *field, const json_t *value, void *object)
{
    if (!json_is_boolean(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "true or false expected");
    *(bool *)((char *)object + field->offset) = json_is_true(value);
    return 0;
}

static int decode_time(const struct decoder *decoder, const struct place *place,
                       const struct field *field, const json_t *value, void *object)
{
    int64_t *wall_ms = (int64_t *)((char *)object + field->offset);

    if (!json_is_string(value) || !clock_parse_rfc3339(json_string_value(value), wall_ms))
        return refuse(decoder, place, FIELDS_E_INVALID,
                      "a time such as \"2026-01-02T03:04:05.678Z\" expected");
    return 0;
}

static int decode_hex(const struct decoder *decoder, const struct place *place,
                      const struct field *field, const json_t *value, void *object)
{
    size_t size = (size_t)field->max;
    const char *hex = json_string_value(value);

    if (!hex || strlen(hex) != 2 * size || strspn(hex, "0123456789abcdef") != 2 * size ||
        !text_unhex(hex, (uint8_t *)object + field->offset, size))
        return refuse(decoder, place, FIELDS_E_INVALID, "%zu lower-case hex digits expected",
                      2 * size);
    return 0;
}

static int decode_json(const struct decoder *decoder, const struct place *place,
                       const struct field *field, const json_t *value, void *object)
{
    if (json_is_null(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "must not be null");
    *(const json_t **)((char *)object + field->offset) = value;
    return 0;
}

static int decode_pointer(const struct decoder *decoder, const struct place *place,
                          const struct field *field, const json_t *value, void *object)
{
    void *target = arena_alloc(decoder->arena, field->shape->size);
    int r = decode_object(decoder, place, field->shape, value, target);

    if (r)
        return r;
    *(void **)((char *)object + field->offset) = target;
    return 0;
}

static int decode_inline(const struct decoder *decoder, const struct place *place,
                         const struct field *field, const json_t *value, void *object)
{
    return decode_object(decoder, place, field->shape, value, (char *)object + field->offset);
}

static void set_array(const struct field *field, void *object, const void *items, size_t count)
{
    *(const void **)((char *)object + field->offset) = items;
    *(size_t *)((char *)object + field->count_offset) = count;
}

static int decode_list(const struct decoder *decoder, const struct place *place,
                       const struct field *field, const json_t *value, void *object)
{
    size_t count = json_array_size(value);
    char *items;
    int r;

    if (!json_is_array(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "an array expected");
    r = check_count(decoder, place, field, count);
    if (r)
        return r;
    items = arena_array(decoder->arena, count, field->shape->size);
    for (size_t i = 0; i < count; i++) {
        struct place inner = {place, NULL, i};

        r = decode_object(decoder, &inner, field->shape, json_array_get(value, i),
                          items + i * field->shape->size);
        if (r)
            return r;
    }
    set_array(field, object, items, count);
    return 0;
}

static int decode_map(const struct decoder *decoder, const struct place *place,
                      const struct field *field, const json_t *value, void *object)
{
    size_t count = json_object_size(value);
    size_t index = 0;
    const char *key;
    json_t *member;
    char *items;
    int r;

    if (!json_is_object(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "an object expected");
    r = check_count(decoder, place, field, count);
    if (r)
        return r;
    items = arena_array(decoder->arena, count, field->shape->size);
    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        struct place inner = {place, key, 0};
        char *item = items + index++ * field->shape->size;

        r = check_key(decoder, &inner, field, key);
        if (!r)
            r = decode_object(decoder, &inner, field->shape, member, item);
        if (r)
            return r;
        *(const char **)(item + field->shape->key_offset) = arena_strdup(decoder->arena, key);
    }
    set_array(field, object, items, count);
    return 0;
}

static int decode_strings(const struct decoder *decoder, const struct place *place,
                          const struct field *field, const json_t *value, void *object)
{
    struct field element = {.check = field->check};
    size_t count = json_array_size(value);
    const char **items;
    int r;

    if (!json_is_array(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "an array expected");
    r = check_count(decoder, place, field, count);
    if (r)
        return r;
    items = arena_array(decoder->arena, count, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        struct place inner = {place, NULL, i};

        r = check_string(decoder, &inner, &element, json_array_get(value, i));
        if (r)
            return r;
        items[i] = arena_strdup(decoder->arena, json_string_value(json_array_get(value, i)));
    }
    set_array(field, object, items, count);
    return 0;
}

static int decode_pairs(const struct decoder *decoder, const struct place *place,
                        const struct field *field, const json_t *value, void *object)
{
    struct field element = {.check = field->check};
    size_t count = json_object_size(value);
    struct fields_pair *items;
    size_t index = 0;
    const char *key;
    json_t *member;
    int r;

    if (!json_is_object(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "an object of strings expected");
    r = check_count(decoder, place, field, count);
    if (r)
        return r;
    items = arena_array(decoder->arena, count, sizeof(*items));
    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        struct place inner = {place, key, 0};

        r = check_key(decoder, &inner, field, key);
        if (!r)
            r = check_string(decoder, &inner, &element, member);
        if (r)
            return r;
        items[index].key = arena_strdup(decoder->arena, key);
        items[index].value = arena_strdup(decoder->arena, json_string_value(member));
        index++;
    }
    set_array(field, object, items, count);
    return 0;
}

static int (*const decoders[])(const struct decoder *decoder, const struct place *place,
                               const struct field *field, const json_t *value, void *object) = {
    [FIELD_STRING] = decode_string,  [FIELD_INTEGER] = decode_integer, [FIELD_BOOL] = decode_bool,
    [FIELD_TIME] = decode_time,      [FIELD_HEX] = decode_hex,         [FIELD_JSON] = decode_json,
    [FIELD_OBJECT] = decode_pointer, [FIELD_INLINE] = decode_inline,   [FIELD_LIST] = decode_list,
    [FIELD_MAP] = decode_map,        [FIELD_STRINGS] = decode_strings, [FIELD_PAIRS] = decode_pairs,
};

static void set_fallback(const struct field *field, void *object)
{
    char *target = (char *)object + field->offset;

    if (field->type == FIELD_INTEGER || field->type == FIELD_TIME)
        *(int64_t *)target = field->fallback;
    if (field->type == FIELD_BOOL)
        *(bool *)target = field->fallback != 0;
}

static const struct field *find_field(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->fields[i].name, name) == 0)
            return &shape->fields[i];
    }
    return NULL;
}

static int refuse_unknown(const struct decoder *decoder, const struct place *place,
                          const struct shape *shape, const json_t *value)
{
    const char *name;
    json_t *member;

    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        struct place inner = {place, name, 0};

        if (!find_field(shape, name))
            return refuse(decoder, &inner, FIELDS_E_UNKNOWN, "unknown field");
    }
    return 0;
}

static int decode_object(const struct decoder *decoder, const struct place *place,
                         const struct shape *shape, const json_t *value, void *ret_object)
{
    int r;

    if (!json_is_object(value))
        return refuse(decoder, place, FIELDS_E_INVALID, "an object expected");
    if (!shape->open) {
        r = refuse_unknown(decoder, place, shape, value);
        if (r)
            return r;
    }
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        const json_t *member = json_object_get(value, field->name);
        struct place inner = {place, field->name, 0};

        if (!member && field->required)
            return refuse(decoder, &inner, FIELDS_E_INVALID, "missing");
        if (!member || (field->nullable && json_is_null(member))) {
            set_fallback(field, ret_object);
            continue;
        }
        r = decoders[field->type](decoder, &inner, field, member, ret_object);
        if (r)
            return r;
    }
    return 0;
}

int fields_decode(const struct shape *shape, const json_t *value, struct arena *arena,
                  void *ret_object, struct fields_error *ret_error)
{
    struct decoder decoder = {arena, ret_error};
    struct place root = {0};
    void *object = arena_alloc(arena, shape->size);
    int r = decode_object(&decoder, &root, shape, value, object);

    if (r)
        return r;
    memcpy(ret_object, object, shape->size);
    return 0;
}

json_t *fields_pairs_to_json(const struct fields_pair *pairs, size_t count)
{
    json_auto_t *object = json_object();

    for (size_t i = 0; object && i < count; i++) {
        if (json_object_set_new(object, pairs[i].key, json_string(pairs[i].value)) < 0)
            return NULL;
    }
    return json_incref(object);
}
