/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_archive.h"

#include "base/cleanup.h"
#include "cli/subject.h"

static int run(struct cli *cli, const char *text, bool archives)
{
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *body = NULL;
    json_auto_t *document = NULL;
    struct reference reference;
    int r;

    if (archives) {
        body = json_pack("{s:s}", "reason", cli->flags.reason ? cli->flags.reason : "");
        if (!body)
            return cli_usage(cli, "--reason is not UTF-8");
    }
    r = subject_open(cli, text, SUBJECT_MODEL | SUBJECT_VERSION, &server, &reference);
    if (!r)
        r = server_ask(
            &server,
            &(struct server_question){
                .what = arena_printf(&cli->arena, "%s %s", archives ? "archive" : "restore",
                                     subject_name(cli, &reference)),
                .method = archives ? "PUT" : "DELETE",
                .address = subject_address(&server, &reference, "archive"),
                .body = body,
                .repeatable = true,
            },
            NULL, NULL);
    if (r)
        return r;
    document = json_pack("{s:s, s:s*, s:b}", "model", reference.model, "version", reference.version,
                         "archived", (int)archives);
    output_json(&cli->output, document);
    output_line(&cli->output, "%s %s", archives ? "archived" : "restored",
                subject_name(cli, &reference));
    return CLI_OK;
}

int cmd_archive_archive(void *context, int operands, char **operand)
{
    (void)operands;
    return run(context, operand[0], true);
}

int cmd_archive_restore(void *context, int operands, char **operand)
{
    (void)operands;
    return run(context, operand[0], false);
}
