/* SPDX-License-Identifier: Apache-2.0 */
#include "api/models.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/registry_problems.h"
#include "api/registry_reply.h"
#include "base/log.h"
#include "core/registry/deletions.h"
#include "core/registry/models.h"
#include "core/trust/keys.h"
#include "http/body.h"
#include "http/page.h"
#include "http/problems.h"
#include "model/name.h"
#include "json/fields.h"

#include <stdio.h>
#include <string.h>

struct given_key {
    const char *name;
    const json_t *key;
};

struct given_model {
    const char *name;
    const char *description;
    struct fields_pair *tags;
    size_t tag_count;
    struct given_key *keys;
    size_t key_count;
};

static const struct field key_fields[] = {
    FIELD("name", STRING, struct given_key, name, .nullable = true, .check = name_check_label),
    FIELD("key", JSON, struct given_key, key, .required = true),
};
static const struct shape key_shape = SHAPE(struct given_key, key_fields);

static const struct field model_fields[] = {
    FIELD("name", STRING, struct given_model, name, .required = true, .check = name_check),
    FIELD("description", STRING, struct given_model, description, .nullable = true,
          .max = MODELS_DESCRIPTION_MAX),
    FIELD_ARRAY("tags", PAIRS, struct given_model, tags, tag_count, .nullable = true,
                .key_check = name_check_tag_key, .check = name_check_tag_value),
    FIELD_ARRAY("keys", LIST, struct given_model, keys, key_count, .nullable = true,
                .max = MODELS_KEYS_MAX, .shape = &key_shape),
};
static const struct shape model_shape = SHAPE(struct given_model, model_fields);

static json_t *encode(const struct q_model *model)
{
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:o, s:s?, s:o, s:s}", "name", model->name, "description",
                  model->description, "tags", encode_stored(model->tags_json), "keys",
                  encode_stored(model->keys_json), "latest", model->latest, "created_at",
                  encode_time(model->created_ms), "created_by", model->created_by);

    (void)json_object_set_new(object, "aliases", encode_stored(model->aliases_json));
    (void)json_object_set_new(object, "card_bytes", json_integer((json_int_t)model->card_bytes));
    (void)json_object_set_new(object, "revision", json_integer((json_int_t)model->revision));
    (void)json_object_set_new(
        object, "archived",
        encode_archived(model->archived_ms, model->archived_by, model->archive_reason));
    return object;
}

/* The keys as they are stored, or the problem with one of them. */
static int prepare_keys(const struct call *call, const struct given_model *given,
                        struct q_model_key *keys, struct reply *reply)
{
    struct fields_error error = {0};
    char path[32];
    int r;

    for (size_t i = 0; i < given->key_count; i++) {
        (void)snprintf(path, sizeof(path), "keys[%zu].key", i);
        r = keys_prepare(given->keys[i].key, given->keys[i].name, path, call->arena, &keys[i],
                         &error);
        if (r == KEYS_E_INVALID)
            return body_refuse_field(reply, FIELDS_E_INVALID, &error);
        if (r)
            return r;
    }
    return 0;
}

static int refuse(const struct given_model *given, int outcome, struct reply *reply)
{
    switch (outcome) {
    case MODELS_E_EXISTS:
        reply_problem(reply, &registry_problems_model_exists,
                      "there is a model '%s' in this workspace already; choose another name, or "
                      "publish a version of it",
                      given->name);
        return 0;
    case MODELS_E_KEY_TWICE:
        reply_problem(reply, &problems_invalid_field, "keys: the same key is given twice");
        return 0;
    default:
        return outcome < 0 ? outcome
                           : log_fail(ERR_INTERNAL, "cannot make a model: outcome %d", outcome);
    }
}

int models_on_post(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct audit_actor actor = actor_of(call);
    struct given_model given;
    struct q_model model;
    json_auto_t *root = NULL;
    int r;

    r = body_decode(call, &model_shape, &root, &given, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    struct q_model_key *keys = arena_array(call->arena, given.key_count, sizeof(*keys));
    r = prepare_keys(call, &given, keys, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    struct models_draft draft = {
        .name = given.name,
        .description = given.description,
        .tags = given.tags,
        .tag_count = given.tag_count,
        .keys = keys,
        .key_count = given.key_count,
        .actor = &actor,
    };
    r = models_create(call->worker, call->principal->workspace_id, &draft,
                      clock_wall_ms(api->clock), call->arena, &model);
    if (r)
        return refuse(&given, r, reply);
    reply_headerf(reply, "Location", "/api/v1/models/%s", model.name);
    reply_json(reply, 201, encode(&model));
    return 0;
}

int models_on_list(const struct call *call, struct reply *reply)
{
    const char *state = request_query(call->request, "state");
    struct q_model_page found;
    struct page page;
    int r;

    if (state && strcmp(state, "active") != 0 && strcmp(state, "archived") != 0) {
        reply_problem(reply, &problems_invalid_field, "state: active or archived expected");
        return 0;
    }
    r = page_parse(call, &page, reply);
    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = models_list(call->worker, call->principal->workspace_id,
                    state && strcmp(state, "archived") == 0, page.after, page.limit, call->arena,
                    &found);
    if (r)
        return r;
    json_t *items = json_array();
    for (size_t i = 0; i < found.count; i++)
        (void)json_array_append_new(items, encode(&found.models[i]));
    page_reply(reply, items, found.more ? found.models[found.count - 1].name : NULL);
    return 0;
}

int models_on_get(const struct call *call, struct reply *reply)
{
    const char *name = request_param(call->request, "model");
    struct q_model model;
    int r;

    r = models_find(call->worker, call->principal->workspace_id, name, call->arena, &model);
    if (r == MODELS_E_MISSING) {
        registry_problems_model(reply, name);
        return 0;
    }
    if (r)
        return r;
    registry_reply_etag(reply, model.revision);
    reply_json(reply, 200, encode(&model));
    return 0;
}

int models_on_delete(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    int r = deletions_delete_model(call->worker, &place, call->arena, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    reply_empty(reply, 204);
    return 0;
}
