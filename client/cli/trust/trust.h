/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_TRUST_H
#define CLI_TRUST_TRUST_H

#include "cli/server.h"
#include "lib/repository.h"
#include "tuf/updater.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * This user's own view of a workspace's repositories: trusted metadata in
 * $XDG_CONFIG_HOME/modelferry/trust/WORKSPACE-FINGERPRINT/, where the fingerprint is of the
 * server's address. Whatever is signed next is built on what was verified here, never on the
 * server's word. One command at a time has it: a lock is held from the first refresh on.
 *
 * Functions return 0, an exit status once they reported, or negative (see cli.h).
 */
struct trust {
    struct server *server; /* borrowed */
    const char *workspace;
    const char *directory; /* in the command's arena, as the next two */
    const char *image_dir; /* of metadata */
    const char *director_dir;
    struct repository repository;
    struct updater *updater; /* after trust_refresh() */
    int lock_fd;
};

/* Finds the place; does not read it. ret_trust: trust_close() it. */
int trust_open(struct server *server, const char *workspace, struct trust *ret_trust) MUST_CHECK;
void trust_close(struct trust *trust);

/* Whether a root of the image repository is trusted. */
bool trust_has_root(const struct trust *trust);

/* Stores the first root of a repository, "image" or "director"; refuses to replace one by another.
 */
int trust_pin(struct trust *trust, const char *repository, const json_t *root) MUST_CHECK;

/* The root that is stored, which need not be the newest; a new reference. */
int trust_pinned(struct trust *trust, const char *repository, json_t **ret_root) MUST_CHECK;

/* Takes trust_pin() back, where just this root is stored. */
void trust_unpin(struct trust *trust, const char *repository, const json_t *root);

/* Waits until no other command uses this place. */
int trust_lock(struct trust *trust) MUST_CHECK;

/* Refreshes the image repository; reports what is wrong, as an attack where it is one. */
int trust_refresh(struct trust *trust) MUST_CHECK;

/*
 * The same for who is about to sign the top-level targets anew: that these are refused, since they
 * have expired or their keys were replaced, is no failure.
 */
int trust_refresh_listing(struct trust *trust) MUST_CHECK;

/* Reports an outcome of an updater of this workspace. Returns an exit status. */
int trust_refuse(struct trust *trust, const char *repository, const struct updater *updater,
                 int outcome);

#endif
