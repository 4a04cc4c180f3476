/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_WORKSPACE_H
#define CLI_TRUST_WORKSPACE_H

#include "cli/server.h"
#include "cli/trust/trust.h"

/* A workspace on its server, and what is trusted of it here. Not movable. */
struct workspace {
    struct cli *cli;
    struct server server;
    struct trust trust;
    const char *name;
};

/* Asks which workspace the token is for; verifies nothing yet. workspace_close() it in any case.
 * Returns 0, an exit status once reported, or negative. */
int workspace_open(struct cli *cli, struct workspace *workspace) MUST_CHECK;

/* Accepts a zeroed struct. */
void workspace_close(struct workspace *workspace);

/* What the server says of both repositories: {"image": {"roles", "pending"}, "director": {...}}.
 * A new reference. */
int workspace_status(struct workspace *workspace, json_t **ret_status) MUST_CHECK;

/* The entry of a role in one of the status's lists, "roles" or "pending"; borrowed, or NULL. */
const json_t *workspace_entry(const json_t *status, const char *repository, const char *list,
                              const char *role);

#endif
