/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "cli/server.h"
#include "lib/repository.h"
#include "tuf/updater.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * This user's own view of a workspace's image repository: trusted metadata in
 * $XDG_CONFIG_HOME/modelferry/trust/WORKSPACE-FINGERPRINT/, where the fingerprint is of the
 * server's address. Whatever is signed next is built on what was verified here, never on the
 * server's word.
 *
 * Functions return 0, an exit status once they reported, or negative (see cli.h).
 */
struct trust {
    struct server *server; /* borrowed */
    const char *workspace;
    const char *image_dir; /* of metadata; in the command's arena */
    const char *director_dir;
    struct repository repository;
    struct updater *updater; /* after trust_refresh() */
};

/* Finds the place; does not read it. ret_trust: trust_close() it. */
int trust_open(struct server *server, const char *workspace, struct trust *ret_trust) MUST_CHECK;
void trust_close(struct trust *trust);

/* Whether a root is trusted here. */
bool trust_has_root(const struct trust *trust);

/* Stores the first root of a repository, "image" or "director"; refuses to replace one. */
int trust_pin(struct trust *trust, const char *repository, const json_t *root) MUST_CHECK;

/* Refreshes; reports what is wrong, as an attack where it is one. */
int trust_refresh(struct trust *trust) MUST_CHECK;

/*
 * The signed part of the model's role, verified; NULL where it has published nothing yet. A new
 * reference. After a change of its keys: what was verified here with the keys before.
 */
int trust_model_role(struct trust *trust, const char *model, json_t **ret_part) MUST_CHECK;

#endif
