/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_CHECKPOINT_H
#define DB_Q_CHECKPOINT_H

#include "base/arena.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* Checkpoints of the audit log. Inserting is inside a transaction. */

enum {
    Q_CHECKPOINT_E_MISSING = 1,
};

struct q_checkpoint {
    int64_t seq;
    int64_t at_ms;
    const char *envelope; /* JSON, as it was signed */
};

struct q_checkpoint_page {
    struct q_checkpoint *items;
    size_t count;
    bool more;
};

int q_checkpoint_insert(struct db *db, int64_t workspace_id,
                        const struct q_checkpoint *checkpoint) MUST_CHECK;

/* The newest. Returns 0, Q_CHECKPOINT_E_MISSING, or negative. */
int q_checkpoint_newest(struct db *db, int64_t workspace_id, struct arena *arena,
                        struct q_checkpoint *ret_checkpoint) MUST_CHECK;

/* Newest first, below before_seq (0: all). */
int q_checkpoint_list(struct db *db, int64_t workspace_id, int64_t before_seq, int64_t limit,
                      struct arena *arena, struct q_checkpoint_page *ret_page) MUST_CHECK;

/* Workspaces, above after_id, whose log goes on behind their newest checkpoint. */
int q_checkpoint_due(struct db *db, int64_t after_id, int64_t limit, struct arena *arena,
                     int64_t **ret_workspaces, size_t *ret_count) MUST_CHECK;

#endif
