/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUERY_QUERY_FIELD_H
#define QUERY_QUERY_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* What a query can ask of versions and of models. docs/SEARCH.md has the same table. */

enum query_of {
    QUERY_VERSIONS,
    QUERY_MODELS,
};

enum query_field_id {
    QUERY_MODEL,
    QUERY_VERSION,
    QUERY_STATE,
    QUERY_CREATED,
    QUERY_PUBLISHED,
    QUERY_CREATED_BY,
    QUERY_TAG,
    QUERY_PARAM,
    QUERY_METRIC,
    QUERY_ALIAS,
    QUERY_RUNTIME,
    QUERY_HARDWARE,
    QUERY_PRECISION,
    QUERY_VARIANT,
    QUERY_APPROVED_BY,
    QUERY_FIELDS,
};

enum query_type {
    QUERY_TEXT,   /* compared by bytes */
    QUERY_NUMBER, /* a decimal */
    QUERY_EITHER, /* a number where the value is written as one, else a text */
    QUERY_TIME,   /* before or after */
    QUERY_WORD,   /* one of a few, or none */
};

/* What can be done with a field, or-ed. */
enum query_ability {
    QUERY_EQUAL = 1,   /* = != in */
    QUERY_ORDER = 2,   /* < <= > >= */
    QUERY_PATTERN = 4, /* like */
    QUERY_PRESENT = 8, /* exists */
};

struct query_field {
    const char *name;
    const char *other_name; /* NULL: none */
    enum query_type type;
    unsigned abilities;
    bool keyed;          /* NAME.KEY */
    bool models;         /* models have it too */
    const char *example; /* of a condition, for messages */
};

extern const struct query_field query_field_table[QUERY_FIELDS];

/* False where versions, or models, have no such field. */
bool query_field_find(enum query_of of, const char *name, size_t length,
                      enum query_field_id *ret_field);

/* The states of a version, or of a model; ends with NULL. */
const char *const *query_field_states(enum query_of of);

#endif
