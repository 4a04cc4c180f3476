/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_AUDIT_AUDIT_ARTIFACT_H
#define CORE_AUDIT_AUDIT_ARTIFACT_H

#include "blob/upload.h"
#include "core/audit/audit.h"
#include "db/db.h"

#include <stdint.h>

/* What blob/ingest.h calls when an artifact came to be, and blob/reclaim.h when one went. */

struct audit_artifact {
    struct audit_actor actor;
    int64_t now_ms;
};

/* For ingest_options.stored; arg is a struct audit_artifact. */
int audit_artifact_stored(struct db *db, void *arg, const struct upload *upload) MUST_CHECK;

/* For reclaim_options.removed; arg is a struct audit_artifact. */
int audit_artifact_reclaimed(struct db *db, void *arg, int64_t workspace_id,
                             const uint8_t sha256[static DIGEST_SHA256_SIZE],
                             int64_t size_bytes) MUST_CHECK;

#endif
