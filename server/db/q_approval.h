/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_APPROVAL_H
#define DB_Q_APPROVAL_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who found a version fit for deployment. */

enum {
    Q_APPROVAL_E_MISSING = 16,
    Q_APPROVAL_E_EXISTS = 17, /* who approves has approved already */
};

struct q_approval {
    int64_t id;
    int64_t token_id;
    const char *approved_by;
    const char *role;
    const char *reason;
    const char *evidence; /* a JSON array of texts */
    int64_t approved_ms;
    int64_t withdrawn_ms; /* 0: it counts */
    const char *withdrawn_by;
    const char *withdraw_reason;
};

/* Of approval it stores token_id to approved_ms; fills in the id. Returns 0, Q_APPROVAL_E_EXISTS,
 * or negative. */
int q_approval_insert(struct db *db, int64_t workspace_id, int64_t version_id,
                      struct q_approval *approval) MUST_CHECK;

/* Inside a tx_run: nobody else changes it until that ends. Returns 0, Q_APPROVAL_E_MISSING, or
 * negative. */
int q_approval_lock(struct db *db, int64_t version_id, int64_t id, struct arena *arena,
                    struct q_approval *ret_approval) MUST_CHECK;

/* Of one that is locked: withdrawn_ms, withdrawn_by, withdraw_reason. */
int q_approval_withdraw(struct db *db, const struct q_approval *approval) MUST_CHECK;

/* Oldest first, withdrawn ones too: those above after_id, at most limit. */
int q_approval_list(struct db *db, int64_t version_id, int64_t after_id, int64_t limit,
                    struct arena *arena, struct q_approval **ret_approvals,
                    size_t *ret_count) MUST_CHECK;

/* What a deployment asks for, and has: names of those whose approvals count (not that of who
 * uploaded the version), which stay until the transaction ends. */
struct q_approval_tally {
    int64_t required;
    const char **approved_by;
    size_t count;
};

int q_approval_tally(struct db *db, int64_t workspace_id, int64_t model_id, int64_t version_id,
                     struct arena *arena, struct q_approval_tally *ret_tally) MUST_CHECK;

#endif
