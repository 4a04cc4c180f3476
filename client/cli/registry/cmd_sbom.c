/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_sbom.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/subject.h"

#include <fcntl.h>

#define BOM_MAX ((size_t)64 << 20)

int cmd_sbom_sbom(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(BOM_MAX);
    struct reference reference;
    int r;

    (void)operands;
    r = subject_open(cli, operand[0], SUBJECT_VERSION, &server, &reference);
    if (!r)
        r = server_get_bytes(&server,
                             arena_printf(&cli->arena, "get the bill of materials of '%s'",
                                          subject_name(cli, &reference)),
                             subject_address(&server, &reference, "sbom"), &bytes);
    if (r)
        return r;
    if (cli->flags.out)
        return file_replace(AT_FDCWD, cli->flags.out, bytes.bytes, bytes.size, 0644);
    (void)fwrite(bytes.bytes, 1, bytes.size, cli->output.out);
    (void)fputc('\n', cli->output.out);
    return CLI_OK;
}
