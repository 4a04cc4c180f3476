/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_RETENTION_H
#define DB_Q_RETENTION_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which versions of a model are kept, and what of them matters for that. */

struct q_retention_rule {
    int64_t newest;     /* 0: there is no rule */
    int64_t days;       /* 0: age keeps none */
    int64_t grace_days; /* 0: what was archived is never deleted */
    int64_t revision;   /* 0: nothing was ever set */
    int64_t set_ms;
    const char *set_by;
};

/* All zeros where there never was one. */
int q_retention_find(struct db *db, int64_t model_id, struct arena *arena,
                     struct q_retention_rule *ret_rule) MUST_CHECK;

/* Of two that set the same rule one waits. newest 0 removes it. */
int q_retention_set(struct db *db, int64_t workspace_id, int64_t model_id,
                    const struct q_retention_rule *rule) MUST_CHECK;

/* A model with a rule, that is not archived. */
struct q_retention_model {
    int64_t id;
    int64_t workspace_id;
    const char *name;
};

/* Those with an id above after_id, in order. */
int q_retention_models(struct db *db, int64_t after_id, int64_t limit, struct arena *arena,
                       struct q_retention_model **ret_models, size_t *ret_count) MUST_CHECK;

/* A version that was published, and not deleted. */
struct q_retention_version {
    int64_t id;
    const char *version;
    bool archived;
    bool retired;  /* by a rule */
    bool restored; /* by a person */
    int64_t published_ms;
    int64_t archived_ms; /* 0: in use */
    const char *archived_by;
    int64_t rank; /* 1: published last, of those in use or retired; archived by a person: 0 */
};

/* Which of them. */
struct q_retention_slice {
    int64_t model_id;
    int64_t before_id;  /* only those below; 0: all */
    int64_t only_id;    /* only this one; 0: all */
    int64_t above_rank; /* only those of a higher rank; -1: all */
    int64_t limit;
};

/* Highest id first. */
int q_retention_versions(struct db *db, const struct q_retention_slice *slice, struct arena *arena,
                         struct q_retention_version **ret_versions, size_t *ret_count) MUST_CHECK;

/* Notes that an archived version was archived by its model's rule. */
int q_retention_retire(struct db *db, int64_t version_id) MUST_CHECK;

#endif
