/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry/cmd_search.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "cli/listing.h"
#include "cli/server.h"
#include "lib/http_escape.h"

#include <string.h>

static const struct listing_column version_columns[] = {
    {"MODEL",     "model",        LISTING_NAME  },
    {"VERSION",   "version",      LISTING_NAME  },
    {"STATE",     "state",        LISTING_STATE },
    {"PUBLISHED", "published_at", LISTING_WHEN  },
    {"ALIASES",   "aliases",      LISTING_VALUES},
    {"VARIANTS",  "variants",     LISTING_VALUES},
    {"METRICS",   "metrics",      LISTING_PAIRS },
    {"TAGS",      "tags",         LISTING_PAIRS },
};

static const struct listing_column model_columns[] = {
    {"NAME",        "name",        LISTING_NAME },
    {"STATE",       "state",       LISTING_STATE},
    {"CREATED",     "created_at",  LISTING_WHEN },
    {"ALIASES",     "aliases",     LISTING_PAIRS},
    {"TAGS",        "tags",        LISTING_PAIRS},
    {"DESCRIPTION", "description", LISTING_TEXT },
};

static int make_arguments(struct cli *cli, const char *query, const char **ret_arguments)
{
    CLEANUP(buffer_release) struct buffer arguments = BUFFER((size_t)64 << 10);

    buffer_printf(&arguments, "of=%s&q=", cli->flags.models ? "models" : "versions");
    http_escape(&arguments, query);
    buffer_append_text(&arguments, "&order_by=");
    http_escape(&arguments, cli->flags.sort ? cli->flags.sort : "");
    buffer_append_char(&arguments, '\0');
    if (arguments.failed)
        return cli_usage(cli, "the query is too long: at most 4096 bytes");
    *ret_arguments = arena_strdup(&cli->arena, arguments.bytes);
    return 0;
}

int cmd_search_search(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(server_close) struct server server = {0};
    json_auto_t *found = NULL;
    const char *arguments = NULL;
    int r;

    r = make_arguments(cli, operands > 0 ? operand[0] : "", &arguments);
    if (!r)
        r = server_open(cli, &server);
    if (!r)
        r = server_list(&server, "search", SERVER_ADDRESS(&server, "search"), arguments,
                        cli->flags.limit, &found);
    if (r)
        return r;
    if (cli->flags.models)
        listing_print(cli, model_columns, ARRAY_LEN(model_columns), found, "no model matches");
    else
        listing_print(cli, version_columns, ARRAY_LEN(version_columns), found,
                      "no version matches");
    return CLI_OK;
}
