/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_IMAGE_RULES_H
#define CORE_IMAGE_RULES_H

#include "base/arena.h"
#include "db/db.h"
#include "tuf/metadata.h"
#include "tuf/reason.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What the server asks of metadata beyond what a TUF client would: so that what it accepts can be
 * served, and what people signed by mistake never reaches a device. Each function returns 0,
 * IMAGE_RULES_E_BROKEN with the reason, or negative.
 */
enum {
    IMAGE_RULES_E_BROKEN = 1,
};

/* "model-digits" -> "digits"; NULL where it is no model's role. */
const char *image_rules_model(const char *role);

/*
 * A root of either repository: consistent snapshots, and the server's online key (keyid, hex)
 * alone, with threshold 1, for the roles that the server signs.
 */
int image_rules_root(const struct metadata *root, const char *repository, const char *online_keyid,
                     struct reason *reason) MUST_CHECK;

/*
 * The top-level targets: no targets of its own; every delegation is a terminating one to the role
 * of a model, for just this model's paths.
 */
int image_rules_targets(const struct metadata *targets, struct reason *reason) MUST_CHECK;

/*
 * A model's role: every target is one of a published version, with its length and digest; a version
 * is listed whole or not at all; one that was yanked never comes back; no delegations.
 *
 * ret_versions  the versions that it lists; in the arena
 */
int image_rules_model_role(struct db *db, int64_t workspace_id, const char *model,
                           const struct metadata *metadata, struct arena *arena,
                           const char *const **ret_versions, size_t *ret_count,
                           struct reason *reason) MUST_CHECK;

#endif
