/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TOKENS_H
#define CORE_TOKENS_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "crypto/secret.h"
#include "db/db.h"
#include "db/q_token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* API tokens: who people and pipelines are. Only a token's SHA-256 is stored. */

#define TOKENS_PREFIX "mft"
#define TOKENS_EXPIRY_MAX_S ((int64_t)10 * 366 * 86400)

enum {
    TOKENS_E_REFUSED = 1, /* no such token, expired, or revoked */
    TOKENS_E_MISSING = 2, /* no token with that id in the workspace */
    TOKENS_E_NAME = 3,    /* not a valid name */
    TOKENS_E_ROLE = 4,    /* not one of tokens_roles */
    TOKENS_E_EXPIRY = 5,  /* not from 0 to TOKENS_EXPIRY_MAX_S */
};

/* "admin", "publisher", "operator", "viewer", NULL. */
extern const char *const tokens_roles[];
bool tokens_is_role(const char *text);

/*
 * Who a bearer token is. Notes its use, at most once a minute.
 * Returns 0, TOKENS_E_REFUSED, or negative.
 */
int tokens_authenticate(struct db *db, const char *token, int64_t now_ms, struct arena *arena,
                        struct q_token *ret_token) MUST_CHECK;

struct tokens_draft {
    int64_t workspace_id;
    const char *name; /* 1 to 128 bytes; need not be unique */
    const char *role;
    const struct audit_actor *actor;
    int64_t expires_in_s; /* 0: never */
};

/*
 * ret_secret  the token, which exists nowhere else: show it once, then wipe it
 * ret_token   what is stored about it
 *
 * Returns 0, TOKENS_E_NAME, TOKENS_E_ROLE, TOKENS_E_EXPIRY, or negative.
 */
int tokens_create(struct db *db, const struct tokens_draft *draft, int64_t now_ms,
                  struct arena *arena, struct q_token *ret_token,
                  char ret_secret[static SECRET_TOKEN_SIZE]) MUST_CHECK;

/* Returns 0, TOKENS_E_MISSING, or negative. */
int tokens_get(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
               struct q_token *ret_token) MUST_CHECK;

/* By id, those above after_id, at most limit; revoked and expired ones too. */
int tokens_list(struct db *db, int64_t workspace_id, int64_t after_id, int64_t limit,
                struct arena *arena, struct q_token **ret_tokens, size_t *ret_count) MUST_CHECK;

/* From now on it is refused. Again is fine. Returns 0, TOKENS_E_MISSING, or negative. */
int tokens_revoke(struct db *db, int64_t workspace_id, int64_t id, const struct audit_actor *actor,
                  int64_t now_ms) MUST_CHECK;

#endif
