/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/models.h"

#include "core/registry/pairs.h"
#include "crypto/text.h"

struct creation {
    int64_t workspace_id;
    const struct models_draft *draft;
    int64_t now_ms;
    struct arena *arena;
    struct q_model *ret_model;
};

static int insert_keys(struct db *db, const struct creation *creation, int64_t model_id)
{
    int r;

    for (size_t i = 0; i < creation->draft->key_count; i++) {
        struct q_model_key key = creation->draft->keys[i];

        key.added_by = creation->draft->actor->name;
        key.added_ms = creation->now_ms;
        r = q_model_insert_key(db, creation->workspace_id, model_id, &key);
        if (r == Q_MODEL_E_EXISTS)
            return MODELS_E_KEY_TWICE;
        if (r)
            return r;
    }
    return 0;
}

static json_t *describe(const struct creation *creation)
{
    const struct models_draft *draft = creation->draft;
    json_auto_t *tags = fields_pairs_to_json(draft->tags, draft->tag_count);
    json_auto_t *keys = json_array();

    for (size_t i = 0; i < draft->key_count; i++) {
        char keyid[DIGEST_SHA256_HEX_SIZE];

        text_hex(draft->keys[i].keyid, DIGEST_SHA256_SIZE, keyid);
        if (json_array_append_new(keys, json_string(keyid)))
            return NULL;
    }
    return json_pack("{s:s, s:O, s:O}", "description", creation->ret_model->description, "tags",
                     tags, "keys", keys);
}

static int create(struct db *db, void *arg)
{
    const struct creation *creation = arg;
    const struct models_draft *draft = creation->draft;
    struct q_model model = {
        .name = draft->name,
        .description = draft->description ? draft->description : "",
        .created_by = draft->actor->name,
        .created_ms = creation->now_ms,
    };
    struct pairs tags = pairs_split(creation->arena, draft->tags, draft->tag_count);
    int r;

    r = q_model_insert(db, creation->workspace_id, &model, &model.id);
    if (r == Q_MODEL_E_EXISTS)
        return MODELS_E_EXISTS;
    if (r)
        return r;
    r = q_model_insert_tags(db, creation->workspace_id, model.id, creation->arena, tags.keys,
                            tags.values, tags.count);
    if (r)
        return r;
    r = insert_keys(db, creation, model.id);
    if (r)
        return r;
    r = q_model_find(db, creation->workspace_id, draft->name, creation->arena, creation->ret_model);
    if (r)
        return r;
    return audit_record(db, &(struct audit_change){
                                .workspace_id = creation->workspace_id,
                                .actor = draft->actor,
                                .now_ms = creation->now_ms,
                                .action = AUDIT_MODEL_CREATE,
                                .object = draft->name,
                                .after = describe(creation),
                            });
}

int models_create(struct db *db, int64_t workspace_id, const struct models_draft *draft,
                  int64_t now_ms, struct arena *arena, struct q_model *ret_model)
{
    struct creation creation = {
        .workspace_id = workspace_id,
        .draft = draft,
        .now_ms = now_ms,
        .arena = arena,
        .ret_model = ret_model,
    };

    return tx_run(db, create, &creation);
}

int models_find(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                struct q_model *ret_model)
{
    int r;

    r = q_model_find(db, workspace_id, name, arena, ret_model);
    return r == Q_MODEL_E_MISSING ? MODELS_E_MISSING : r;
}

int models_list(struct db *db, int64_t workspace_id, bool archived, const char *after,
                int64_t limit, struct arena *arena, struct q_model_page *ret_page)
{
    return q_model_list(db, workspace_id, archived, after ? after : "", limit, arena, ret_page);
}
