/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_VARIANT_H
#define DB_Q_VARIANT_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* What a version consists of: variants and their artifacts, in the order of the manifest. */

struct q_variant {
    const char *runtime;
    const char *hardware;
    const char *precision;
};

struct q_variant_artifact {
    size_t variant; /* index of the variant */
    size_t position;
    const char *name;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    int64_t size_bytes;
};

int q_variant_insert(struct db *db, int64_t workspace_id, int64_t version_id, struct arena *arena,
                     const struct q_variant *variants, size_t count) MUST_CHECK;

enum {
    Q_VARIANT_E_VANISHED = 16, /* an artifact was removed at the same moment: try again */
};

/* Ties each to the artifact of the workspace with its digest and size where that is stored.
 * Returns 0, Q_VARIANT_E_VANISHED, or negative. */
int q_variant_insert_artifacts(struct db *db, int64_t workspace_id, int64_t version_id,
                               struct arena *arena, const struct q_variant_artifact *artifacts,
                               size_t count) MUST_CHECK;

/* Ties what was stored since. Returns 0, Q_VARIANT_E_VANISHED, or negative. */
int q_variant_tie_artifacts(struct db *db, int64_t version_id) MUST_CHECK;

struct q_variant_missing {
    const char *name;
    const char *sha256; /* hex */
    int64_t size_bytes;
    int64_t stored_bytes; /* the size of what is stored under that digest, or -1: nothing */
};

/* The artifacts of a version that are not tied to stored bytes, each digest once. */
int q_variant_missing(struct db *db, int64_t version_id, struct arena *arena,
                      struct q_variant_missing **ret_missing, size_t *ret_count) MUST_CHECK;

#endif
