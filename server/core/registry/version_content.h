/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_VERSION_CONTENT_H
#define CORE_REGISTRY_VERSION_CONTENT_H

#include "base/arena.h"
#include "db/db.h"
#include "model/manifest.h"
#include "json/fields.h"

#include <stdint.h>

/* What a manifest says, as rows: tags, metrics, parameters, variants, artifacts. */

enum {
    VERSION_CONTENT_E_INVALID = 33,
    VERSION_CONTENT_E_BUSY = 34, /* an artifact vanished meanwhile: try again */
};

/* What a decoder cannot know: metrics within the range of a double, as a database asks for;
 * references to what it was made from. Returns 0 or VERSION_CONTENT_E_INVALID. */
int version_content_check(const struct manifest *manifest, struct arena *arena,
                          struct fields_error *ret_error) MUST_CHECK;

/* A text as the decimal of a double, as PostgreSQL reads it; NULL where it is no number. */
const char *version_content_number(const char *text, struct arena *arena);

/* Of a manifest that was checked; inside a tx_run. Returns 0, VERSION_CONTENT_E_BUSY, or
 * negative. */
int version_content_insert(struct db *db, int64_t workspace_id, int64_t version_id,
                           const struct manifest *manifest, struct arena *arena) MUST_CHECK;

/* The artifacts of a variant that was added to a version, in the place that it has there. Returns
 * 0, VERSION_CONTENT_E_BUSY, or negative. */
int version_content_insert_added(struct db *db, int64_t workspace_id, int64_t version_id,
                                 int64_t position, const struct manifest *manifest,
                                 struct arena *arena) MUST_CHECK;

/* Where the lineage takes up what is published. */
struct version_content_place {
    int64_t workspace_id;
    int64_t version_id;
    int64_t variant_id; /* 0: the version itself; else a variant that is added to it */
    int64_t now_ms;
};

/* Tells the lineage of a checked manifest that was published; inside the tx_run that does so. */
int version_content_tell(struct db *db, const struct version_content_place *place,
                         const struct manifest *manifest, struct arena *arena) MUST_CHECK;

#endif
