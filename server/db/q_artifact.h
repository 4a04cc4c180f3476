/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_ARTIFACT_H
#define DB_Q_ARTIFACT_H

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

/* The same, only where a published version of the workspace has it. */
int q_artifact_find_published(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                              struct q_artifact *ret_artifact) MUST_CHECK;

/* Returns 0, Q_ARTIFACT_E_EXISTS, or negative. */
int q_artifact_insert(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                      int64_t size_bytes, int64_t content_id) MUST_CHECK;

#endif
