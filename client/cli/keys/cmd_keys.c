/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys/cmd_keys.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/keys/keystore.h"
#include "cli/table.h"
#include "crypto/text.h"
#include "model/name.h"

#include <fcntl.h>
#include <string.h>

/* How the place of a secret is told: a sentence, and a word for tables and --json. */
static const struct {
    const char *sentence;
    const char *word;
} secrets[] = {
    [KEYSTORE_ELSEWHERE] = {"not here",                              "no"    },
    [KEYSTORE_PLAIN] = {"in the file, not sealed",               "plain" },
    [KEYSTORE_SEALED] = {"in the file, sealed with a passphrase", "sealed"},
};

/* A key file without the secret. */
static json_t *public_file(const struct keystore_key *key)
{
    return json_pack("{s:i, s:s, s:o}", "modelferry_key", 1, "name", key->name, "key",
                     key_to_json(&key->key));
}

static void print_key(struct cli *cli, const struct keystore_key *key)
{
    CLEANUP(table_release) struct table sheet = {0};
    char *hex = arena_alloc(&cli->arena, 2 * key->key.public_size + 1);

    text_hex(key->key.public, key->key.public_size, hex);
    table_pair(&sheet, "name", key->name);
    table_pair(&sheet, "keyid", key->key.id);
    table_pair(&sheet, key_scheme_name(&key->key), hex);
    table_pair(&sheet, "file", key->path);
    table_pair(&sheet, "secret", secrets[key->secret].sentence);
    table_print_sheet(&sheet, &cli->output);
}

static void print_made(struct cli *cli, const struct keystore_key *key)
{
    json_auto_t *document = public_file(key);

    (void)json_object_set_new(document, "keyid", json_string(key->key.id));
    (void)json_object_set_new(document, "secret", json_string(secrets[key->secret].word));
    (void)json_object_set_new(document, "file", json_string(key->path));
    output_json(&cli->output, document);
    print_key(cli, key);
}

int cmd_keys_init(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(keystore_release) struct keystore_key key = {0};
    const char *name = cli->flags.name ? cli->flags.name : "default";
    const char *expected = name_check(name);
    int r;

    (void)operands;
    (void)operand;
    if (expected)
        return cli_usage(cli, "'%s' is no name of a key: %s", name, expected);
    r = keystore_create(cli, name, cli->flags.out, &key);
    if (r)
        return r;
    print_made(cli, &key);
    output_note(&cli->output, "keep a copy of '%s' in a safe place, and off shared machines",
                key.path);
    output_note(&cli->output, "register it for a model: modelferry model create MODEL --key %s",
                cli->flags.out ? key.path : name);
    return CLI_OK;
}

int cmd_keys_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(keystore_release) struct keystore_key key = {0};
    json_auto_t *document = NULL;
    int r;

    r = keystore_read(cli, operands > 0 ? operand[0] : NULL, &key);
    if (r)
        return r;
    document = public_file(&key); /* with --json it is a key file, and nothing else */
    output_json(&cli->output, document);
    print_key(cli, &key);
    return CLI_OK;
}

/* ---- export -------------------------------------------------------------------------------- */

/* ret_text: malloc'd */
static int format_public(const struct keystore_key *key, bool pem, char **ret_text)
{
    json_auto_t *file = pem ? NULL : public_file(key);

    *ret_text = pem ? key_to_pem(&key->key) : json_dumps(file, JSON_INDENT(2) | JSON_SORT_KEYS);
    return *ret_text ? 0 : log_fail(ERR_NO_MEMORY, "cannot write a key: out of memory");
}

int cmd_keys_export(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(keystore_release) struct keystore_key key = {0};
    AUTO_FREE char *text = NULL;
    bool pem = cli->flags.pem;
    int r;

    r = keystore_read(cli, operands > 0 ? operand[0] : NULL, &key);
    if (!r)
        r = format_public(&key, pem, &text);
    if (r)
        return r;
    if (!cli->flags.out) {
        (void)fprintf(cli->output.out, "%s%s", text, pem ? "" : "\n");
        return CLI_OK;
    }
    r = file_create(AT_FDCWD, cli->flags.out, text, strlen(text), 0644);
    if (r == FILE_E_EXISTS)
        return output_fail(&cli->output, CLI_FAILED, "choose another --output", "'%s' exists",
                           cli->flags.out);
    if (!r)
        output_note(&cli->output, "the public half of key %s is in '%s'", key.key.id,
                    cli->flags.out);
    return r;
}

/* ---- passphrase ---------------------------------------------------------------------------- */

int cmd_keys_passphrase(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r;

    if (cli->flags.no_passphrase && cli->flags.new_passphrase_file)
        return cli_usage(cli, "--no-passphrase and --new-passphrase-file exclude each other");
    r = keystore_read(cli, operands > 0 ? operand[0] : NULL, &key);
    if (!r)
        r = keystore_reseal(cli, &key);
    if (r)
        return r;
    print_made(cli, &key);
    output_note(&cli->output, "copies made before still open with the passphrase of then");
    return CLI_OK;
}

/* ---- ls ------------------------------------------------------------------------------------ */

int cmd_keys_ls(void *context, int operands, char **operand)
{
    static const struct table_column columns[] = {
        {"NAME",   false},
        {"KEYID",  false},
        {"SECRET", false}
    };
    struct cli *cli = context;
    CLEANUP(table_release) struct table table = {.columns = columns, .count = ARRAY_LEN(columns)};
    json_auto_t *items = json_array();
    json_auto_t *document = json_pack("{s:O}", "items", items);
    const char **names;
    size_t count;
    int status = CLI_OK;
    int r;

    (void)operands;
    (void)operand;
    r = keystore_list(cli, &names, &count);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(keystore_release) struct keystore_key key = {0};
        struct table_row *row;

        r = keystore_read_named(cli, names[i], &key);
        if (r < 0)
            return r;
        if (r) { /* told; the others are listed all the same */
            status = r;
            continue;
        }
        row = table_add(&table);
        table_set(&table, row, 0, names[i], OUTPUT_BOLD);
        table_set(&table, row, 1, key.key.id, OUTPUT_PLAIN);
        table_set(&table, row, 2, secrets[key.secret].word,
                  key.secret == KEYSTORE_PLAIN ? OUTPUT_WARN : OUTPUT_PLAIN);
        (void)json_array_append_new(
            items, json_pack("{s:s, s:s, s:o, s:s}", "name", names[i], "keyid", key.key.id, "key",
                             key_to_json(&key.key), "secret", secrets[key.secret].word));
    }
    output_json(&cli->output, document);
    if (count == 0)
        output_note(&cli->output, "there are no keys; make one: modelferry keys init");
    else
        table_print(&table, &cli->output);
    return status;
}
