/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_VERSION_H
#define DB_Q_VERSION_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include "db/q_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Versions: immutable once published. What they consist of is in db/q_variant.h. */

enum {
    Q_VERSION_E_MISSING = 16,
    Q_VERSION_E_EXISTS = 17,
};

/* What the registry shows of a version. Lists are JSON text as docs/PROTOCOL.md has them. */
struct q_version {
    int64_t id;
    const char *version;
    const char *state; /* "draft" or "published" */
    const char *description;
    const char *created_by;
    int64_t created_ms;
    int64_t published_ms;        /* 0: a draft */
    const char *manifest_sha256; /* hex */
    const char *tags_json;
    const char *metrics_json;
    const char *params_json;
    const char *param_types_json;
    const char *measurements_json; /* every metric, on every dataset */
    const char *signed_json;       /* which of the tags, metrics and params are in the manifest */
    const char *signature_json;    /* what goes in and comes out, from the manifest; NULL: none */
    const char *variants_json;
    const char *signed_by_json;
    const char *aliases_json;
    const char *approved_by_json;
    int64_t card_bytes;
    int64_t revision;    /* of what may change */
    int64_t archived_ms; /* 0: in use */
    const char *archived_by;
    const char *archive_reason;
    int64_t deleted_ms; /* 0: its bytes are kept */
    const char *deleted_by;
    const char *delete_reason;
    int64_t listed_ms; /* 0: the role of its publishers never listed it */
    int64_t yanked_ms; /* 0: it was not taken back */
    const char *yanked_by;
    const struct q_format *formats; /* what was read from its files; not filled here */
    size_t format_count;
};

/* The signed bytes of a version. */
struct q_version_manifest {
    int64_t id;
    bool published;
    const uint8_t *bytes; /* the envelope, verbatim */
    size_t size;
    uint8_t sha256[DIGEST_SHA256_SIZE];        /* of bytes */
    uint8_t signed_sha256[DIGEST_SHA256_SIZE]; /* of the canonical form of its `signed` */
};

struct q_version_draft {
    int64_t workspace_id;
    int64_t model_id;
    const char *version;
    const char *description;
    const char *created_by;
    int64_t created_ms;
    struct q_version_manifest manifest; /* without id */
};

/* One that inserts the same version at the same time is waited for. Returns 0,
 * Q_VERSION_E_EXISTS, or negative. */
int q_version_insert(struct db *db, const struct q_version_draft *draft,
                     int64_t *ret_id) MUST_CHECK;

int q_version_insert_tags(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                          const char *const *keys, const char *const *values,
                          size_t count) MUST_CHECK;

/* numbers: the values that are numbers, as decimals within the range of a double, else NULL. */
int q_version_insert_params(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                            const char *const *names, const char *const *values,
                            const char *const *numbers, size_t count) MUST_CHECK;

/* Metrics as arrays. */
struct q_version_metrics {
    const char **names;
    const char **values;   /* decimals within the range of a double */
    const char **texts;    /* what was signed */
    const char **datasets; /* "": it was not said */
    size_t count;
};

int q_version_insert_metrics(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                             const struct q_version_metrics *metrics) MUST_CHECK;

/* keyids: count digests of keys of the model, one behind the other. */
int q_version_insert_signatures(struct db *db, const struct q_version_draft *draft, int64_t id,
                                struct arena *arena, const uint8_t *keyids,
                                size_t count) MUST_CHECK;

/* Returns 0, Q_VERSION_E_MISSING, or negative. */
int q_version_find(struct db *db, int64_t model_id, const char *version, struct arena *arena,
                   struct q_version *ret_version) MUST_CHECK;

struct q_version_page {
    struct q_version *versions;
    size_t count;
    bool more; /* there are others behind the last one */
};

/* Newest first: those with an id below before_id (0: from the newest), at most limit, and fewer
 * where they are large; status "draft", "published", "archived" or "deleted", or NULL: all in
 * use. */
int q_version_list(struct db *db, int64_t model_id, const char *status, int64_t before_id,
                   int64_t limit, struct arena *arena, struct q_version_page *ret_page) MUST_CHECK;

/* lock: nobody else changes the version until the transaction ends. Returns 0,
 * Q_VERSION_E_MISSING, or negative. */
int q_version_manifest(struct db *db, int64_t model_id, const char *version, bool lock,
                       struct arena *arena, struct q_version_manifest *ret_manifest) MUST_CHECK;

/* Makes a draft a published version with this manifest (id, bytes, sha256). */
int q_version_publish(struct db *db, const struct q_version_manifest *manifest,
                      int64_t now_ms) MUST_CHECK;

/* Removes a draft. Returns 0, Q_VERSION_E_MISSING (no such version, or not a draft), or negative.
 */
int q_version_delete_draft(struct db *db, int64_t model_id, const char *version) MUST_CHECK;

#endif
