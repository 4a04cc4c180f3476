/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_enrolment.h"

#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/reference.h"
#include "cli/server.h"

#include <string.h>

#define DEVICE_PORT_DEFAULT "8081"

static const struct listing_column list_columns[] = {
    {"ID",         "id",         LISTING_TEXT },
    {"NAME",       "name",       LISTING_NAME },
    {"USED",       "used",       LISTING_TEXT },
    {"USES",       "uses",       LISTING_TEXT },
    {"EXPIRES",    "expires_at", LISTING_WHEN },
    {"REVOKED",    "revoked_at", LISTING_WHEN },
    {"ATTRIBUTES", "attributes", LISTING_PAIRS},
};

static const struct listing_column created_columns[] = {
    {"name",    "name",       LISTING_TEXT},
    {"id",      "id",         LISTING_TEXT},
    {"expires", "expires_at", LISTING_WHEN},
};

/* Where devices talk to: --device-url, else the server's host with the default port. */
static int device_url(struct cli *cli, const struct server *server, const char **ret_url)
{
    const char *error;
    const char *host;
    size_t length;

    if (cli->flags.device_url) {
        *ret_url = profile_url(&cli->arena, cli->flags.device_url, &error);
        return *ret_url ? 0 : cli_usage(cli, "--device-url: %s", error);
    }
    host = strstr(server->url, "://") + 3;
    length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    *ret_url = arena_printf(&cli->arena, "%.*s%.*s:%s", (int)(host - server->url), server->url,
                            (int)length, host, DEVICE_PORT_DEFAULT);
    return 0;
}

static int make_body(struct cli *cli, const char *name, json_t **ret_body)
{
    json_auto_t *attributes = json_object();
    json_auto_t *body = json_pack("{s:s, s:I}", "name", name, "uses", (json_int_t)cli->flags.uses);

    if (!body)
        return cli_usage(cli, "the name is not UTF-8");
    for (size_t i = 0; i < cli->flags.attributes.count; i++) {
        const char *key;
        const char *value;
        int r;

        r = reference_pair(cli, "--attribute", cli->flags.attributes.texts[i], &key, &value);
        if (r)
            return r;
        if (json_object_set_new(attributes, key, json_string(value)) < 0)
            return cli_usage(cli, "--attribute '%s' is not UTF-8", cli->flags.attributes.texts[i]);
    }
    if (cli->flags.expires_ms)
        (void)json_object_set_new(body, "expires_in_s",
                                  json_integer((cli->flags.expires_ms + 999) / 1000));
    if (json_object_size(attributes) > 0)
        (void)json_object_set(body, "attributes", attributes);
    *ret_body = TAKE_PTR(body);
    return 0;
}

int cmd_enrolment_create(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *body = NULL;
    json_auto_t *enrolment = NULL;
    const char *token;
    const char *url;
    const char *command;
    int r;

    (void)operands;
    r = make_body(cli, operand[0], &body);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = device_url(cli, &server, &url);
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = "make an enrolment token",
                           .address = server_address(&server, "enrolments", NULL),
                           .body = body,
                       },
                       NULL, &enrolment);
    if (r)
        return r;
    token = json_string_value(json_object_get(enrolment, "token"));
    command = arena_printf(&cli->arena, "modelferry-agent enroll --url=%s --token=%s", url,
                           token ? token : "?");
    (void)json_object_set_new(enrolment, "command", json_string(command));
    output_json(&cli->output, enrolment);
    if (!cli->output.quiet)
        listing_print_sheet(cli, created_columns, ARRAY_LEN(created_columns), enrolment);
    output_line(&cli->output, "%s", token);
    output_note(&cli->output, "the token is not shown again. On the device:");
    output_note(&cli->output, "    %s", command);
    return CLI_OK;
}

int cmd_enrolment_ls(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *enrolments = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = server_open(cli, &server);
    if (!r)
        r = server_list(&server, "list enrolments", server_address(&server, "enrolments", NULL), "",
                        cli->flags.limit, &enrolments);
    if (r)
        return r;
    listing_print(cli, list_columns, ARRAY_LEN(list_columns), enrolments,
                  "there are no enrolments; make one: modelferry enrolment create NAME");
    return CLI_OK;
}

int cmd_enrolment_revoke(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *document = json_pack("{s:s, s:b}", "id", operand[0], "revoked", 1);
    int r;

    (void)operands;
    r = server_open(cli, &server);
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "revoke enrolment '%s'", operand[0]),
                           .method = "DELETE",
                           .address = server_address(&server, "enrolments", operand[0], NULL),
                       },
                       NULL, NULL);
    if (r)
        return r;
    output_json(&cli->output, document);
    output_line(&cli->output, "revoked enrolment '%s'", operand[0]);
    return CLI_OK;
}
