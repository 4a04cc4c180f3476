/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/access/credential.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "cli/output.h"
#include "cli/server.h"

int credential_ls(struct cli *cli, const struct credential_kind *kind)
{
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *found = NULL;
    int r = server_open(cli, &server);

    if (!r)
        r = server_list(&server, arena_printf(&cli->arena, "list %ss", kind->noun),
                        SERVER_ADDRESS(&server, kind->collection), "", cli->flags.limit, &found);
    if (r)
        return r;
    listing_print(cli, kind->columns, kind->column_count, found, kind->none);
    return CLI_OK;
}

int credential_revoke(struct cli *cli, const struct credential_kind *kind, const char *id)
{
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *document = json_pack("{s:s, s:b}", "id", id, "revoked", 1);
    int r = server_open(cli, &server);

    if (!r)
        r = server_ask(&server,
                       &(struct server_question){
                           .what = arena_printf(&cli->arena, "revoke %s '%s'", kind->noun, id),
                           .method = "DELETE",
                           .address = SERVER_ADDRESS(&server, kind->collection, id),
                       },
                       NULL, NULL);
    if (r)
        return r;
    output_json(&cli->output, document);
    output_line(&cli->output, "revoked %s '%s'", kind->noun, id);
    return CLI_OK;
}
