/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/workspace.h"

#include <string.h>

int workspace_open(struct cli *cli, struct workspace *workspace)
{
    int r;

    *workspace = (struct workspace){.cli = cli};
    r = server_open(cli, &workspace->server);
    if (!r)
        r = server_workspace(&workspace->server, &workspace->name);
    return r ? r : trust_open(&workspace->server, workspace->name, &workspace->trust);
}

void workspace_close(struct workspace *workspace)
{
    trust_close(&workspace->trust);
    server_close(&workspace->server);
}

int workspace_status(struct workspace *workspace, json_t **ret_status)
{
    return server_get(&workspace->server, "ask for the state of the repositories",
                      SERVER_ADDRESS(&workspace->server, "tuf"), ret_status);
}

const json_t *workspace_entry(const json_t *status, const char *repository, const char *list,
                              const char *role)
{
    size_t i;
    json_t *item;

    json_array_foreach (json_object_get(json_object_get(status, repository), list), i, item) {
        const char *name = json_string_value(json_object_get(item, "role"));

        if (name && strcmp(name, role) == 0)
            return item;
    }
    return NULL;
}
