/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/model_keys.h"

#include "base/cleanup.h"

#include <string.h>

int model_keys_read(struct server *server, const char *model, struct model_keys *ret_keys)
{
    struct cli *cli = server->cli;
    struct arena *arena = &cli->arena;
    json_auto_t *answer = NULL;
    struct model_keys keys = {0};
    const json_t *listed;
    size_t index;
    json_t *item;
    int r;

    r = server_get(server, arena_printf(arena, "ask for the keys of model '%s'", model),
                   SERVER_ADDRESS(server, "models", model), &answer);
    if (r)
        return r;
    listed = json_object_get(answer, "keys");
    keys.keys = arena_array(arena, json_array_size(listed) + 1, sizeof(*keys.keys));
    json_array_foreach (listed, index, item) {
        struct model_key *key = &keys.keys[keys.count];
        struct fields_error error = {0};

        /* A scheme that this program does not know is a key that it cannot use. */
        if (key_parse(json_object_get(item, "key"), &key->key, &error))
            continue;
        key->name = arena_strdup(arena, json_string_value(json_object_get(item, "name")));
        key->revoked_at =
            arena_strdup(arena, json_string_value(json_object_get(item, "revoked_at")));
        keys.count++;
    }
    *ret_keys = keys;
    return 0;
}

int model_keys_register(struct server *server, const char *model, const struct key *key,
                        const char *name)
{
    json_auto_t *body =
        json_pack("{s:s*, s:o}", "name", name && *name ? name : NULL, "key", key_to_json(key));
    int status;

    if (!body)
        return cli_usage(server->cli, "the key's name is not UTF-8");
    return server_ask(
        server,
        &(struct server_question){
            .what = arena_printf(&server->cli->arena, "register a key of model '%s'", model),
            .address = SERVER_ADDRESS(server, "models", model, "keys"),
            .body = body,
            .tolerated = 409,
        },
        &status, NULL);
}

int model_keys_revoke(struct server *server, const char *model, const char *keyid)
{
    int status;

    return server_ask(
        server,
        &(struct server_question){
            .what = arena_printf(&server->cli->arena, "revoke a key of model '%s'", model),
            .method = "DELETE",
            .address = SERVER_ADDRESS(server, "models", model, "keys", keyid),
            .tolerated = 404,
        },
        &status, NULL);
}

const struct model_key *model_keys_find(const struct model_keys *keys, const char *keyid)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].key.id, keyid) == 0)
            return &keys->keys[i];
    return NULL;
}

/* "ab12… (ann), cd34… (bob)" of those that may sign, or NULL. */
static const char *describe(struct cli *cli, const struct model_keys *keys)
{
    const char *text = NULL;

    for (size_t i = 0; i < keys->count; i++) {
        const struct model_key *key = &keys->keys[i];

        if (key->revoked_at)
            continue;
        text = arena_printf(&cli->arena, "%s%s%s%s%s%s", text ? text : "", text ? ", " : "",
                            key->key.id, key->name ? " (" : "", key->name ? key->name : "",
                            key->name ? ")" : "");
    }
    return text;
}

int model_keys_check(struct cli *cli, const char *model, const struct model_keys *keys,
                     const struct key *key)
{
    const struct model_key *registered = model_keys_find(keys, key->id);
    const char *expected = describe(cli, keys);

    if (registered && !registered->revoked_at)
        return 0;
    return output_fail(&cli->output, CLI_FAILED,
                       expected ? arena_printf(&cli->arena, "expected one of: %s", expected)
                                : arena_printf(&cli->arena,
                                               "no key is: an administrator adds one with "
                                               "modelferry model key add %s KEY",
                                               model),
                       registered ? "key %s was revoked for model '%s'"
                                  : "key %s is not registered for model '%s'",
                       key->id, model);
}
