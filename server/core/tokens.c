/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tokens.h"

#include "model/name.h"

#include <string.h>

#define TOUCH_INTERVAL_MS 60000

const char *const tokens_roles[] = {"admin", "publisher", "operator", "viewer", NULL};

bool tokens_is_role(const char *text)
{
    for (const char *const *role = tokens_roles; *role; role++) {
        if (strcmp(*role, text) == 0)
            return true;
    }
    return false;
}

static bool is_good(const struct q_token *token, int64_t now_ms)
{
    if (token->revoked_ms != 0)
        return false;
    return token->expires_ms == 0 || now_ms < token->expires_ms;
}

int tokens_authenticate(struct db *db, const char *token, int64_t now_ms, struct arena *arena,
                        struct q_token *ret_token)
{
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct q_token found;
    int r;

    /* Tokens of devices and nonsense do not reach the database. */
    if (strncmp(token, TOKENS_PREFIX "_", strlen(TOKENS_PREFIX "_")) != 0 ||
        strlen(token) >= SECRET_TOKEN_SIZE)
        return TOKENS_E_REFUSED;
    secret_token_hash(token, hash);
    r = q_token_find(db, hash, arena, &found);
    if (r == Q_TOKEN_E_MISSING)
        return TOKENS_E_REFUSED;
    if (r)
        return r;
    if (!is_good(&found, now_ms))
        return TOKENS_E_REFUSED;
    if (now_ms - found.last_used_ms >= TOUCH_INTERVAL_MS) {
        r = q_token_touch(db, found.id, now_ms);
        if (r)
            return r;
    }
    *ret_token = found;
    return 0;
}

int tokens_create(struct db *db, const struct tokens_draft *draft, int64_t now_ms,
                  struct arena *arena, struct q_token *ret_token,
                  char ret_secret[static SECRET_TOKEN_SIZE])
{
    struct q_token token = {
        .workspace_id = draft->workspace_id,
        .name = draft->name,
        .role = draft->role,
        .created_by = draft->created_by,
        .created_ms = now_ms,
        .expires_ms = draft->expires_in_s ? now_ms + draft->expires_in_s * 1000 : 0,
    };
    char secret[SECRET_TOKEN_SIZE];
    uint8_t hash[DIGEST_SHA256_SIZE];
    int r;

    if (name_check_label(draft->name))
        return TOKENS_E_NAME;
    if (!tokens_is_role(draft->role))
        return TOKENS_E_ROLE;
    if (draft->expires_in_s < 0 || draft->expires_in_s > TOKENS_EXPIRY_MAX_S)
        return TOKENS_E_EXPIRY;
    secret_token(TOKENS_PREFIX, secret);
    secret_token_hash(secret, hash);
    r = q_token_insert(db, &token, hash, &token.id);
    if (!r)
        r = q_token_get(db, token.workspace_id, token.id, arena, ret_token);
    if (!r)
        memcpy(ret_secret, secret, sizeof(secret));
    secret_wipe(secret, sizeof(secret));
    return r;
}

int tokens_get(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
               struct q_token *ret_token)
{
    int r;

    r = q_token_get(db, workspace_id, id, arena, ret_token);
    return r == Q_TOKEN_E_MISSING ? TOKENS_E_MISSING : r;
}

int tokens_list(struct db *db, int64_t workspace_id, int64_t after_id, int64_t limit,
                struct arena *arena, struct q_token **ret_tokens, size_t *ret_count)
{
    return q_token_list(db, workspace_id, after_id, limit, arena, ret_tokens, ret_count);
}

int tokens_revoke(struct db *db, int64_t workspace_id, int64_t id, int64_t now_ms)
{
    int r;

    r = q_token_revoke(db, workspace_id, id, now_ms);
    return r == Q_TOKEN_E_MISSING ? TOKENS_E_MISSING : r;
}
