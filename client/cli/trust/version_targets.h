/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_VERSION_TARGETS_H
#define CLI_TRUST_VERSION_TARGETS_H

#include "base/arena.h"
#include "model/manifest.h"

#include <jansson.h>

/*
 * The targets of a version in its model's role, or of a variant that was added to one: its manifest
 * and every artifact of every variant of it (tuf/targetpath). Whoever lists a version and whoever
 * checks a listing makes them the same way.
 *
 * envelope  the manifest's bytes as the server stores them
 *
 * Returns 0, or negative where memory ends.
 */
int version_targets_add(struct arena *arena, const struct manifest *manifest, const void *envelope,
                        size_t size, json_t *part) MUST_CHECK;

/* The path of the manifest itself. */
const char *version_targets_manifest(struct arena *arena, const struct manifest *manifest);

#endif
