/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_TUF_H
#define DB_Q_TUF_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* The metadata of the two TUF repositories of a workspace, its online keys, and proposals. */

enum {
    Q_TUF_E_MISSING = 16,
    Q_TUF_E_EXISTS = 17, /* the version number was given out already */
};

struct q_tuf_place {
    int64_t workspace_id;
    const char *repository; /* "image" or "director"; of online keys also "audit" */
};

/*
 * Inside a tx_run: who changes a repository of the workspace waits for others here. Uploads and
 * versions go on meanwhile. Returns 0 or negative.
 */
int q_tuf_lock(struct db *db, int64_t workspace_id) MUST_CHECK;

/* One metadata file. */
struct q_tuf_file {
    const char *role;
    int64_t version;
    int64_t expires_ms;
    const uint8_t *bytes; /* in the arena; NULL in listings */
    size_t size;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

/* The file of a role: of `version`, or the one in force where version is 0. Returns 0,
 * Q_TUF_E_MISSING, or negative. */
int q_tuf_get(struct db *db, const struct q_tuf_place *place, const char *role, int64_t version,
              struct arena *arena, struct q_tuf_file *ret_file) MUST_CHECK;

/* Stores a file and puts it in force. Returns 0, Q_TUF_E_EXISTS, or negative. */
int q_tuf_put(struct db *db, const struct q_tuf_place *place, const struct q_tuf_file *file,
              const char *created_by, int64_t now_ms) MUST_CHECK;

/* What is in force, without bytes, by name. */
int q_tuf_list(struct db *db, const struct q_tuf_place *place, struct arena *arena,
               struct q_tuf_file **ret_files, size_t *ret_count) MUST_CHECK;

/* Removes timestamps and snapshots that are not in force and older than before_ms. */
int q_tuf_prune(struct db *db, const struct q_tuf_place *place, int64_t before_ms) MUST_CHECK;

/* Workspaces whose image timestamp or snapshot expires before before_ms, at most limit. */
int q_tuf_expiring(struct db *db, int64_t before_ms, int64_t limit, struct arena *arena,
                   int64_t **ret_workspaces, size_t *ret_count) MUST_CHECK;

/* ---- proposals ------------------------------------------------------------------------------ */

struct q_tuf_pending {
    const char *role;
    int64_t version;
    const uint8_t *envelope; /* in the arena */
    size_t size;
    const char *created_by;
    int64_t created_ms;
};

/* Adds or replaces the proposal of a role. */
int q_tuf_pending_put(struct db *db, const struct q_tuf_place *place,
                      const struct q_tuf_pending *pending) MUST_CHECK;
/* Returns 0, Q_TUF_E_MISSING, or negative. */
int q_tuf_pending_get(struct db *db, const struct q_tuf_place *place, const char *role,
                      struct arena *arena, struct q_tuf_pending *ret_pending) MUST_CHECK;
/* Missing is fine; ret_removed says. */
int q_tuf_pending_delete(struct db *db, const struct q_tuf_place *place, const char *role,
                         bool *ret_removed) MUST_CHECK;
int q_tuf_pending_list(struct db *db, const struct q_tuf_place *place, struct arena *arena,
                       struct q_tuf_pending **ret_pending, size_t *ret_count) MUST_CHECK;

/* ---- online keys ---------------------------------------------------------------------------- */

struct q_tuf_online_key {
    uint8_t keyid[DIGEST_SHA256_SIZE];
    const char *key_json;
    const uint8_t *sealed;
    size_t sealed_size;
    int64_t created_ms;
    int64_t retired_ms; /* 0: offered to new roots */
};

int q_tuf_online_key_insert(struct db *db, const struct q_tuf_place *place,
                            const struct q_tuf_online_key *key) MUST_CHECK;
/* Newest first. */
int q_tuf_online_key_list(struct db *db, const struct q_tuf_place *place, struct arena *arena,
                          struct q_tuf_online_key **ret_keys, size_t *ret_count) MUST_CHECK;
/* All that are not retired yet. */
int q_tuf_online_key_retire(struct db *db, const struct q_tuf_place *place,
                            int64_t now_ms) MUST_CHECK;

/* ---- what versions consist of, as targets --------------------------------------------------- */

struct q_tuf_target {
    const char *path;    /* "digits/1.0.0/onnx/cpu/fp32/model.onnx" */
    const char *version; /* "1.0.0"; of a variant that was added "1.0.0/onnx/npu/int8" */
    int64_t length;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    bool listed;
    bool yanked;
};

/* Every target of every published version of a model, by path. */
int q_tuf_targets(struct db *db, int64_t workspace_id, const char *model, struct arena *arena,
                  struct q_tuf_target **ret_targets, size_t *ret_count) MUST_CHECK;

/* What a model's role lists now (names as in struct q_tuf_target). */
struct q_tuf_listing {
    int64_t workspace_id;
    const char *model;
    const char *const *versions;
    size_t count;
    const char *actor;
    int64_t now_ms;
};

/* In the arena. */
struct q_tuf_names {
    const char **names;
    size_t count;
};

/* Notes it; says what it lists for the first time, and what it has dropped. */
int q_tuf_mark(struct db *db, const struct q_tuf_listing *listing, struct arena *arena,
               struct q_tuf_names *ret_listed, struct q_tuf_names *ret_yanked) MUST_CHECK;

/* ---- what targets are served --------------------------------------------------------------- */

struct q_tuf_manifest {
    int64_t workspace_id;
    const char *model;
    const char *version;
    const char *variant;   /* one that was added: "onnx/npu/int8"; NULL: the version's own */
    const uint8_t *sha256; /* DIGEST_SHA256_SIZE bytes */
};

/* The envelope of a listed version, or of a variant that was added to it; in the arena. Returns 0,
 * Q_TUF_E_MISSING, or negative. */
int q_tuf_manifest(struct db *db, const struct q_tuf_manifest *wanted, struct arena *arena,
                   const void **ret_bytes, size_t *ret_size) MUST_CHECK;

#define Q_TUF_ARTIFACT_PARTS 5

struct q_tuf_artifact {
    int64_t workspace_id;
    const char *parts[Q_TUF_ARTIFACT_PARTS]; /* model, version, runtime, hardware, precision */
    const char *name;
    const uint8_t *sha256; /* DIGEST_SHA256_SIZE bytes */
};

/* Whether a listed version has that artifact. Returns 0, Q_TUF_E_MISSING, or negative. */
int q_tuf_has_artifact(struct db *db, const struct q_tuf_artifact *wanted) MUST_CHECK;

#endif
