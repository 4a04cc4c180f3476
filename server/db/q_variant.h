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
    Q_VARIANT_E_THERE = 17,
    Q_VARIANT_E_FULL = 18,
    Q_VARIANT_E_NONE = 19,
};

/* Ties each to the artifact of the workspace with its digest and size where that is stored.
 * Returns 0, Q_VARIANT_E_VANISHED, or negative. */
int q_variant_insert_artifacts(struct db *db, int64_t workspace_id, int64_t version_id,
                               struct arena *arena, const struct q_variant_artifact *artifacts,
                               size_t count) MUST_CHECK;

/* Ties what was stored since. Returns 0, Q_VARIANT_E_VANISHED, or negative. */
int q_variant_tie_artifacts(struct db *db, int64_t version_id) MUST_CHECK;

/* Adds one to a published version, which is locked, behind those it has. Returns 0,
 * Q_VARIANT_E_THERE (the version has such a variant), Q_VARIANT_E_FULL (it has as many as it can),
 * or negative. */
int q_variant_add(struct db *db, int64_t workspace_id, int64_t version_id,
                  const struct q_variant *variant, int64_t *ret_id,
                  int64_t *ret_position) MUST_CHECK;

/* The document of an added variant. */
struct q_variant_addition {
    int64_t variant_id;
    int64_t workspace_id;
    int64_t version_id;
    int64_t model_id;
    const void *manifest; /* the envelope, verbatim */
    size_t size;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    const char *created_by;
    int64_t created_ms;
    const uint8_t *keyids; /* who signed: digests one behind the other */
    size_t keyid_count;
};

int q_variant_insert_addition(struct db *db, const struct q_variant_addition *addition,
                              struct arena *arena) MUST_CHECK;

/* The envelope that a variant is signed in: its own where it was added, else its version's;
 * verbatim, in the arena. Returns 0, Q_VARIANT_E_NONE, or negative. */
int q_variant_manifest(struct db *db, int64_t version_id, const struct q_variant *variant,
                       struct arena *arena, const void **ret_bytes, size_t *ret_size) MUST_CHECK;

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
