/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_WORKSPACE_H
#define DB_Q_WORKSPACE_H

#include "base/arena.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

enum {
    Q_WORKSPACE_E_MISSING = 16,
    Q_WORKSPACE_E_EXISTS = 17,
};

struct q_workspace {
    int64_t id;
    const char *name;
    int64_t quota_bytes;          /* -1: no limit */
    int64_t artifact_limit_bytes; /* -1: no limit */
    int64_t created_ms;
};

/* id and created_ms are filled by the database. Returns 0, Q_WORKSPACE_E_EXISTS, or negative. */
int q_workspace_insert(struct db *db, const struct q_workspace *workspace,
                       int64_t *ret_id) MUST_CHECK;

/* Returns 0, Q_WORKSPACE_E_MISSING, or negative. */
int q_workspace_find(struct db *db, const char *name, struct arena *arena,
                     struct q_workspace *ret_workspace) MUST_CHECK;

/* The name of one that is there; in the arena. */
int q_workspace_name(struct db *db, int64_t id, struct arena *arena,
                     const char **ret_name) MUST_CHECK;

/* As q_workspace_find, inside a tx_run: nobody else changes it until that ends. */
int q_workspace_lock(struct db *db, const char *name, struct arena *arena,
                     struct q_workspace *ret_workspace) MUST_CHECK;

/* Those behind `after` ("": from the start), by name, at most limit. */
int q_workspace_list(struct db *db, const char *after, int64_t limit, struct arena *arena,
                     struct q_workspace **ret_workspaces, size_t *ret_count) MUST_CHECK;

/* Replaces both limits. Returns 0, Q_WORKSPACE_E_MISSING, or negative. */
int q_workspace_set_limits(struct db *db, const struct q_workspace *workspace) MUST_CHECK;

#endif
