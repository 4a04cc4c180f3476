/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db_add.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <string.h>

/* Object ids of types (pg_type.dat); fixed for ever. */
#define OID_UNKNOWN 0
#define OID_BOOL 16
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_INT4 23
#define OID_TEXT 25
#define OID_FLOAT8 701
#define OID_BYTEA_ARRAY 1001
#define OID_TEXT_ARRAY 1009
#define OID_INT8_ARRAY 1016

/* The wire form of a value is at most what a message may hold. */
#define VALUE_MAX_BYTES ((size_t)1 << 30)

static void add(struct db_params *params, uint32_t type, const void *value, size_t size)
{
    assert(params->count < DB_PARAMS_MAX);
    assert(size <= VALUE_MAX_BYTES);
    params->values[params->count] = (const char *)value;
    params->lengths[params->count] = (int)size;
    params->formats[params->count] = 1;
    params->types[params->count] = type;
    params->count++;
}

/* A fixed-size value lives in the params themselves. */
static void add_scratch(struct db_params *params, uint32_t type, const void *value, size_t size)
{
    assert(params->count < DB_PARAMS_MAX);
    memcpy(&params->scratch[params->count], value, size);
    add(params, type, &params->scratch[params->count], size);
}

void db_add_i64(struct db_params *params, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);

    add_scratch(params, OID_INT8, &wire, sizeof(wire));
}

void db_add_i32(struct db_params *params, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);

    add_scratch(params, OID_INT4, &wire, sizeof(wire));
}

void db_add_f64(struct db_params *params, double value)
{
    uint64_t wire;

    memcpy(&wire, &value, sizeof(wire));
    wire = htobe64(wire);
    add_scratch(params, OID_FLOAT8, &wire, sizeof(wire));
}

void db_add_bool(struct db_params *params, bool value)
{
    uint8_t wire = value;

    add_scratch(params, OID_BOOL, &wire, sizeof(wire));
}

void db_add_text(struct db_params *params, const char *text)
{
    add(params, OID_TEXT, text, text ? strlen(text) : 0);
}

void db_add_bytes(struct db_params *params, const void *bytes, size_t size)
{
    /* An empty value is not NULL: libpq tells them by the pointer. */
    add(params, OID_BYTEA, bytes ? bytes : "", size);
}

void db_add_null(struct db_params *params)
{
    add(params, OID_UNKNOWN, NULL, 0);
}

/* ---- arrays: array_recv() of PostgreSQL, one dimension ------------------------------------ */

struct array {
    char *bytes;
    size_t size;
};

static void put32(struct array *array, uint32_t value)
{
    uint32_t wire = htobe32(value);

    memcpy(array->bytes + array->size, &wire, sizeof(wire));
    array->size += sizeof(wire);
}

static void put_element(struct array *array, const void *bytes, size_t size)
{
    put32(array, (uint32_t)size);
    memcpy(array->bytes + array->size, bytes, size);
    array->size += size;
}

static void array_begin(struct array *array, struct arena *arena, uint32_t oid, size_t count,
                        size_t payload)
{
    assert(count <= INT_MAX / 4 && payload <= VALUE_MAX_BYTES);
    array->bytes = arena_alloc(arena, 20 + 4 * count + payload);
    array->size = 0;
    put32(array, count > 0 ? 1 : 0); /* dimensions */
    put32(array, 1);                 /* there may be NULLs */
    put32(array, oid);
    if (count == 0)
        return;
    put32(array, (uint32_t)count);
    put32(array, 1); /* lower bound */
}

void db_add_i64_array(struct db_params *params, struct arena *arena, const int64_t *values,
                      size_t count)
{
    struct array array;

    array_begin(&array, arena, OID_INT8, count, 8 * count);
    for (size_t i = 0; i < count; i++) {
        uint64_t wire = htobe64((uint64_t)values[i]);

        put_element(&array, &wire, sizeof(wire));
    }
    add(params, OID_INT8_ARRAY, array.bytes, array.size);
}

void db_add_text_array(struct db_params *params, struct arena *arena, const char *const *texts,
                       size_t count)
{
    struct array array;
    size_t payload = 0;

    for (size_t i = 0; i < count; i++)
        payload += texts[i] ? strlen(texts[i]) : 0;
    array_begin(&array, arena, OID_TEXT, count, payload);
    for (size_t i = 0; i < count; i++) {
        if (texts[i])
            put_element(&array, texts[i], strlen(texts[i]));
        else
            put32(&array, UINT32_MAX);
    }
    add(params, OID_TEXT_ARRAY, array.bytes, array.size);
}

void db_add_bytes_array(struct db_params *params, struct arena *arena, const void *bytes,
                        size_t size, size_t count)
{
    struct array array;

    array_begin(&array, arena, OID_BYTEA, count, size * count);
    for (size_t i = 0; i < count; i++)
        put_element(&array, (const char *)bytes + i * size, size);
    add(params, OID_BYTEA_ARRAY, array.bytes, array.size);
}
