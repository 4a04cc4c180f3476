/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_approval.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/subject.h"
#include "lib/http_escape.h"

#include <string.h>

static const struct listing_column columns[] = {
    {"ID",        "id",           LISTING_TEXT  },
    {"BY",        "approved_by",  LISTING_NAME  },
    {"ROLE",      "role",         LISTING_TEXT  },
    {"WHEN",      "approved_at",  LISTING_WHEN  },
    {"WITHDRAWN", "withdrawn.at", LISTING_WHEN  },
    {"EVIDENCE",  "evidence",     LISTING_VALUES},
    {"REASON",    "reason",       LISTING_TEXT  },
};

int cmd_approval_approve(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    const struct options_list *said = &cli->flags.evidence;
    json_auto_t *evidence = json_array();
    json_auto_t *body = NULL;
    json_auto_t *answer = NULL;
    struct reference reference;
    int r;

    (void)operands;
    if (!cli->flags.reason || !*cli->flags.reason)
        return cli_usage(cli, "say why: --reason TEXT");
    for (size_t i = 0; i < said->count; i++) {
        if (json_array_append_new(evidence, json_string(said->texts[i])))
            return cli_usage(cli, "--evidence '%s' is not UTF-8", said->texts[i]);
    }
    body = json_pack("{s:s, s:O}", "reason", cli->flags.reason, "evidence", evidence);
    if (!body)
        return cli_usage(cli, "--reason is not UTF-8");
    r = subject_open(cli, operand[0], SUBJECT_VERSION, &server, &reference);
    if (!r)
        r = server_ask(
            &server,
            &(struct server_question){
                .what = arena_printf(&cli->arena, "approve %s", subject_name(cli, &reference)),
                .address = subject_address(&server, &reference, "approvals"),
                .body = body,
            },
            NULL, &answer);
    if (r)
        return r;
    output_json(&cli->output, answer);
    output_line(&cli->output, "approved %s as '%s'", subject_name(cli, &reference),
                json_string_value(json_object_get(answer, "approved_by")));
    return CLI_OK;
}

static int list(struct server *server, const struct reference *reference, json_t **ret_approvals)
{
    struct cli *cli = server->cli;

    return server_list(
        server, arena_printf(&cli->arena, "list the approvals of %s", subject_name(cli, reference)),
        subject_address(server, reference, "approvals"), "", cli->flags.limit, ret_approvals);
}

/* How many are demanded, which a list of pages does not say. */
static int add_tally(struct server *server, const struct reference *reference, json_t *approvals)
{
    struct cli *cli = server->cli;
    json_auto_t *page = NULL;
    int r = server_get(
        server, arena_printf(&cli->arena, "list the approvals of %s", subject_name(cli, reference)),
        subject_address(server, reference, "approvals"), &page);

    if (r)
        return r;
    (void)json_object_set(approvals, "required", json_object_get(page, "required"));
    (void)json_object_set(approvals, "counted", json_object_get(page, "counted"));
    return 0;
}

int cmd_approval_ls(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *approvals = NULL;
    struct reference reference;
    int r = subject_open(cli, operand[0], SUBJECT_VERSION, &server, &reference);

    (void)operands;
    if (!r)
        r = list(&server, &reference, &approvals);
    if (!r)
        r = add_tally(&server, &reference, approvals);
    if (r)
        return r;
    listing_print(cli, columns, ARRAY_LEN(columns), approvals, "nobody has approved it");
    output_note(&cli->output, "%zu of %lld that a deployment needs",
                json_array_size(json_object_get(approvals, "counted")),
                (long long)json_integer_value(json_object_get(approvals, "required")));
    return CLI_OK;
}

/* The one that counts and is of whoever asks. */
static int find_own(struct server *server, const struct reference *reference, const char **ret_id)
{
    struct cli *cli = server->cli;
    json_auto_t *whoami = NULL;
    json_auto_t *approvals = NULL;
    json_t *approval;
    size_t index;
    int r = server_get(server, "ask who you are", SERVER_ADDRESS(server, "whoami"), &whoami);

    if (!r)
        r = list(server, reference, &approvals);
    if (r)
        return r;
    json_array_foreach (json_object_get(approvals, "items"), index, approval) {
        if (!json_equal(json_object_get(approval, "approved_by"),
                        json_object_get(json_object_get(whoami, "token"), "name")) ||
            !json_is_null(json_object_get(approval, "withdrawn")))
            continue;
        *ret_id = arena_printf(&cli->arena, "%lld",
                               (long long)json_integer_value(json_object_get(approval, "id")));
        return 0;
    }
    return output_fail(&cli->output, CLI_FAILED,
                       "see modelferry approval ls; an administrator withdraws others' by their ID",
                       "you have not approved %s", subject_name(cli, reference));
}

static const char *withdrawal_address(const struct server *server,
                                      const struct reference *reference, const char *id)
{
    CLEANUP(buffer_release) struct buffer address = BUFFER((size_t)64 << 10);
    struct cli *cli = server->cli;

    buffer_append_text(&address, subject_address(server, reference, "approvals"));
    buffer_append_char(&address, '/');
    http_escape(&address, id);
    if (cli->flags.reason) {
        buffer_append_text(&address, "?reason=");
        http_escape(&address, cli->flags.reason);
    }
    buffer_append_char(&address, '\0');
    return address.failed ? NULL : arena_strdup(&cli->arena, address.bytes);
}

int cmd_approval_withdraw(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    const char *id = operands > 1 ? operand[1] : NULL;
    json_auto_t *document = NULL;
    struct reference reference;
    const char *address;
    int r = subject_open(cli, operand[0], SUBJECT_VERSION, &server, &reference);

    if (!r && !id)
        r = find_own(&server, &reference, &id);
    if (r)
        return r;
    address = withdrawal_address(&server, &reference, id);
    if (!address)
        return cli_usage(cli, "--reason is too long: at most 4096 bytes");
    r = server_ask(&server,
                   &(struct server_question){
                       .what = arena_printf(&cli->arena, "withdraw approval %s of %s", id,
                                            subject_name(cli, &reference)),
                       .method = "DELETE",
                       .address = address,
                   },
                   NULL, NULL);
    if (r)
        return r;
    document = json_pack("{s:s, s:s, s:s, s:b}", "model", reference.model, "version",
                         reference.version, "approval", id, "withdrawn", 1);
    output_json(&cli->output, document);
    output_line(&cli->output, "withdrew approval %s of %s", id, subject_name(cli, &reference));
    return CLI_OK;
}
