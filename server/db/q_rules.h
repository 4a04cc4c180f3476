/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_RULES_H
#define DB_Q_RULES_H

#include "base/arena.h"
#include "db/db.h"

#include <stdint.h>

/* What a workspace or a model demands: approvals, and roles for aliases. */

enum {
    Q_RULES_E_MISSING = 16, /* nothing was ever set */
};

struct q_rules {
    int64_t approvals;
    const char *protected_json; /* {"champion": "operator"} */
    int64_t revision;
    int64_t set_ms;
    const char *set_by;
};

/* model_id 0: the workspace's. Returns 0, Q_RULES_E_MISSING, or negative. */
int q_rules_find(struct db *db, int64_t workspace_id, int64_t model_id, struct arena *arena,
                 struct q_rules *ret_rules) MUST_CHECK;

/* Inside a tx_run: who sets the same waits here. */
int q_rules_lock(struct db *db, int64_t workspace_id) MUST_CHECK;

/* The name of a workspace, for the audit log. */
int q_rules_workspace(struct db *db, int64_t workspace_id, struct arena *arena,
                      const char **ret_name) MUST_CHECK;

/* Replaces it; ret_revision: the one it has from now on. */
int q_rules_set(struct db *db, int64_t workspace_id, int64_t model_id, const struct q_rules *rules,
                int64_t *ret_revision) MUST_CHECK;

/* The role that an alias of a model needs, or NULL: none in particular. */
int q_rules_role(struct db *db, int64_t workspace_id, int64_t model_id, const char *alias,
                 struct arena *arena, const char **ret_role) MUST_CHECK;

#endif
