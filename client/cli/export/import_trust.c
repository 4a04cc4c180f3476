/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/import_trust.h"

#include "base/cleanup.h"
#include "cli/keys/keystore.h"

#include <string.h>

#define KEYS_MAX 256

static void believe(struct incoming_model *model, const struct key *key, const char *name)
{
    for (size_t i = 0; i < model->key_count; i++) {
        if (key_equal(&model->keys[i], key))
            return;
    }
    if (model->key_count == KEYS_MAX)
        return;
    model->key_names[model->key_count] = name;
    model->keys[model->key_count++] = *key;
}

/* A key of the file by its keyid, which is its hash. */
static bool find_key(const struct incoming_model *model, const char *keyid, struct key *ret_key)
{
    const json_t *item;
    size_t i;

    json_array_foreach (model->said->keys, i, item) {
        struct fields_error error;

        if (key_parse(json_object_get(item, "key"), ret_key, &error) == 0 &&
            strcmp(ret_key->id, keyid) == 0)
            return true;
    }
    return false;
}

static int trust_said(struct importing *importing, struct incoming_model *model)
{
    const struct options_list *said = &importing->cli->flags.trust;

    for (size_t i = 0; i < said->count; i++) {
        CLEANUP(keystore_release) struct keystore_key file = {0};
        struct key key;
        int r;

        if (find_key(model, said->texts[i], &key)) {
            believe(model, &key, NULL);
            continue;
        }
        r = keystore_read(importing->cli, said->texts[i], &file);
        if (r)
            return r;
        believe(model, &file.key, arena_strdup(&importing->cli->arena, file.name));
    }
    return 0;
}

static int trust_registered(struct importing *importing, struct incoming_model *model)
{
    json_auto_t *answer = NULL;
    const json_t *item;
    int status;
    size_t i;
    int r = server_ask(
        &importing->server,
        &(struct server_question){
            .what = arena_printf(&importing->cli->arena, "ask for model '%s'", model->said->name),
            .address = SERVER_ADDRESS(&importing->server, "models", model->said->name),
            .tolerated = 404,
        },
        &status, &answer);

    if (r)
        return r;
    model->exists = status != 404;
    json_array_foreach (json_object_get(answer, "keys"), i, item) {
        struct fields_error error;
        struct key key;

        if (!json_is_string(json_object_get(item, "revoked_at")) &&
            key_parse(json_object_get(item, "key"), &key, &error) == 0)
            believe(model, &key, NULL);
    }
    model->known_count = model->key_count;
    return 0;
}

static int refuse_untrusted(struct importing *importing, const struct incoming_model *model)
{
    struct arena *arena = &importing->cli->arena;
    const char *keyids = "";
    const json_t *item;
    size_t i;

    json_array_foreach (model->said->keys, i, item) {
        const char *keyid = json_string_value(json_object_get(item, "keyid"));

        keyids = arena_printf(arena, "%s%s%s", keyids, *keyids ? ", " : "", keyid ? keyid : "?");
    }
    return import_check_refuse(
        importing, "compare these with the publisher by another way, then pass them: --trust KEYID",
        arena_printf(arena, "nobody said whose signatures count for model '%s'; it has: %s",
                     model->said->name, keyids));
}

int import_trust_model(struct importing *importing, struct incoming_model *model)
{
    struct arena *arena = &importing->cli->arena;
    int r;

    model->keys = arena_array(arena, KEYS_MAX, sizeof(*model->keys));
    model->key_names = arena_array(arena, KEYS_MAX, sizeof(*model->key_names));
    r = trust_registered(importing, model);
    if (!r)
        r = trust_said(importing, model);
    if (!r && model->key_count == 0)
        r = refuse_untrusted(importing, model);
    return r;
}
