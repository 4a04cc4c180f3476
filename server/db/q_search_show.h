/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_SEARCH_SHOW_H
#define DB_Q_SEARCH_SHOW_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a search shows of what it found. Lists are JSON text. */

struct q_search_show_version {
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

struct q_search_show_model {
    const char *name;
    const char *description;
    const char *created_by;
    int64_t created_ms;
    bool archived;
    const char *tags_json;
    const char *aliases_json;
};

/* In the order of the ids; what is not there any more is left out. */
int q_search_show_versions(struct db *db, const int64_t *ids, size_t count, struct arena *arena,
                           struct q_search_show_version **ret_versions,
                           size_t *ret_count) MUST_CHECK;
int q_search_show_models(struct db *db, const int64_t *ids, size_t count, struct arena *arena,
                         struct q_search_show_model **ret_models, size_t *ret_count) MUST_CHECK;

#endif
