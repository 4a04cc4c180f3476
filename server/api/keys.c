/* SPDX-License-Identifier: Apache-2.0 */
#include "api/keys.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/registry_problems.h"
#include "base/log.h"
#include "core/trust/keys.h"
#include "crypto/text.h"
#include "http/body.h"
#include "model/name.h"
#include "json/fields.h"

#include <string.h>

struct given_key {
    const char *name;
    const json_t *key;
};

static const struct field key_fields[] = {
    FIELD("name", STRING, struct given_key, name, .nullable = true, .check = name_check_label),
    FIELD("key", JSON, struct given_key, key, .required = true),
};
static const struct shape key_shape = SHAPE(struct given_key, key_fields);

/* What can be wrong with a key of a model. */
static int refuse(const struct call *call, const char *keyid, int outcome, struct reply *reply)
{
    const char *model = request_param(call->request, "model");

    switch (outcome) {
    case KEYS_E_MODEL:
        registry_problems_model(reply, model);
        return 0;
    case KEYS_E_EXISTS:
        reply_problem(reply, &registry_problems_key_exists,
                      "model '%s' has the key %s already; a key that was revoked stays so: make a "
                      "new one",
                      model, keyid);
        return 0;
    case KEYS_E_MANY:
        reply_problem(reply, &registry_problems_too_many_keys,
                      "model '%s' has %d keys, more are not taken; use a new model", model,
                      KEYS_MAX);
        return 0;
    case KEYS_E_MISSING:
        reply_problem(reply, &registry_problems_unknown_key,
                      "model '%s' has no key '%s'; GET /api/v1/models/%s shows its keys", model,
                      keyid, model);
        return 0;
    default:
        return outcome < 0 ? outcome
                           : log_fail(ERR_INTERNAL, "cannot change a key: outcome %d", outcome);
    }
}

static struct keys_place place_of(const struct call *call, const struct audit_actor *actor)
{
    const struct api *api = call->context;

    return (struct keys_place){
        .workspace_id = call->principal->workspace_id,
        .model = request_param(call->request, "model"),
        .actor = actor,
        .now_ms = clock_wall_ms(api->clock),
    };
}

int keys_on_post(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct keys_place place = place_of(call, &actor);
    char keyid[2 * DIGEST_SHA256_SIZE + 1];
    struct fields_error error = {0};
    struct given_key given;
    struct q_model_key key;
    json_auto_t *root = NULL;
    int r;

    r = body_decode(call, &key_shape, &root, &given, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = keys_prepare(given.key, given.name, "key", call->arena, &key, &error);
    if (r == KEYS_E_INVALID) {
        (void)body_refuse_field(reply, FIELDS_E_INVALID, &error);
        return 0;
    }
    if (r)
        return r;
    text_hex(key.keyid, sizeof(key.keyid), keyid);
    r = keys_add(call->worker, &place, &key);
    if (r)
        return refuse(call, keyid, r, reply);
    reply_headerf(reply, "Location", "/api/v1/models/%s/keys/%s", place.model, keyid);
    reply_json(reply, 201,
               json_pack("{s:s, s:s?, s:O, s:o, s:n}", "keyid", keyid, "name", given.name, "key",
                         given.key, "added_at", encode_time(key.added_ms), "revoked_at"));
    return 0;
}

int keys_on_delete(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct keys_place place = place_of(call, &actor);
    const char *text = request_param(call->request, "keyid");
    uint8_t keyid[DIGEST_SHA256_SIZE];
    int r = KEYS_E_MISSING;

    if (strlen(text) == 2 * sizeof(keyid) && text_unhex(text, keyid, sizeof(keyid)))
        r = keys_revoke(call->worker, &place, keyid);
    if (r)
        return refuse(call, text, r, reply);
    reply_empty(reply, 204);
    return 0;
}
