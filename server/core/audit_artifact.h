/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_AUDIT_ARTIFACT_H
#define CORE_AUDIT_ARTIFACT_H

#include "blob/upload.h"
#include "core/audit.h"
#include "db/db.h"

#include <stdint.h>

/* What blob/ingest.h calls when an artifact came to be. */

struct audit_artifact {
    struct audit_actor actor;
    int64_t now_ms;
};

/* For ingest_options.stored; arg is a struct audit_artifact. */
int audit_artifact_stored(struct db *db, void *arg, const struct upload *upload) MUST_CHECK;

#endif
