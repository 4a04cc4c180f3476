/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_SEARCH_SQL_H
#define DB_Q_SEARCH_SQL_H

#include "base/arena.h"
#include "base/buffer.h"
#include "db/db_add.h"
#include "db/q_search_source.h"
#include "query/query.h"

#include <stdint.h>

/*
 * SQL of a query: the one place where statements are put together at run time. They consist of
 * constants of this folder and of numbers of parameters; whatever a query or a cursor says is a
 * parameter.
 *
 * Three statements find the same: which is fast depends on how much each condition matches.
 */

#define Q_SEARCH_FEW 1000    /* conditions that match at most so many are taken as the start */
#define Q_SEARCH_WINDOW 2048 /* how many are looked at in their order before all are found */
#define Q_SEARCH_UNKNOWN INT64_MAX

/* A condition and its parameters. */
struct q_search_term {
    const struct query_node *node;
    const struct q_search_source *source;
    int key; /* number of the parameter; 0: none */
    int dataset;
    int value;
    int64_t count; /* of what matches, up to Q_SEARCH_FEW + 1; Q_SEARCH_UNKNOWN */
};

struct q_search_sql {
    const struct query_node *query; /* NULL: all */
    const struct query_order *order;
    enum query_of of;
    const struct q_search_source *key; /* of the order; NULL: by age */
    struct q_search_term terms[QUERY_TERMS_MAX];
    size_t term_count;
    struct db_params params;
    int key_key;
    int key_dataset;
    int after_id;  /* 0: from the start */
    int after_key; /* 0: behind those that have no key */
    int limit;
    bool says_state; /* the query is about states: archived ones are not left out */
};

struct q_search_after {
    int64_t id;      /* 0: from the start */
    const char *key; /* as the last page gave it; NULL: it had none */
};

/* Binds all values. What is bound lives in the arena. */
void q_search_sql_init(struct q_search_sql *sql, enum query_of of, int64_t workspace_id,
                       const struct query_node *query, const struct query_order *order,
                       const struct q_search_after *after, int64_t limit, struct arena *arena);

/* How much each condition matches: a column each; false where none can be counted. */
bool q_search_sql_counts(struct q_search_sql *sql, struct buffer *buffer);
/* Takes what was counted, a number each. */
void q_search_sql_take_count(struct q_search_sql *sql, size_t column, int64_t count);

/* Whether some condition that must hold matches few: then those are looked at. */
bool q_search_sql_is_few(const struct q_search_sql *sql);
void q_search_sql_few(struct q_search_sql *sql, struct buffer *buffer);

/* Whether an index gives them in their order. Looks at Q_SEARCH_WINDOW of them only. */
bool q_search_sql_walks(const struct q_search_sql *sql);
void q_search_sql_walk(struct q_search_sql *sql, struct buffer *buffer);

/* All that match, then sorted. */
void q_search_sql_all(struct q_search_sql *sql, struct buffer *buffer);

#endif
