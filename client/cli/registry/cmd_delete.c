/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_delete.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "cli/prompt.h"
#include "cli/subject.h"
#include "lib/http_escape.h"

static const char *address_of(const struct server *server, const struct reference *reference)
{
    CLEANUP(buffer_release) struct buffer address = BUFFER((size_t)64 << 10);
    struct cli *cli = server->cli;

    buffer_append_text(&address, subject_address(server, reference, NULL));
    if (cli->flags.reason && reference->version) {
        buffer_append_text(&address, "?reason=");
        http_escape(&address, cli->flags.reason);
    }
    buffer_append_char(&address, '\0');
    return address.failed ? NULL : arena_strdup(&cli->arena, address.bytes);
}

int cmd_delete_delete(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *document = NULL;
    struct reference reference;
    const char *address;
    const char *name;
    int r = subject_open(cli, operand[0], SUBJECT_MODEL | SUBJECT_VERSION, &server, &reference);

    (void)operands;
    if (r)
        return r;
    name = subject_name(cli, &reference);
    address = address_of(&server, &reference);
    if (!address)
        return cli_usage(cli, "--reason is too long: at most 4096 bytes");
    r = prompt_confirm(cli, "delete %s, %s", name,
                       reference.version ? "whose bytes never come back"
                                         : "with its keys and rules");
    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "delete %s", name),
                           .method = "DELETE",
                           .address = address,
                       },
                       NULL, NULL);
    if (r)
        return r;
    document = json_pack("{s:s, s:s*, s:b}", "model", reference.model, "version", reference.version,
                         "deleted", 1);
    output_json(&cli->output, document);
    output_line(&cli->output, "deleted %s", name);
    return CLI_OK;
}
