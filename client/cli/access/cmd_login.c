/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/access/cmd_login.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/prompt.h"
#include "cli/server.h"
#include "cli/table.h"
#include "cli/units.h"
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_BYTES_MAX 4096

struct token {
    char text[TOKEN_BYTES_MAX];
};

static void wipe_token(struct token *token)
{
    secret_wipe(token, sizeof(*token));
}

static int read_token_file(struct cli *cli, struct token *token)
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    int r;

    r = file_read(AT_FDCWD, cli->flags.token_file, sizeof(token->text) - 1, &bytes, &size);
    if (r == FILE_E_MISSING)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': no such file",
                           cli->flags.token_file);
    if (r == FILE_E_TOO_LARGE)
        return output_fail(&cli->output, CLI_FAILED, NULL, "'%s' is too large to be a token",
                           cli->flags.token_file);
    if (r)
        return r;
    memcpy(token->text, bytes, size + 1);
    secret_wipe(bytes, size);
    return 0;
}

/* A header takes visible ASCII only. */
static int check_token(struct cli *cli, struct token *token)
{
    size_t length = strlen(token->text);

    while (length > 0 && strchr(" \t\r\n", token->text[length - 1]))
        token->text[--length] = '\0';
    if (length == 0)
        return output_fail(&cli->output, CLI_USAGE,
                           "pipe it in: modelferry login URL < FILE; or use --token-file FILE",
                           "no token came on standard input");
    for (size_t i = 0; i < length; i++)
        if (token->text[i] <= ' ' || token->text[i] > '~')
            return cli_usage(cli, "that is no token: it has characters that no token has");
    return 0;
}

static int read_token(struct cli *cli, struct token *token)
{
    int r = cli->flags.token_file ? read_token_file(cli, token)
                                  : prompt_secret(cli, "token: ", token->text, sizeof(token->text));

    return r ? r : check_token(cli, token);
}

static void print_whoami(struct cli *cli, const struct server *server, const char *profile,
                         const json_t *whoami)
{
    CLEANUP(table_release) struct table sheet = {0};
    const json_t *token = json_object_get(whoami, "token");
    const json_t *roles = json_object_get(token, "roles");
    const char *expires = json_string_value(json_object_get(token, "expires_at"));
    char when[UNITS_SIZE];
    const char *text = "";
    size_t index;
    json_t *role;

    json_array_foreach (roles, index, role)
        text = arena_printf(&cli->arena, "%s%s%s", text, index ? ", " : "",
                            json_string_value(role) ? json_string_value(role) : "?");
    units_when(expires, cli->output.now_ms, when);
    table_pair(&sheet, "server", server->url);
    table_pair(&sheet, "profile", profile);
    table_pair(&sheet, "workspace", json_string_value(json_object_get(whoami, "workspace")));
    table_pair(&sheet, "token", json_string_value(json_object_get(token, "name")));
    table_pair(&sheet, "roles", text);
    table_pair(&sheet, "expires", when);
    table_print_sheet(&sheet, &cli->output);
}

/* The answer of whoami with what only this side knows. */
static int ask_whoami(struct cli *cli, struct server *server, const char *profile,
                      json_t **ret_whoami)
{
    int r;

    r = server_get(server, "ask who you are", SERVER_ADDRESS(server, "whoami"), ret_whoami);
    if (r)
        return r;
    if (!json_is_string(json_object_get(*ret_whoami, "workspace")))
        return output_fail(&cli->output, CLI_FAILED, "is this the address of a modelferry server?",
                           "cannot ask who you are: the answer names no workspace");
    (void)json_object_set_new(*ret_whoami, "url", json_string(server->url));
    (void)json_object_set_new(*ret_whoami, "profile", profile ? json_string(profile) : json_null());
    return 0;
}

static int store(struct cli *cli, const struct profile *profile)
{
    const char *error = NULL;
    int r;

    r = profile_write(&cli->arena, profile, &error);
    if (r > 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "%s", error);
    return r;
}

/* A relative path would mean another file in another folder. */
static int absolute_ca_file(struct cli *cli, const char **ret_path)
{
    char path[PATH_MAX];

    if (!cli->flags.ca_file)
        return 0;
    if (!realpath(cli->flags.ca_file, path))
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s",
                           cli->flags.ca_file, strerror(errno));
    *ret_path = arena_strdup(&cli->arena, path);
    return 0;
}

int cmd_login_login(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    CLEANUP(wipe_token) struct token token = {0};
    json_auto_t *whoami = NULL;
    struct profile profile = {.name = server_profile_name(cli), .token = token.text};
    const char *error = NULL;
    int r;

    (void)operands;
    profile.url = profile_url(&cli->arena, operand[0], &error);
    if (!profile.url)
        return cli_usage(cli, "%s", error);
    r = absolute_ca_file(cli, &profile.ca_file);
    if (!r)
        r = read_token(cli, &token);
    if (!r)
        r = server_open_profile(cli, &profile, &server);
    if (!r)
        r = ask_whoami(cli, &server, profile.name, &whoami);
    if (!r)
        r = store(cli, &profile);
    if (r)
        return r;
    if (profile_url_is_plain(profile.url))
        output_warn(&cli->output, "'%s' is not encrypted: who is on the way can read the token",
                    profile.url);
    output_json(&cli->output, whoami);
    print_whoami(cli, &server, profile.name, whoami);
    output_note(&cli->output, "stored as profile '%s'", profile.name);
    return CLI_OK;
}

int cmd_login_logout(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    const char *name = server_profile_name(cli);
    json_auto_t *document = json_pack("{s:s, s:b}", "profile", name, "removed", 1);
    const char *error = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = profile_remove(&cli->arena, name, &error);
    if (r == PROFILE_E_MISSING)
        return output_fail(&cli->output, CLI_FAILED, NULL, "there is no profile '%s'", name);
    if (r > 0)
        return output_fail(&cli->output, CLI_USAGE, NULL, "%s", error);
    if (r)
        return r;
    output_json(&cli->output, document);
    output_line(&cli->output, "forgot profile '%s'", name);
    return CLI_OK;
}

int cmd_login_whoami(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *whoami = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = server_open(cli, &server);
    if (!r)
        r = ask_whoami(cli, &server, server.profile, &whoami);
    if (r)
        return r;
    output_json(&cli->output, whoami);
    print_whoami(cli, &server, server.profile ? server.profile : "(environment)", whoami);
    return CLI_OK;
}
