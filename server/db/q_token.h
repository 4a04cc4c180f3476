/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_TOKEN_H
#define DB_Q_TOKEN_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

enum {
    Q_TOKEN_E_MISSING = 16,
};

struct q_token {
    int64_t id;
    int64_t workspace_id;
    const char *workspace; /* its name */
    const char *name;
    const char *role;
    const char *created_by;
    int64_t created_ms;
    int64_t expires_ms;   /* 0: never */
    int64_t revoked_ms;   /* 0: not revoked */
    int64_t last_used_ms; /* 0: never */
};

/* Of token it stores workspace_id, name, role, created_by, created_ms and expires_ms. */
int q_token_insert(struct db *db, const struct q_token *token,
                   const uint8_t hash[static DIGEST_SHA256_SIZE], int64_t *ret_id) MUST_CHECK;

/* By the hash of the token, whatever its state. Returns 0, Q_TOKEN_E_MISSING, or negative. */
int q_token_find(struct db *db, const uint8_t hash[static DIGEST_SHA256_SIZE], struct arena *arena,
                 struct q_token *ret_token) MUST_CHECK;

/* By id, within a workspace. Returns 0, Q_TOKEN_E_MISSING, or negative. */
int q_token_get(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                struct q_token *ret_token) MUST_CHECK;

/* As q_token_get, inside a tx_run: nobody else changes it until that ends. */
int q_token_lock(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                 struct q_token *ret_token) MUST_CHECK;

/* Those with an id above after_id, by id, at most limit. */
int q_token_list(struct db *db, int64_t workspace_id, int64_t after_id, int64_t limit,
                 struct arena *arena, struct q_token **ret_tokens, size_t *ret_count) MUST_CHECK;

/* Of one that is locked. */
int q_token_revoke(struct db *db, int64_t id, int64_t now_ms) MUST_CHECK;

/* Notes a use, unless one was noted within the last minute. */
int q_token_touch(struct db *db, int64_t id, int64_t now_ms) MUST_CHECK;

#endif
