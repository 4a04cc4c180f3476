/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_history.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/subject.h"
#include "lib/http_escape.h"
#include "model/name.h"

#include <string.h>

#define DEVICE "device:"

static const struct listing_column columns[] = {
    {"SEQ",    "seq",        LISTING_TEXT },
    {"WHEN",   "at",         LISTING_WHEN },
    {"ACTION", "action",     LISTING_NAME },
    {"OBJECT", "object.id",  LISTING_TEXT },
    {"BY",     "actor.name", LISTING_TEXT },
    {"BEFORE", "before",     LISTING_PAIRS},
    {"AFTER",  "after",      LISTING_PAIRS},
};

/* An alias has a history of its own: it is not looked up. */
static int find_address(struct server *server, const char *text, const char **ret_address)
{
    struct cli *cli = server->cli;
    struct reference reference;
    int r;

    if (strncmp(text, DEVICE, strlen(DEVICE)) == 0) {
        const char *device = text + strlen(DEVICE);

        if (name_check(device))
            return cli_usage(cli, "'%s' is no name of a device: %s", device, name_check(device));
        *ret_address = SERVER_ADDRESS(server, "devices", device, "history");
        return 0;
    }
    r = subject_parse(cli, text, SUBJECT_MODEL | SUBJECT_VERSION, &reference);
    if (r)
        return r;
    *ret_address = reference.alias ? SERVER_ADDRESS(server, "models", reference.model, "aliases",
                                                    reference.alias, "history")
                                   : subject_address(server, &reference, "history");
    return 0;
}

int cmd_history_history(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *entries = NULL;
    const char *address = NULL;
    int r;

    (void)operands;
    r = server_open(cli, &server);
    if (!r)
        r = find_address(&server, operand[0], &address);
    if (!r)
        r = server_list(&server, arena_printf(&cli->arena, "show the history of %s", operand[0]),
                        address, "", cli->flags.limit, &entries);
    if (r)
        return r;
    listing_print(cli, columns, ARRAY_LEN(columns), entries, "nothing is recorded of it");
    return CLI_OK;
}

int cmd_history_audit(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(buffer_release) struct buffer filter = BUFFER((size_t)64 << 10);
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *entries = NULL;
    const struct {
        const char *name;
        const char *value;
    } filters[] = {
        {"object", cli->flags.object},
        {"actor",  cli->flags.actor },
        {"action", cli->flags.action},
    };
    int r;

    (void)operands;
    (void)operand;
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        if (!filters[i].value)
            continue;
        if (filter.size > 0)
            return cli_usage(cli, "give one of --object, --actor and --action");
        buffer_printf(&filter, "%s=", filters[i].name);
        http_escape(&filter, filters[i].value);
    }
    buffer_append_char(&filter, '\0');
    if (filter.failed)
        return cli_usage(cli, "the filter is too long");
    r = server_open(cli, &server);
    if (!r)
        r = server_list(&server, "list the audit log", SERVER_ADDRESS(&server, "audit"),
                        filter.bytes, cli->flags.limit, &entries);
    if (r)
        return r;
    listing_print(cli, columns, ARRAY_LEN(columns), entries, "nothing is recorded");
    return CLI_OK;
}
