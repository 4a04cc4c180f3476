/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_alias.h"

#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/subject.h"
#include "model/name.h"

#include <string.h>

#define NONE "none"

static const struct listing_column columns[] = {
    {"ALIAS",   "alias",    LISTING_NAME},
    {"VERSION", "version",  LISTING_TEXT},
    {"MOVED",   "moved_at", LISTING_WHEN},
    {"BY",      "moved_by", LISTING_TEXT},
};

/* Where an alias is, and what it must be for it to be moved. */
struct moving {
    struct cli *cli;
    struct server server;
    struct reference reference;
    const char *alias;
    const char *address;
    const char *if_match; /* NULL: whatever is there */
    bool must_be_new;
};

static void release(struct moving *moving)
{
    server_close(&moving->server);
}

static int refuse_expected(const struct moving *moving, const char *points_to)
{
    struct cli *cli = moving->cli;

    return output_fail(&cli->output, CLI_FAILED,
                       "somebody moved it: look, then say what you expect now",
                       "'%s' of model '%s' points to %s, not to %s", moving->alias,
                       moving->reference.model, points_to, cli->flags.expect);
}

/* Compare and set: the revision of what --expect says is what If-Match then demands. */
static int expect(struct moving *moving)
{
    struct cli *cli = moving->cli;
    json_auto_t *alias = NULL;
    const char *version;
    int status;
    int r;

    if (!cli->flags.expect)
        return 0;
    if (strcmp(cli->flags.expect, NONE) == 0) {
        moving->must_be_new = true;
        return 0;
    }
    r = server_ask(&moving->server,
                   &(struct server_question){
                       .what = arena_printf(&cli->arena, "find alias '%s' of model '%s'",
                                            moving->alias, moving->reference.model),
                       .address = moving->address,
                       .tolerated = 404,
                   },
                   &status, &alias);
    if (r)
        return r;
    version = json_string_value(json_object_get(alias, "version"));
    if (status == 404 || !version)
        return refuse_expected(moving, "nothing");
    if (strcmp(version, cli->flags.expect) != 0)
        return refuse_expected(moving, version);
    moving->if_match = arena_printf(
        &cli->arena, "\"%lld\"", (long long)json_integer_value(json_object_get(alias, "revision")));
    return 0;
}

static int begin(struct moving *moving, char **operand)
{
    struct cli *cli = moving->cli;
    const char *expected = name_check_alias(operand[1]);
    const char *expect_version = cli->flags.expect;
    int r = subject_parse(cli, operand[0], SUBJECT_MODEL, &moving->reference);

    if (r)
        return r;
    if (expected)
        return cli_usage(cli, "'%s' is no alias: %s", operand[1], expected);
    if (expect_version && strcmp(expect_version, NONE) != 0 && name_check_version(expect_version))
        return cli_usage(cli, "--expect takes a version, or 'none', not '%s'", expect_version);
    moving->alias = operand[1];
    r = server_open(cli, &moving->server);
    if (r)
        return r;
    moving->address = SERVER_ADDRESS(&moving->server, "models", moving->reference.model, "aliases",
                                     moving->alias);
    return expect(moving);
}

int cmd_alias_set(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct moving moving = {.cli = cli};
    const char *expected = name_check_version(operand[2]);
    json_auto_t *body = NULL;
    json_auto_t *answer = NULL;
    int r;

    (void)operands;
    if (expected)
        return cli_usage(cli, "'%s' is no version: %s", operand[2], expected);
    r = begin(&moving, operand);
    if (r)
        return r;
    body = json_pack("{s:s}", "version", operand[2]);
    r = server_ask(&moving.server,
                   &(struct server_question){
                       .what = arena_printf(&cli->arena, "set alias '%s' of model '%s' to %s",
                                            moving.alias, operand[0], operand[2]),
                       .method = "PUT",
                       .address = moving.address,
                       .body = body,
                       .if_match = moving.if_match,
                       .must_be_new = moving.must_be_new,
                   },
                   NULL, &answer);
    if (r)
        return r;
    output_json(&cli->output, answer);
    output_line(&cli->output, "'%s' of model '%s' is %s", moving.alias, operand[0], operand[2]);
    return CLI_OK;
}

int cmd_alias_ls(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    struct reference reference;
    json_auto_t *aliases = NULL;
    int r = subject_open(cli, operand[0], SUBJECT_MODEL, &server, &reference);

    (void)operands;
    if (!r)
        r = server_list(&server, arena_printf(&cli->arena, "list the aliases of '%s'", operand[0]),
                        subject_address(&server, &reference, "aliases"), "", cli->flags.limit,
                        &aliases);
    if (r)
        return r;
    listing_print(cli, columns, ARRAY_LEN(columns), aliases,
                  "the model has no aliases; make one: modelferry alias set MODEL ALIAS VERSION");
    return CLI_OK;
}

int cmd_alias_rm(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct moving moving = {.cli = cli};
    json_auto_t *document = NULL;
    int r;

    (void)operands;
    if (cli->flags.expect && strcmp(cli->flags.expect, NONE) == 0)
        return cli_usage(cli, "--expect takes the version that the alias points to");
    r = begin(&moving, operand);
    if (!r)
        r = server_ask(&moving.server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "remove alias '%s' of model '%s'",
                                                moving.alias, operand[0]),
                           .method = "DELETE",
                           .address = moving.address,
                           .if_match = moving.if_match,
                       },
                       NULL, NULL);
    if (r)
        return r;
    document =
        json_pack("{s:s, s:s, s:b}", "model", operand[0], "alias", moving.alias, "removed", 1);
    output_json(&cli->output, document);
    output_line(&cli->output, "removed alias '%s' of model '%s'", moving.alias, operand[0]);
    return CLI_OK;
}
