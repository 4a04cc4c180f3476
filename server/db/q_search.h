/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_SEARCH_H
#define DB_Q_SEARCH_H

#include "base/arena.h"
#include "db/db.h"
#include "db/q_search_source.h"
#include "query/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Parts of a search: what one condition matches, which of some ids it matches, and all there is in
 * an order, a window at a time. core/registry/search_find.h puts them together.
 */

struct q_search_scope {
    struct db *db;
    int64_t workspace_id;
    enum query_of of;
};

/* One condition, or its opposite where the query says !=. Borrows from the query. */
struct q_search_term {
    const struct q_search_source *source;
    enum q_search_form form;
    const char *key;
    const char *dataset;
    const char **texts; /* Q_SEARCH_IN */
    size_t text_count;
    const char *text; /* Q_SEARCH_LIKE, _FROM, _BELOW */
    double low;       /* Q_SEARCH_BETWEEN of numbers */
    double high;
    int64_t low_us; /* and of times, since 2000 */
    int64_t high_us;
};

struct q_search_term q_search_term(enum query_of of, const struct query_node *node,
                                   struct arena *arena);

/* What a hit was sorted by: of several values the least. */
struct q_search_key {
    bool is; /* it has one */
    double number;
    int64_t time_us; /* since 2000 */
    const char *text;
};

struct q_search_hit {
    int64_t id;
    struct q_search_key key;
};

struct q_search_order {
    const struct q_search_source *source;
    const char *key;
    const char *dataset;
    bool descending;
};

/* order  by a field */
struct q_search_order q_search_order(enum query_of of, const struct query_order *order);

/* All of these put what they return into the arena. */

/* At most limit ids that a condition matches, in any order, maybe some twice. */
int q_search_list(const struct q_search_scope *scope, const struct q_search_term *term,
                  int64_t limit, struct arena *arena, int64_t **ret_ids,
                  size_t *ret_count) MUST_CHECK;

/* Those of some ids that a condition matches; maybe some twice. */
int q_search_test(const struct q_search_scope *scope, const struct q_search_term *term,
                  const int64_t *ids, size_t count, struct arena *arena, int64_t **ret_ids,
                  size_t *ret_count) MUST_CHECK;

/* Those of some ids that are not archived. */
int q_search_in_use(const struct q_search_scope *scope, const int64_t *ids, size_t count,
                    struct arena *arena, int64_t **ret_ids, size_t *ret_count) MUST_CHECK;

/* The keys of some ids, in any order; those that have none are left out. */
int q_search_keys(const struct q_search_scope *scope, const struct q_search_order *order,
                  const int64_t *ids, size_t count, struct arena *arena,
                  struct q_search_hit **ret_hits, size_t *ret_count) MUST_CHECK;

/* What has a key, in that order, behind a hit (NULL: from the start). */
int q_search_walk(const struct q_search_scope *scope, const struct q_search_order *order,
                  const struct q_search_hit *behind, int64_t limit, struct arena *arena,
                  struct q_search_hit **ret_hits, size_t *ret_count) MUST_CHECK;

/* All there is by age, behind an id (ascending from 0, descending from INT64_MAX). */
int q_search_by_age(const struct q_search_scope *scope, bool descending, int64_t behind,
                    int64_t limit, struct arena *arena, struct q_search_hit **ret_hits,
                    size_t *ret_count) MUST_CHECK;

/* One snapshot for all statements of a search. First in a transaction. */
int q_search_settle(struct db *db) MUST_CHECK;

#endif
