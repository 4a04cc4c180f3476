/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tokens.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/revoke.h"
#include "base/log.h"
#include "core/tokens.h"
#include "http/body.h"
#include "http/page.h"
#include "http/problems.h"
#include "model/name.h"
#include "json/fields.h"

static const char *check_role(const char *text)
{
    return tokens_is_role(text) ? NULL : "admin, publisher, operator or viewer";
}

static const struct field draft_fields[] = {
    FIELD("name", STRING, struct tokens_draft, name, .required = true, .check = name_check_label),
    FIELD("role", STRING, struct tokens_draft, role, .required = true, .check = check_role),
    FIELD("expires_in_s", INTEGER, struct tokens_draft, expires_in_s, .nullable = true, .min = 1,
          .max = TOKENS_EXPIRY_MAX_S),
};
static const struct shape draft_shape = SHAPE(struct tokens_draft, draft_fields);

/* Without the token itself, which nobody has but who got it. */
static json_t *encode(const struct q_token *token)
{
    return json_pack("{s:I, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "id", (json_int_t)token->id,
                     "name", token->name, "role", token->role, "created_at",
                     encode_time(token->created_ms), "created_by", token->created_by, "expires_at",
                     encode_time(token->expires_ms), "revoked_at", encode_time(token->revoked_ms),
                     "last_used_at", encode_time(token->last_used_ms));
}

int tokens_on_post(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct audit_actor actor = actor_of(call);
    struct tokens_draft draft;
    struct q_token token;
    char secret[SECRET_TOKEN_SIZE];
    json_auto_t *root = NULL;
    int r;

    r = body_decode(call, &draft_shape, &root, &draft, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    draft.workspace_id = call->principal->workspace_id;
    draft.actor = &actor;
    r = tokens_create(call->worker, &draft, clock_wall_ms(api->clock), call->arena, &token, secret);
    if (r)
        return r < 0 ? r : log_fail(ERR_INTERNAL, "a decoded token was refused: %d", r);
    json_t *object = encode(&token);
    (void)json_object_set_new(object, "token", json_string(secret));
    secret_wipe(secret, sizeof(secret));
    reply_headerf(reply, "Location", "/api/v1/tokens/%lld", (long long)token.id);
    reply_json(reply, 201, object);
    return 0;
}

int tokens_on_list(const struct call *call, struct reply *reply)
{
    struct q_token *tokens;
    size_t count;
    struct page page;
    int r;

    r = page_parse_id(call, &page, reply);
    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = tokens_list(call->worker, call->principal->workspace_id, page.after_id, page.limit + 1,
                    call->arena, &tokens, &count);
    if (r)
        return r;
    bool more = count > (size_t)page.limit;
    json_t *items = json_array();
    count = more ? (size_t)page.limit : count;
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(items, encode(&tokens[i]));
    page_reply_id(reply, items, more, count > 0 ? tokens[count - 1].id : 0);
    return 0;
}

int tokens_on_delete(const struct call *call, struct reply *reply)
{
    static const struct revoke_kind kind = {"token", tokens_revoke, TOKENS_E_MISSING};

    return revoke_reply(call, &kind, reply);
}
