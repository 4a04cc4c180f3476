/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/cmd_model_key.h"

#include "base/cleanup.h"
#include "cli/keys/keystore.h"
#include "cli/server.h"
#include "model/name.h"

#include <string.h>

#define KEYID_DIGITS 64
#define KEYID_START_MIN 8

static int check_model(struct cli *cli, const char *model)
{
    const char *expected = name_check(model);

    if (expected)
        return cli_usage(cli, "'%s' is no name of a model: %s", model, expected);
    return 0;
}

int cmd_model_key_add(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    CLEANUP(keystore_release) struct keystore_key key = {0};
    json_auto_t *body = NULL;
    json_auto_t *answer = NULL;
    const char *name = cli->flags.name;
    int r;

    (void)operands;
    r = check_model(cli, operand[0]);
    if (!r)
        r = keystore_read(cli, operand[1], &key);
    if (r)
        return r;
    if (!name && *key.name)
        name = key.name;
    body = json_pack("{s:s*, s:o}", "name", name, "key", key_to_json(&key.key));
    if (!body)
        return cli_usage(cli, "--name is not UTF-8");
    r = server_open(cli, &server);
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "add a key to model '%s'", operand[0]),
                           .address = SERVER_ADDRESS(&server, "models", operand[0], "keys"),
                           .body = body,
                       },
                       NULL, &answer);
    if (r)
        return r;
    output_json(&cli->output, answer);
    output_line(&cli->output, "key %s may sign versions of '%s'", key.key.id, operand[0]);
    return CLI_OK;
}

static bool is_hex(const char *text, size_t length)
{
    return length >= KEYID_START_MIN && length <= KEYID_DIGITS && !text[length] &&
           strspn(text, "0123456789abcdef") == length;
}

/* The registered key whose id starts with what was said. */
static int find_by_start(struct cli *cli, struct server *server, const char *model,
                         const char *start, const char **ret_keyid)
{
    json_auto_t *answer = NULL;
    const char *found = NULL;
    size_t index;
    json_t *key;
    int r;

    r = server_get(server, arena_printf(&cli->arena, "show model '%s'", model),
                   SERVER_ADDRESS(server, "models", model), &answer);
    if (r)
        return r;
    json_array_foreach (json_object_get(answer, "keys"), index, key) {
        const char *keyid = json_string_value(json_object_get(key, "keyid"));

        if (!keyid || strncmp(keyid, start, strlen(start)) != 0)
            continue;
        if (found)
            return cli_usage(cli, "several keys of model '%s' start with '%s'", model, start);
        found = arena_strdup(&cli->arena, keyid);
    }
    if (!found)
        return output_fail(&cli->output, CLI_FAILED,
                           arena_printf(&cli->arena, "see modelferry model show %s", model),
                           "model '%s' has no key that starts with '%s'", model, start);
    *ret_keyid = found;
    return 0;
}

static int find_keyid(struct cli *cli, struct server *server, const char *model, const char *said,
                      const char **ret_keyid)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r;

    if (is_hex(said, strlen(said)))
        return find_by_start(cli, server, model, said, ret_keyid);
    r = keystore_read(cli, said, &key);
    if (r)
        return r;
    *ret_keyid = arena_strdup(&cli->arena, key.key.id);
    return 0;
}

int cmd_model_key_revoke(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *document = NULL;
    const char *keyid;
    int r;

    (void)operands;
    r = check_model(cli, operand[0]);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = find_keyid(cli, &server, operand[0], operand[1], &keyid);
    if (!r)
        r = server_ask(
            &server,
            &(struct server_question){
                .what = arena_printf(&cli->arena, "revoke a key of model '%s'", operand[0]),
                .method = "DELETE",
                .address = SERVER_ADDRESS(&server, "models", operand[0], "keys", keyid),
            },
            NULL, NULL);
    if (r)
        return r;
    document = json_pack("{s:s, s:s, s:b}", "model", operand[0], "keyid", keyid, "revoked", 1);
    output_json(&cli->output, document);
    output_line(&cli->output, "key %s signs nothing more of '%s'", keyid, operand[0]);
    return CLI_OK;
}
