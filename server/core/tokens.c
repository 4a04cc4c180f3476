/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tokens.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/name.h"

#include <inttypes.h>
#include <stdio.h>
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

/* What the audit log says of a token: never the token. */
static json_t *describe(const struct q_token *token)
{
    char expires[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(token->expires_ms, expires);
    return json_pack("{s:s, s:s, s:s?, s:b}", "name", token->name, "role", token->role,
                     "expires_at", token->expires_ms ? expires : NULL, "revoked",
                     token->revoked_ms != 0);
}

static int record(struct db *db, enum audit_action action, const struct audit_actor *actor,
                  int64_t now_ms, const struct q_token *before, const struct q_token *after)
{
    char id[24];

    (void)snprintf(id, sizeof(id), "%" PRId64, after->id);
    return audit_record(db, &(struct audit_change){
                                .workspace_id = after->workspace_id,
                                .actor = actor,
                                .now_ms = now_ms,
                                .action = action,
                                .object = id,
                                .before = before ? describe(before) : NULL,
                                .after = describe(after),
                            });
}

struct creation {
    const struct audit_actor *actor;
    struct q_token token;
    uint8_t hash[DIGEST_SHA256_SIZE];
    struct arena *arena;
    struct q_token *ret_token;
};

static int create(struct db *db, void *arg)
{
    struct creation *creation = arg;
    struct q_token *token = &creation->token;
    int r;

    r = q_token_insert(db, token, creation->hash, &token->id);
    if (r)
        return r;
    r = q_token_get(db, token->workspace_id, token->id, creation->arena, creation->ret_token);
    if (r)
        return r;
    return record(db, AUDIT_TOKEN_CREATE, creation->actor, token->created_ms, NULL,
                  creation->ret_token);
}

int tokens_create(struct db *db, const struct tokens_draft *draft, int64_t now_ms,
                  struct arena *arena, struct q_token *ret_token,
                  char ret_secret[static SECRET_TOKEN_SIZE])
{
    struct creation creation = {
        .actor = draft->actor,
        .token =
            {
                    .workspace_id = draft->workspace_id,
                    .name = draft->name,
                    .role = draft->role,
                    .created_by = draft->actor->name,
                    .created_ms = now_ms,
                    .expires_ms = draft->expires_in_s ? now_ms + draft->expires_in_s * 1000 : 0,
                    },
        .arena = arena,
        .ret_token = ret_token,
    };
    char secret[SECRET_TOKEN_SIZE];
    int r;

    if (name_check_label(draft->name))
        return TOKENS_E_NAME;
    if (!tokens_is_role(draft->role))
        return TOKENS_E_ROLE;
    if (draft->expires_in_s < 0 || draft->expires_in_s > TOKENS_EXPIRY_MAX_S)
        return TOKENS_E_EXPIRY;
    secret_token(TOKENS_PREFIX, secret);
    secret_token_hash(secret, creation.hash);
    r = tx_run(db, create, &creation);
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

struct revocation {
    int64_t workspace_id;
    int64_t id;
    const struct audit_actor *actor;
    int64_t now_ms;
};

static int revoke_it(struct db *db, void *arg)
{
    const struct revocation *revocation = arg;
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_token before;
    struct q_token after;
    int r;

    r = q_token_lock(db, revocation->workspace_id, revocation->id, &arena, &before);
    if (r)
        return r == Q_TOKEN_E_MISSING ? TOKENS_E_MISSING : r;
    if (before.revoked_ms != 0)
        return 0;
    r = q_token_revoke(db, revocation->id, revocation->now_ms);
    if (r)
        return r;
    after = before;
    after.revoked_ms = revocation->now_ms;
    return record(db, AUDIT_TOKEN_REVOKE, revocation->actor, revocation->now_ms, &before, &after);
}

int tokens_revoke(struct db *db, int64_t workspace_id, int64_t id, const struct audit_actor *actor,
                  int64_t now_ms)
{
    struct revocation revocation = {workspace_id, id, actor, now_ms};

    return tx_run(db, revoke_it, &revocation);
}
