/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_DELETIONS_H
#define CORE_REGISTRY_DELETIONS_H

#include "base/arena.h"
#include "core/registry/registry.h"
#include "db/db.h"

#include <stdbool.h>

/*
 * Deletion for good. A version has to be archived first, and nothing may use it any more; its bytes
 * go, what was signed, its lineage and its history stay, and its name is never given again. Drafts
 * are deleted by core/registry/versions.h.
 */

/*
 * Deletes an archived version; who asks must be an administrator, or the server itself. Again is
 * fine.
 *
 * ret_deleted  false: it was deleted before
 *
 * Returns 0, REGISTRY_E_MODEL, _VERSION, _DRAFT, _PUBLISHED (it is not archived), _FORBIDDEN,
 * _IN_USE, or negative.
 */
int deletions_delete(struct db *db, const struct registry_place *place, const char *version,
                     const char *reason, struct arena *arena, bool *ret_deleted,
                     struct registry_refusal *ret_refusal) MUST_CHECK;

/* Deletes a model that never had a version, or only drafts that were deleted; its name is free
 * again. Returns 0, REGISTRY_E_MODEL, REGISTRY_E_IN_USE, or negative. */
int deletions_delete_model(struct db *db, const struct registry_place *place, struct arena *arena,
                           struct registry_refusal *ret_refusal) MUST_CHECK;

#endif
