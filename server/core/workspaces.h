/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_WORKSPACES_H
#define CORE_WORKSPACES_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "db/db.h"
#include "db/q_workspace.h"

#include <stddef.h>
#include <stdint.h>

/* Workspaces: made on the server's own machine (`modelferryd workspace`), by nobody's token. */

#define WORKSPACES_NO_LIMIT (-1)

enum {
    WORKSPACES_E_EXISTS = 1,
    WORKSPACES_E_MISSING = 2,
    WORKSPACES_E_NAME = 3, /* not a valid name */
};

/* Limits are bytes, or WORKSPACES_NO_LIMIT. */
int workspaces_create(struct db *db, const char *name, int64_t quota_bytes,
                      int64_t artifact_limit_bytes, const struct audit_actor *actor, int64_t now_ms,
                      int64_t *ret_id) MUST_CHECK;

int workspaces_find(struct db *db, const char *name, struct arena *arena,
                    struct q_workspace *ret_workspace) MUST_CHECK;

/* All of them, by name. */
int workspaces_list(struct db *db, struct arena *arena, struct q_workspace **ret_workspaces,
                    size_t *ret_count) MUST_CHECK;

/* Replaces both limits. Returns 0, WORKSPACES_E_MISSING, or negative. */
int workspaces_set_limits(struct db *db, const char *name, int64_t quota_bytes,
                          int64_t artifact_limit_bytes, const struct audit_actor *actor,
                          int64_t now_ms) MUST_CHECK;

#endif
