/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_retention.h"

#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/subject.h"

static const struct listing_column sheet[] = {
    {"newest kept",     "newest",     LISTING_TEXT},
    {"days kept",       "days",       LISTING_TEXT},
    {"days in archive", "grace_days", LISTING_TEXT},
    {"set",             "set_at",     LISTING_WHEN},
    {"set by",          "set_by",     LISTING_TEXT},
};

static const struct listing_column plan_columns[] = {
    {"VERSION",   "version",      LISTING_NAME},
    {"STATE",     "state",        LISTING_TEXT},
    {"PUBLISHED", "published_at", LISTING_WHEN},
    {"ACTION",    "action",       LISTING_TEXT},
    {"DUE",       "due_at",       LISTING_TEXT},
    {"WHY",       "why",          LISTING_TEXT},
};

static int open_model(struct cli *cli, const char *model, struct server *ret_server,
                      const char **ret_address)
{
    struct reference reference;
    int r = subject_open(cli, model, SUBJECT_MODEL, ret_server, &reference);

    if (!r)
        *ret_address = subject_address(ret_server, &reference, "retention");
    return r;
}

static const char *rule_of(struct cli *cli, const char *what, const char *model)
{
    return arena_printf(&cli->arena, "%s the retention rule of model '%s'", what, model);
}

static void print(struct cli *cli, const json_t *rule)
{
    output_json(&cli->output, rule);
    if (json_is_null(json_object_get(rule, "newest")))
        output_line(&cli->output, "no rule: every version is kept");
    else
        listing_print_sheet(cli, sheet, ARRAY_LEN(sheet), rule);
}

int cmd_retention_show(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *rule = NULL;
    const char *address;
    int r = open_model(cli, operand[0], &server, &address);

    (void)operands;
    if (!r)
        r = server_get(&server, rule_of(cli, "show", operand[0]), address, &rule);
    if (r)
        return r;
    print(cli, rule);
    return CLI_OK;
}

/* 0 stands for none. */
static json_t *number(int64_t value)
{
    return value ? json_integer((json_int_t)value) : json_null();
}

int cmd_retention_set(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    const struct cli_flags *flags = &cli->flags;
    json_auto_t *body = NULL;
    json_auto_t *rule = NULL;
    const char *address;
    int r;

    (void)operands;
    if (flags->newest == 0)
        return cli_usage(cli, "--newest says how many versions are kept, at least 1");
    body = json_pack("{s:I, s:o, s:o}", "newest", (json_int_t)flags->newest, "days",
                     number(flags->keep_days), "grace_days", number(flags->grace_days));
    r = open_model(cli, operand[0], &server, &address);
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = rule_of(cli, "set", operand[0]),
                           .method = "PUT",
                           .address = address,
                           .body = body,
                           .repeatable = true,
                       },
                       NULL, &rule);
    if (r)
        return r;
    print(cli, rule);
    return CLI_OK;
}

int cmd_retention_rm(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *document = NULL;
    const char *address;
    int r = open_model(cli, operand[0], &server, &address);

    (void)operands;
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = rule_of(cli, "remove", operand[0]),
                           .method = "DELETE",
                           .address = address,
                           .repeatable = true,
                       },
                       NULL, NULL);
    if (r)
        return r;
    document = json_pack("{s:s, s:b}", "model", operand[0], "removed", 1);
    output_json(&cli->output, document);
    output_line(&cli->output, "every version of model '%s' is kept", operand[0]);
    return CLI_OK;
}

static const char *query_of(struct cli *cli)
{
    const struct cli_flags *flags = &cli->flags;
    const char *query = arena_printf(&cli->arena, "newest=%lld", (long long)flags->newest);

    if (flags->newest == 0)
        return "";
    if (flags->keep_days)
        query = arena_printf(&cli->arena, "%s&days=%lld", query, (long long)flags->keep_days);
    if (flags->grace_days)
        query =
            arena_printf(&cli->arena, "%s&grace_days=%lld", query, (long long)flags->grace_days);
    return query;
}

int cmd_retention_plan(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *plan = NULL;
    const char *address;
    int r;

    (void)operands;
    if (cli->flags.newest == 0 && cli->flags.keep_days)
        return cli_usage(cli, "--days is of another rule: say its --newest, too");
    r = open_model(cli, operand[0], &server, &address);
    if (!r)
        r = server_list(&server, arena_printf(&cli->arena, "plan for model '%s'", operand[0]),
                        arena_printf(&cli->arena, "%s/plan", address), query_of(cli),
                        cli->flags.limit, &plan);
    if (r)
        return r;
    listing_print(cli, plan_columns, ARRAY_LEN(plan_columns), plan, "no published versions");
    return CLI_OK;
}
