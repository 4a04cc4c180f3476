/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/access/cmd_token.h"

#include "base/cleanup.h"
#include "cli/access/credential.h"
#include "cli/commands.h"
#include "cli/server.h"

static const struct listing_column list_columns[] = {
    {"ID",        "id",           LISTING_TEXT},
    {"NAME",      "name",         LISTING_NAME},
    {"ROLE",      "role",         LISTING_TEXT},
    {"CREATED",   "created_at",   LISTING_WHEN},
    {"LAST USED", "last_used_at", LISTING_WHEN},
    {"EXPIRES",   "expires_at",   LISTING_WHEN},
    {"REVOKED",   "revoked_at",   LISTING_WHEN},
};

static const struct listing_column created_columns[] = {
    {"name",    "name",       LISTING_TEXT},
    {"id",      "id",         LISTING_TEXT},
    {"role",    "role",       LISTING_TEXT},
    {"expires", "expires_at", LISTING_WHEN},
};

int cmd_token_create(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *body =
        json_pack("{s:s, s:s}", "name", operand[0], "role", commands_roles[cli->flags.role]);
    json_auto_t *token = NULL;
    int r;

    (void)operands;
    if (!body)
        return cli_usage(cli, "the name is not UTF-8");
    if (cli->flags.expires_ms)
        (void)json_object_set_new(body, "expires_in_s",
                                  json_integer((cli->flags.expires_ms + 999) / 1000));
    r = server_open(cli, &server);
    if (r)
        return r;
    r = server_ask(&server,
                   &(struct server_question){
                       .what = "make a token",
                       .address = SERVER_ADDRESS(&server, "tokens"),
                       .body = body,
                   },
                   NULL, &token);
    if (r)
        return r;
    output_json(&cli->output, token);
    if (!cli->output.quiet)
        listing_print_sheet(cli, created_columns, ARRAY_LEN(created_columns), token);
    output_line(&cli->output, "%s", json_string_value(json_object_get(token, "token")));
    output_note(&cli->output, "the token is not shown again");
    return CLI_OK;
}

static const struct credential_kind kind = {
    "token", "tokens", list_columns, ARRAY_LEN(list_columns), "there are no tokens",
};

int cmd_token_ls(void *context, int operands, char **operand)
{
    (void)operands;
    (void)operand;
    return credential_ls(context, &kind);
}

int cmd_token_revoke(void *context, int operands, char **operand)
{
    (void)operands;
    return credential_revoke(context, &kind, operand[0]);
}
