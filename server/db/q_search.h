/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_SEARCH_H
#define DB_Q_SEARCH_H

#include "base/arena.h"
#include "db/db.h"
#include "db/q_search_sql.h"
#include "query/query.h"

#include <stddef.h>
#include <stdint.h>

/* Finding versions and models by a query, a page at a time. */

struct q_search {
    int64_t workspace_id;
    enum query_of of;
    const struct query_node *query; /* NULL: all */
    const struct query_order *order;
    struct q_search_after after;
    int64_t limit;
};

/* What was found, in its order. */
struct q_search_hit {
    int64_t id;
    const char *key; /* what it was sorted by, for the cursor; NULL: it has none */
};

/* At most limit. What was committed meanwhile may be in it or not; what lies before the cursor
 * never is. */
int q_search_find(struct db *db, const struct q_search *search, struct arena *arena,
                  struct q_search_hit **ret_hits, size_t *ret_count) MUST_CHECK;

/* What a result shows. Lists are JSON text. */
struct q_search_version {
    const char *model;
    const char *version;
    const char *state;
    const char *created_by;
    int64_t created_ms;
    int64_t published_ms; /* 0: a draft */
    const char *tags_json;
    const char *metrics_json;
    const char *variants_json;
    const char *aliases_json;
};

struct q_search_model {
    const char *name;
    const char *description;
    const char *created_by;
    int64_t created_ms;
    bool archived;
    const char *tags_json;
    const char *aliases_json;
};

/* In the order of the hits; what was removed meanwhile is left out. */
int q_search_versions(struct db *db, const struct q_search_hit *hits, size_t count,
                      struct arena *arena, struct q_search_version **ret_versions,
                      size_t *ret_count) MUST_CHECK;
int q_search_models(struct db *db, const struct q_search_hit *hits, size_t count,
                    struct arena *arena, struct q_search_model **ret_models,
                    size_t *ret_count) MUST_CHECK;

#endif
