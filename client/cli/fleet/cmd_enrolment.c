/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fleet/cmd_enrolment.h"

#include "base/cleanup.h"
#include "cli/access/credential.h"
#include "cli/keys/keystore.h"
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

/* ---- the command to paste ------------------------------------------------------------------- */

/* Appends "cat > FILE" with the public half of a key. */
static int append_key(struct cli *cli, const char *said, struct buffer *files, struct buffer *flags)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    json_auto_t *file = NULL;
    AUTO_FREE char *text = NULL;
    int r;

    r = keystore_read(cli, said, &key);
    if (r)
        return r;
    file = json_pack("{s:i, s:s, s:o}", "modelferry_key", 1, "name", key.name, "key",
                     key_to_json(&key.key));
    text = json_dumps(file, JSON_COMPACT);
    buffer_printf(files, "cat > publisher-%.8s.json <<'END'\n%s\nEND\n", key.key.id, text);
    buffer_printf(flags, " --trust=publisher-%.8s.json", key.key.id);
    return 0;
}

/* Whom the device shall trust: --trust, else the key that `publish` would sign with, if any. */
static int append_keys(struct cli *cli, struct buffer *files, struct buffer *flags)
{
    const struct options_list *said = &cli->flags.trust;
    const char *key;
    int r;

    for (size_t i = 0; i < said->count; i++) {
        r = append_key(cli, said->texts[i], files, flags);
        if (r)
            return r;
    }
    if (said->count > 0)
        return 0;
    r = keystore_default(cli, &key);
    if (r)
        return r;
    if (key)
        return append_key(cli, key, files, flags);
    buffer_append_text(flags, " --trust=KEYFILE");
    return 0;
}

/* The token is on no command line, where other users could see it: printf is the shell's own. */
static int make_command(struct cli *cli, const struct server *server, const struct buffer *files,
                        const struct buffer *flags, const char *token, const char **ret_command)
{
    const char *url;
    int r;

    r = device_url(cli, server, &url);
    if (r)
        return r;
    *ret_command = arena_printf(
        &cli->arena, "%sprintf %%s '%s' | modelferry-agent enroll --url=%s --token-file=-%s",
        files->size ? files->bytes : "", token, url, flags->bytes);
    return 0;
}

static void print_command(struct cli *cli, const char *command)
{
    output_note(&cli->output, "the token is not shown again. On the device:");
    while (*command) {
        size_t length = strcspn(command, "\n");

        output_note(&cli->output, "%.*s", (int)length, command);
        command += length + (command[length] == '\n');
    }
}

int cmd_enrolment_create(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    CLEANUP(buffer_release) struct buffer files = BUFFER((size_t)1 << 20);
    CLEANUP(buffer_release) struct buffer flags = BUFFER((size_t)1 << 20);
    json_auto_t *body = NULL;
    json_auto_t *enrolment = NULL;
    const char *token;
    const char *command;
    int r;

    (void)operands;
    r = make_body(cli, operand[0], &body);
    if (!r)
        r = append_keys(cli, &files, &flags);
    if (!r)
        r = server_open(cli, &server);
    if (!r) /* a URL that is wrong is found before a token is made */
        r = make_command(cli, &server, &files, &flags, "", &command);
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = "make an enrolment token",
                           .address = SERVER_ADDRESS(&server, "enrolments"),
                           .body = body,
                       },
                       NULL, &enrolment);
    if (r)
        return r;
    token = json_string_value(json_object_get(enrolment, "token"));
    r = make_command(cli, &server, &files, &flags, token ? token : "?", &command);
    if (r)
        return r;
    (void)json_object_set_new(enrolment, "command", json_string(command));
    output_json(&cli->output, enrolment);
    if (!cli->output.quiet)
        listing_print_sheet(cli, created_columns, ARRAY_LEN(created_columns), enrolment);
    output_line(&cli->output, "%s", token);
    print_command(cli, command);
    return CLI_OK;
}

static const struct credential_kind kind = {
    "enrolment",
    "enrolments",
    list_columns,
    ARRAY_LEN(list_columns),
    "there are no enrolments; make one: modelferry enrolment create NAME",
};

int cmd_enrolment_ls(void *context, int operands, char **operand)
{
    (void)operands;
    (void)operand;
    return credential_ls(context, &kind);
}

int cmd_enrolment_revoke(void *context, int operands, char **operand)
{
    (void)operands;
    return credential_revoke(context, &kind, operand[0]);
}
