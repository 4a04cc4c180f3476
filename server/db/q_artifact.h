/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_ARTIFACT_H
#define DB_Q_ARTIFACT_H

#include "base/arena.h"
#include "base/error.h"
#include "db/db.h"

#include <stdint.h>

/* Artifacts: complete and checked. */

enum {
    Q_ARTIFACT_E_MISSING = 1,
    Q_ARTIFACT_E_EXISTS = 2,
};

struct q_artifact {
    int64_t id;
    int64_t content_id;
    int64_t size_bytes;
};

int q_artifact_find(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                    struct q_artifact *ret_artifact) MUST_CHECK;

/* The same; it is not reclaimed soon, even where no version has it: who asks may be about to
 * publish one. Not inside a transaction. */
int q_artifact_claim(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                     struct q_artifact *ret_artifact) MUST_CHECK;

/* The same, only where a published version of the workspace has it. */
int q_artifact_find_published(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                              struct q_artifact *ret_artifact) MUST_CHECK;

/* Returns 0, Q_ARTIFACT_E_EXISTS (and it is not reclaimed soon), or negative. */
int q_artifact_insert(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                      int64_t size_bytes, int64_t content_id) MUST_CHECK;

/*
 * Removes artifacts that no version has had since before_ms, nor any draft waits for, and discards
 * their contents; looks at no more than the limit. Rows (workspace_id, sha256, size_bytes) of what
 * it removed. Inside a transaction.
 */
int q_artifact_discard_unused(struct db *db, struct arena *arena, int64_t before_ms, int64_t limit,
                              int64_t *ret_looked_at, struct db_rows *ret_rows) MUST_CHECK;

#endif
