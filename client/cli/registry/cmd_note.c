/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_note.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "cli/subject.h"
#include "model/name.h"

#include <errno.h>
#include <string.h>

#define CARD_MAX ((size_t)256 << 10) /* what the server keeps of a card */

/* Sends one member of what may change. Takes value. */
static int change(struct server *server, const struct reference *reference, const char *member,
                  json_t *value)
{
    struct cli *cli = server->cli;
    json_auto_t *body = json_pack("{s:o}", member, value);
    json_auto_t *answer = NULL;
    const char *name = subject_name(cli, reference);
    int r;

    if (!body)
        return cli_usage(cli, "what is to be set is not UTF-8");
    r = server_ask(server,
                   &(struct server_question){
                       .what = arena_printf(&cli->arena, "change the %s of %s", member, name),
                       .method = "PATCH",
                       .address = subject_address(server, reference, NULL),
                       .body = body,
                       .repeatable = true,
                   },
                   NULL, &answer);
    if (r)
        return r;
    (void)json_object_set_new(answer, "model", json_string(reference->model));
    if (reference->version)
        (void)json_object_set_new(answer, "version", json_string(reference->version));
    output_json(&cli->output, answer);
    output_line(&cli->output, "changed the %s of %s", member, name);
    return CLI_OK;
}

/* ---- tags, parameters --------------------------------------------------------------------- */

/* KEY=VALUE..., or KEY... to be removed. */
static int read_pairs(struct cli *cli, char **texts, int count, bool removes, json_t *pairs)
{
    for (int i = 0; i < count; i++) {
        const char *key = texts[i];
        const char *value = NULL;
        int r = removes ? 0 : reference_pair(cli, "", texts[i], &key, &value);

        if (r)
            return r;
        if (name_check_tag_key(key))
            return cli_usage(cli, "'%s' is no key: %s", key, name_check_tag_key(key));
        if (json_object_get(pairs, key))
            return cli_usage(cli, "'%s' is named twice", key);
        if (json_object_set_new(pairs, key, removes ? json_null() : json_string(value)))
            return cli_usage(cli, "the value of '%s' is not UTF-8", key);
    }
    return 0;
}

static int change_pairs(struct cli *cli, const char *member, unsigned kinds, int operands,
                        char **operand, bool removes)
{
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *pairs = json_object();
    struct reference reference;
    int r = read_pairs(cli, operand + 1, operands - 1, removes, pairs);

    if (!r)
        r = subject_open(cli, operand[0], kinds, &server, &reference);
    return r ? r : change(&server, &reference, member, json_incref(pairs));
}

int cmd_note_tag_set(void *context, int operands, char **operand)
{
    return change_pairs(context, "tags", SUBJECT_MODEL | SUBJECT_VERSION, operands, operand, false);
}

int cmd_note_tag_rm(void *context, int operands, char **operand)
{
    return change_pairs(context, "tags", SUBJECT_MODEL | SUBJECT_VERSION, operands, operand, true);
}

int cmd_note_param_set(void *context, int operands, char **operand)
{
    return change_pairs(context, "params", SUBJECT_VERSION, operands, operand, false);
}

int cmd_note_param_rm(void *context, int operands, char **operand)
{
    return change_pairs(context, "params", SUBJECT_VERSION, operands, operand, true);
}

/* ---- metrics ------------------------------------------------------------------------------ */

static int change_metrics(struct cli *cli, int operands, char **operand, bool removes)
{
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *pairs = json_object();
    json_auto_t *metrics = json_array();
    const char *dataset = cli->flags.dataset;
    struct reference reference;
    const char *name;
    json_t *value;
    int r = read_pairs(cli, operand + 1, operands - 1, removes, pairs);

    if (r)
        return r;
    if (dataset && name_check_dataset(dataset))
        return cli_usage(cli, "--dataset is %s not '%s'", name_check_dataset(dataset), dataset);
    json_object_foreach (pairs, name, value) {
        if (!removes && name_check_metric(json_string_value(value)))
            return cli_usage(cli, "%s=%s is no number; write it like 0.9722 or 1.5e-3", name,
                             json_string_value(value));
        (void)json_array_append_new(metrics, json_pack("{s:s, s:O, s:s*}", "name", name, "value",
                                                       value, "dataset", dataset));
    }
    r = subject_open(cli, operand[0], SUBJECT_VERSION, &server, &reference);
    return r ? r : change(&server, &reference, "metrics", json_incref(metrics));
}

int cmd_note_metric_set(void *context, int operands, char **operand)
{
    return change_metrics(context, operands, operand, false);
}

int cmd_note_metric_rm(void *context, int operands, char **operand)
{
    return change_metrics(context, operands, operand, true);
}

/* ---- cards -------------------------------------------------------------------------------- */

static int read_card(struct cli *cli, const char *path, const char **ret_card)
{
    CLEANUP(buffer_release) struct buffer card = BUFFER(CARD_MAX + 1);
    bool is_input = strcmp(path, "-") == 0;
    AUTO_FCLOSE FILE *file = is_input ? NULL : fopen(path, "re");
    FILE *from = is_input ? cli->in : file;
    char bytes[4096];
    size_t size;

    if (!from)
        return output_fail(&cli->output, CLI_USAGE, NULL, "cannot read '%s': %s", path,
                           strerror(errno));
    while ((size = fread(bytes, 1, sizeof(bytes), from)) > 0 && card.size <= CARD_MAX)
        buffer_append(&card, bytes, size);
    if (ferror(from))
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s'", path);
    if (card.failed || card.size > CARD_MAX)
        return cli_usage(cli, "a card has at most %zu bytes; '%s' has more", CARD_MAX, path);
    if (card.size > 0 && (!utf8_valid(card.bytes, card.size) || memchr(card.bytes, 0, card.size)))
        return cli_usage(cli, "a card is Markdown in UTF-8; '%s' is not", path);
    *ret_card = arena_strndup(&cli->arena, card.size > 0 ? card.bytes : "", card.size);
    return 0;
}

int cmd_note_card_set(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    struct reference reference;
    const char *card;
    int r = read_card(cli, operand[1], &card);

    (void)operands;
    if (!r)
        r = subject_open(cli, operand[0], SUBJECT_MODEL | SUBJECT_VERSION, &server, &reference);
    return r ? r : change(&server, &reference, "card", json_string(card));
}

int cmd_note_card_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(buffer_release) struct buffer card = BUFFER(CARD_MAX);
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *document = NULL;
    struct reference reference;
    int r = subject_open(cli, operand[0], SUBJECT_MODEL | SUBJECT_VERSION, &server, &reference);

    (void)operands;
    if (!r)
        r = server_get_bytes(&server, arena_printf(&cli->arena, "show the card of %s", operand[0]),
                             subject_address(&server, &reference, "card"), &card);
    if (r)
        return r;
    document = json_pack("{s:s, s:s*, s:s%}", "model", reference.model, "version",
                         reference.version, "card", card.size > 0 ? card.bytes : "", card.size);
    output_json(&cli->output, document);
    if (card.size == 0)
        output_note(&cli->output, "%s has no card", subject_name(cli, &reference));
    else if (!cli->output.json)
        (void)fwrite(card.bytes, 1, card.size, cli->output.out);
    return CLI_OK;
}
