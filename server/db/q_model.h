/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_MODEL_H
#define DB_Q_MODEL_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Models, their tags and their publishers' keys. */

enum {
    Q_MODEL_E_MISSING = 16,
    Q_MODEL_E_EXISTS = 17,
};

/* What the registry shows of a model. Lists are JSON text as docs/PROTOCOL.md has them. */
struct q_model {
    int64_t id;
    const char *name;
    const char *description;
    const char *created_by;
    int64_t created_ms;
    const char *tags_json;
    const char *keys_json;
    const char *latest; /* the version published last that is in use, or NULL */
    const char *aliases_json;
    int64_t card_bytes;
    int64_t revision;    /* of what may change */
    int64_t archived_ms; /* 0: in use */
    const char *archived_by;
    const char *archive_reason;
};

/* Of model it stores name, description, created_by, created_ms. Returns 0, Q_MODEL_E_EXISTS, or
 * negative. */
int q_model_insert(struct db *db, int64_t workspace_id, const struct q_model *model,
                   int64_t *ret_id) MUST_CHECK;

int q_model_insert_tags(struct db *db, int64_t workspace_id, int64_t model_id, struct arena *arena,
                        const char *const *keys, const char *const *values,
                        size_t count) MUST_CHECK;

/* Returns 0, Q_MODEL_E_MISSING, or negative. */
int q_model_find(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                 struct q_model *ret_model) MUST_CHECK;

struct q_model_page {
    struct q_model *models;
    size_t count;
    bool more; /* there are others behind the last one */
};

/* By name: those behind `after` ("": from the start), at most limit, and fewer where they are
 * large; either those in use, or those that are archived. */
int q_model_list(struct db *db, int64_t workspace_id, bool archived, const char *after,
                 int64_t limit, struct arena *arena, struct q_model_page *ret_page) MUST_CHECK;

/* ret_workspace, the name of the workspace, may be NULL. Returns 0, Q_MODEL_E_MISSING, or
 * negative. */
int q_model_resolve(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                    int64_t *ret_id, const char **ret_workspace) MUST_CHECK;

/* ---- keys -------------------------------------------------------------------------------- */

struct q_model_key {
    uint8_t keyid[DIGEST_SHA256_SIZE];
    const char *name; /* "": none was given */
    const char *json; /* the key object */
    const char *added_by;
    int64_t added_ms;
};

/* Revoked ones too. */
int q_model_count_keys(struct db *db, int64_t model_id, int64_t *ret_count) MUST_CHECK;

/* Returns 0, Q_MODEL_E_EXISTS (also where it was revoked), or negative. */
int q_model_insert_key(struct db *db, int64_t workspace_id, int64_t model_id,
                       const struct q_model_key *key) MUST_CHECK;

/* ret_changed: it was not revoked before. Returns 0, Q_MODEL_E_MISSING, or negative. */
int q_model_revoke_key(struct db *db, int64_t model_id,
                       const uint8_t keyid[static DIGEST_SHA256_SIZE], const char *by,
                       int64_t now_ms, bool *ret_changed) MUST_CHECK;

/*
 * The keys that are not revoked, locked until the transaction ends: a revocation that was answered
 * is never overtaken by a signature that was being checked.
 */
int q_model_lock_keys(struct db *db, int64_t model_id, struct arena *arena,
                      struct q_model_key **ret_keys, size_t *ret_count) MUST_CHECK;

#endif
