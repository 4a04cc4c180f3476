/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_keys.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keystore.h"
#include "cli/table.h"
#include "crypto/text.h"
#include "model/name.h"

#include <string.h>

/* A key file without the secret. */
static json_t *public_file(const struct key_pair *pair)
{
    return json_pack("{s:i, s:s, s:s, s:o}", "modelferry_key", 1, "name", pair->name, "keyid",
                     pair->key.id, "key", key_to_json(&pair->key));
}

static void print_key(struct cli *cli, const struct key_pair *pair, const char *path)
{
    CLEANUP(table_release) struct table sheet = {0};
    char *hex = arena_alloc(&cli->arena, 2 * pair->key.public_size + 1);

    text_hex(pair->key.public, pair->key.public_size, hex);
    table_pair(&sheet, "name", pair->name);
    table_pair(&sheet, "keyid", pair->key.id);
    table_pair(&sheet, key_scheme_name(&pair->key), hex);
    table_pair(&sheet, "file", path);
    table_pair(&sheet, "secret", pair->has_secret ? "in the file, not sealed" : "not here");
    table_print_sheet(&sheet, &cli->output);
}

int cmd_keys_init(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    json_auto_t *document = NULL;
    const char *name = cli->flags.name ? cli->flags.name : "default";
    const char *expected = name_check(name);
    const char *path;
    int r;

    (void)operands;
    (void)operand;
    if (expected)
        return cli_usage(cli, "'%s' is no name of a key: %s", name, expected);
    r = key_generate(name, &pair);
    if (!r)
        r = keystore_create(cli, cli->flags.out, &pair, &path);
    if (r)
        return r;
    document = public_file(&pair);
    (void)json_object_set_new(document, "file", json_string(path));
    output_json(&cli->output, document);
    print_key(cli, &pair, path);
    output_warn(&cli->output,
                "the secret half in '%s' is not sealed: who can read the file can sign. Keep a "
                "copy of it in a safe place, and off shared machines",
                path);
    output_note(&cli->output, "register it for a model: modelferry model create MODEL --key %s",
                cli->flags.out ? path : name);
    return CLI_OK;
}

int cmd_keys_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    json_auto_t *document = NULL;
    const char *key = operands > 0 ? operand[0] : NULL;
    const char *path;
    int r;

    r = keystore_read(cli, key, false, &pair, &path);
    if (r)
        return r;
    document = public_file(&pair);
    /* What --json prints is a key file: nothing in it that a key file does not have. */
    (void)json_object_del(document, "keyid");
    output_json(&cli->output, document);
    print_key(cli, &pair, path);
    return CLI_OK;
}

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
    int r;

    (void)operands;
    (void)operand;
    r = keystore_list(cli, &names, &count);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(key_pair_release) struct key_pair pair = {0};
        struct table_row *row;

        r = keystore_read(cli, arena_printf(&cli->arena, "%s", names[i]), false, &pair, NULL);
        if (r)
            return r;
        row = table_add(&table);
        table_set(&table, row, 0, names[i], OUTPUT_BOLD);
        table_set(&table, row, 1, pair.key.id, OUTPUT_PLAIN);
        table_set(&table, row, 2, pair.has_secret ? "yes" : "no", OUTPUT_PLAIN);
        (void)json_array_append_new(
            items, json_pack("{s:s, s:s, s:o, s:b}", "name", names[i], "keyid", pair.key.id, "key",
                             key_to_json(&pair.key), "secret", pair.has_secret ? 1 : 0));
    }
    output_json(&cli->output, document);
    if (count == 0)
        output_note(&cli->output, "there are no keys; make one: modelferry keys init");
    else
        table_print(&table, &cli->output);
    return CLI_OK;
}
