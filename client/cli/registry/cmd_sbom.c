/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_sbom.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/reference.h"
#include "cli/server.h"

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
    r = reference_parse(cli, operand[0], &reference);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = server_get_bytes(
            &server, arena_printf(&cli->arena, "get the bill of materials of '%s'", operand[0]),
            SERVER_ADDRESS(&server, "models", reference.model, "versions", reference.version,
                           "sbom"),
            &bytes);
    if (r)
        return r;
    if (cli->flags.out)
        return file_replace(AT_FDCWD, cli->flags.out, bytes.bytes, bytes.size, 0644);
    (void)fwrite(bytes.bytes, 1, bytes.size, cli->output.out);
    (void)fputc('\n', cli->output.out);
    return CLI_OK;
}
