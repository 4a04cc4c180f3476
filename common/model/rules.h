/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_RULES_H
#define MODEL_RULES_H

#include "tuf/metadata.h"
#include "tuf/reason.h"

/*
 * What a workspace's repositories ask of metadata that people sign, beyond what a TUF client does:
 * the command line checks it before it signs, the server before it accepts. Functions return 0, or
 * RULES_E_BROKEN with the reason.
 */
enum {
    RULES_E_BROKEN = 1,
};

/* "model-digits" -> "digits"; NULL where it is no model's role. */
const char *rules_model(const char *role);

/*
 * A root of either repository, "image" or "director": consistent snapshots; one and the same key
 * alone, with threshold 1, for the roles that the server signs; no role with fewer keys than its
 * threshold.
 *
 * online_keyid  which key that must be; NULL: any
 */
int rules_root(const struct metadata *root, const char *repository, const char *online_keyid,
               struct reason *reason) MUST_CHECK;

/*
 * The top-level targets: no targets of its own; every delegation is a terminating one to the role
 * of a model, for just this model's paths.
 */
int rules_targets(const struct metadata *targets, struct reason *reason) MUST_CHECK;

#endif
