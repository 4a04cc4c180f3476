/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_FIELDS_H
#define JSON_FIELDS_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Strict decoding of JSON objects into C structs, declared as tables: request bodies, manifests,
 * reports. A decoder says what is wrong and where (`variants[0].artifacts[1].name: ...`), refuses
 * members that the table does not name, and checks every limit.
 *
 *     struct token_draft {
 *         const char *name;
 *         int64_t expires_in_s;
 *     };
 *
 *     static const struct field token_fields[] = {
 *         FIELD("name", STRING, struct token_draft, name, .required = true, .min = 1, .max = 100),
 *         FIELD("expires_in_s", INTEGER, struct token_draft, expires_in_s, .min = 1,
 *               .max = 31536000, .fallback = 86400),
 *     };
 *     static const struct shape token_shape = SHAPE(struct token_draft, token_fields);
 *
 * Strings and arrays are copied into the arena; FIELD_JSON is borrowed from the JSON value.
 * `null` is the same as absent where the field is `nullable`, and refused elsewhere.
 */

/* The C type at `offset`, and what min and max count. */
enum field_type {
    FIELD_STRING,  /* const char *: bytes; max 0: FIELDS_STRING_MAX. Absent: NULL */
    FIELD_INTEGER, /* int64_t: the value; min and max both 0: no limits. Absent: fallback */
    FIELD_BOOL,    /* bool. Absent: fallback != 0 */
    FIELD_TIME,    /* int64_t, milliseconds; RFC 3339 text. Absent: fallback */
    FIELD_HEX,     /* uint8_t[max], inline, from exactly 2 * max lower-case digits. Absent: zeros */
    FIELD_JSON,    /* json_t *: any value but null, borrowed. Absent: NULL */
    FIELD_OBJECT,  /* T *: `shape` of T. Absent: NULL */
    FIELD_INLINE,  /* T: `shape` of T, embedded. Absent: zeros */
    FIELD_LIST,    /* T *: an array of objects of `shape`, elements; size_t at count_offset */
    FIELD_MAP,     /* T *: an object whose values are objects of `shape`; the member's name goes to
                      the shape's key_offset (const char *), checked by key_check; size_t at
                      count_offset. In the order of the JSON text */
    FIELD_STRINGS, /* const char **: an array of strings, each checked by `check`, at most
                      FIELDS_STRING_MAX bytes long; size_t at count_offset */
    FIELD_PAIRS,   /* struct fields_pair *: an object of strings, names checked by key_check, values
                      by `check`; size_t at count_offset */
};

/* For lists, maps and pairs, max 0 stands for this many elements. */
#define FIELDS_COUNT_MAX 1000
#define FIELDS_STRING_MAX 16384

/* Returns NULL where the text is right, else what was expected ("a lower-case name"). */
typedef const char *fields_check(const char *text);

struct shape;

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    bool required;
    bool nullable;
    int64_t min;
    int64_t max;
    int64_t fallback;
    fields_check *check;
    fields_check *key_check;
    const struct shape *shape;
    size_t count_offset;
};

struct shape {
    const struct field *fields;
    size_t count;
    size_t size;       /* of the struct */
    bool open;         /* members that the table does not name are allowed and skipped */
    size_t key_offset; /* as the shape of a FIELD_MAP */
};

struct fields_pair {
    const char *key;
    const char *value;
};

/*
 * Rows of a table and the shape around it; designated initializers may follow.
 *
 *     FIELD("name", STRING, struct token_draft, name, .required = true, .min = 1)
 *     FIELD_ARRAY("variants", LIST, struct manifest, variants, variant_count, .shape = &x)
 *     FIELD_INSIDE("hashes", .shape = &hashes_shape) -- INLINE with offsets of the same struct
 */
// clang-format off
#define FIELD(label, kind, T, ...) {.name = (label), .type = FIELD_##kind, FIELD_AT_(T, __VA_ARGS__, )}
#define FIELD_ARRAY(label, kind, T, ...) {.name = (label), .type = FIELD_##kind, FIELD_ARRAY_AT_(T, __VA_ARGS__, )}
#define FIELD_INSIDE(label, ...) {.name = (label), .type = FIELD_INLINE, __VA_ARGS__}
#define SHAPE(T, ...) {.size = sizeof(T), SHAPE_OF_(__VA_ARGS__, )}

#define FIELD_AT_(T, member, ...) .offset = offsetof(T, member), __VA_ARGS__
#define FIELD_ARRAY_AT_(T, items, items_count, ...) .offset = offsetof(T, items), .count_offset = offsetof(T, items_count), __VA_ARGS__
#define SHAPE_OF_(table, ...) .fields = (table), .count = sizeof(table) / sizeof((table)[0]), __VA_ARGS__
// clang-format on

/* What is wrong with a text that somebody sent, ready for a problem document. Valid UTF-8. */
struct fields_error {
    unsigned line; /* of a syntax error, from 1; 0: does not apply */
    unsigned column;
    char path[256];    /* of the field, such as "slots.main.version"; may be cut */
    char pointer[256]; /* the same of fields_decode, as a JSON pointer (RFC 6901); may be cut */
    char text[512];    /* the whole sentence, with path or line and column */
};

enum {
    FIELDS_E_UNKNOWN = 1, /* a member that the shape does not name */
    FIELDS_E_INVALID = 2, /* missing, wrong type, outside its limits, or refused by a check */
};

/*
 * Decodes value into *ret_object (shape->size bytes, written only on success).
 *
 * Returns 0, FIELDS_E_UNKNOWN or FIELDS_E_INVALID, with ret_error filled.
 */
int fields_decode(const struct shape *shape, const json_t *value, struct arena *arena,
                  void *ret_object, struct fields_error *ret_error) MUST_CHECK;

/*
 * Fills an error whose sentence is "<path>: <message>" (or just the message where path is "").
 * Always returns FIELDS_E_INVALID, so that checks which no table can express are one statement.
 */
int fields_refuse(struct fields_error *ret_error, const char *path, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* {"key":"value",...} as a new reference, or NULL where memory ends. */
json_t *fields_pairs_to_json(const struct fields_pair *pairs, size_t count);

#endif
