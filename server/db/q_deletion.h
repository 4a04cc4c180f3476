/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_DELETION_H
#define DB_Q_DELETION_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"
#include "db/q_life.h"

#include <stddef.h>
#include <stdint.h>

/* Versions that were deleted for good: their rows stay, their bytes go. */

enum {
    Q_DELETION_E_NONE = 16, /* it was not deleted */
};

/* A version that was deleted. */
struct q_deletion {
    const char *model;
    const char *version;
    const char *deleted_by;
    const char *deleted_at; /* RFC 3339 */
};

/*
 * What keeps versions from being deleted: aliases, devices that shall run one ("device"), that have
 * it ("installed"), that can go back to it ("previous"), and the role that lists it ("role", last).
 * At most limit are named of each.
 *
 * ret_uses  count of them, of each version in the same place
 */
int q_deletion_uses(struct db *db, const int64_t *version_ids, size_t count, int64_t limit,
                    struct arena *arena, struct q_life_uses *ret_uses) MUST_CHECK;

/* Deletes an archived version: lets its artifacts go. Raises the revision. */
int q_deletion_store(struct db *db, int64_t workspace_id, int64_t version_id, const char *by,
                     const char *reason, int64_t now_ms) MUST_CHECK;

/* The tombstone of a version. Returns 0, Q_DELETION_E_NONE, or negative. */
int q_deletion_find(struct db *db, int64_t version_id, struct arena *arena,
                    struct q_deletion *ret_deletion) MUST_CHECK;

/* What keeps a model from being deleted: every version that it has or had ("version"), and that the
 * workspace's targets name its publishers ("role"). At most limit are named. */
int q_deletion_model_uses(struct db *db, int64_t model_id, int64_t limit, struct arena *arena,
                          struct q_life_uses *ret_uses) MUST_CHECK;

/* Removes a model without versions, and its keys, tags and rules. */
int q_deletion_model(struct db *db, int64_t model_id) MUST_CHECK;

/* Whether an artifact was of versions that were deleted, and of no other. Returns 0,
 * Q_DELETION_E_NONE, or negative. */
int q_deletion_of_artifact(struct db *db, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                           struct q_deletion *ret_deletion) MUST_CHECK;

/* Whether a manifest, of a version or of an added variant, is of a version that was deleted.
 * Returns 0, Q_DELETION_E_NONE, or negative. */
int q_deletion_of_manifest(struct db *db, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                           struct q_deletion *ret_deletion) MUST_CHECK;

/* The first of some versions of a model ("1.0.0", or "1.0.0/..." for a variant of it) that was
 * deleted. Returns 0, Q_DELETION_E_NONE, or negative. */
int q_deletion_among(struct db *db, int64_t workspace_id, const char *model,
                     const char *const *versions, size_t count, struct arena *arena,
                     struct q_deletion *ret_deletion) MUST_CHECK;

#endif
