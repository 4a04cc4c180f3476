/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit/cmd_audit.h"

#include "base/cleanup.h"
#include "cli/server.h"
#include "cli/table.h"
#include "tuf/key_file.h"

#include <fcntl.h>

#define KEY_NAME "audit"

/* ---- key ------------------------------------------------------------------------------------ */

/* A key file without a secret: wherever a command takes a key, it takes this one. */
static int save(struct cli *cli, const struct key *key)
{
    struct key_pair pair = {.key = *key, .name = KEY_NAME};
    int r = key_file_write(AT_FDCWD, cli->flags.out, &pair, false);

    if (r == KEY_E_EXISTS)
        return output_fail(&cli->output, CLI_FAILED, "choose another --output", "'%s' exists",
                           cli->flags.out);
    return r;
}

static void print_key(struct cli *cli, const json_t *answer)
{
    CLEANUP(table_release) struct table sheet = {0};
    const json_t *key = json_object_get(answer, "key");
    const json_t *value = json_object_get(key, "keyval");
    const char *public = json_string_value(json_object_get(value, "public"));

    table_pair(&sheet, "keyid", json_string_value(json_object_get(answer, "keyid")));
    table_pair(&sheet, json_string_value(json_object_get(key, "scheme")), public);
    if (cli->flags.out)
        table_pair(&sheet, "file", cli->flags.out);
    table_print_sheet(&sheet, &cli->output);
}

int cmd_audit_key(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *answer = NULL;
    struct fields_error error = {0};
    struct key key;
    int r;

    (void)operands;
    (void)operand;
    r = server_open(cli, &server);
    if (!r)
        r = server_ask(
            &server,
            &(struct server_question){
                .what = cli->flags.rotate ? "make a new audit key" : "ask for the audit key",
                .method = cli->flags.rotate ? "POST" : "GET",
                .address = SERVER_ADDRESS(&server, "audit", "key"),
            },
            NULL, &answer);
    if (r)
        return r;
    r = key_parse(json_object_get(answer, "key"), &key, &error);
    if (r > 0)
        return output_fail(&cli->output, CLI_FAILED, "is this the address of a modelferry server?",
                           "the server's audit key cannot be read: %s", error.text);
    if (!r && cli->flags.out)
        r = save(cli, &key);
    if (r)
        return r;
    output_json(&cli->output, answer);
    print_key(cli, answer);
    output_note(&cli->output, "compare the keyid with whoever runs the server, by another way");
    return CLI_OK;
}
