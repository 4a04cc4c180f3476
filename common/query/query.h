/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "base/arena.h"
#include "base/error.h"
#include "query/query_field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Queries over versions and models, as people write them (docs/SEARCH.md):
 *
 *     query     = [ either ]
 *     either    = both { "or" both }
 *     both      = one { "and" one }
 *     one       = "not" one | "(" either ")" | condition
 *     condition = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
 *               | field [ "not" ] "like" value
 *               | field [ "not" ] "in" "(" value { "," value } ")"
 *               | field "exists"
 *     field     = name [ "." key [ "@" dataset ] ]
 *
 * Pure: text in, tree in the arena out. Every name, operator and value of a tree fits its field.
 */

#define QUERY_BYTES_MAX 4096
#define QUERY_TERMS_MAX 32  /* conditions */
#define QUERY_DEPTH_MAX 16  /* parentheses and "not" */
#define QUERY_VALUES_MAX 64 /* of all conditions together */

enum query_kind {
    QUERY_TERM,
    QUERY_AND,
    QUERY_OR,
    QUERY_NOT,
};

enum query_op {
    QUERY_EQ,
    QUERY_NE,
    QUERY_LT,
    QUERY_LE,
    QUERY_GT,
    QUERY_GE,
    QUERY_LIKE,
    QUERY_IN,
    QUERY_EXISTS,
};

struct query_value {
    const char *text; /* as it was meant, without quotes */
    bool is_number;   /* of a field that has numbers: written as one */
    double number;    /* where is_number */
    int64_t time_ms;  /* of a time */
};

struct query_ref {
    enum query_field_id field;
    const char *key;     /* of a keyed field, else NULL */
    const char *dataset; /* that a metric was measured on; NULL: the one that is meant */
};

struct query_node {
    enum query_kind kind;
    /* QUERY_AND, QUERY_OR: at least two, none of the same kind; QUERY_NOT: one */
    struct query_node **children;
    size_t child_count;
    /* QUERY_TERM */
    struct query_ref ref;
    enum query_op op;
    struct query_value *values; /* none for QUERY_EXISTS, one or more for QUERY_IN, else one */
    size_t value_count;
};

struct query_order {
    bool by_age; /* by when it was uploaded, exactly: no field was named */
    struct query_ref ref;
    bool descending;
};

/* Where a query is wrong, and what was expected there. */
struct query_error {
    size_t column; /* in characters, from 1 */
    char text[256];
};

enum {
    QUERY_E_INVALID = 1, /* ret_error says where and why */
};

/* ret_node  NULL where the text is empty: all are meant */
int query_parse(enum query_of of, const char *text, struct arena *arena,
                struct query_node **ret_node, struct query_error *ret_error) MUST_CHECK;

/* FIELD [asc | desc]; empty: newest first. Without a direction it ascends. */
int query_parse_order(enum query_of of, const char *text, struct arena *arena,
                      struct query_order *ret_order, struct query_error *ret_error) MUST_CHECK;

#endif
