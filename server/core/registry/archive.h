/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_ARCHIVE_H
#define CORE_REGISTRY_ARCHIVE_H

#include "base/arena.h"
#include "core/registry/registry.h"
#include "db/db.h"

/*
 * Archiving: the deletion of what is published, which can be taken back. What is archived is left
 * out of lists and searches, is not deployed, gets no aliases and no new versions; everything of it
 * is kept. What is in use is not archived. Drafts are deleted for good (core/registry/versions.h),
 * and so is what was archived, by core/registry/deletions.h.
 */

#define ARCHIVE_REASON_MAX 4096
#define ARCHIVE_USES_MAX 100 /* so many are named; the others are counted */

/* version NULL: the model, with all of its versions. Again is fine. Returns 0, REGISTRY_E_MODEL,
 * _VERSION, _DRAFT, _DELETED, _IN_USE, or negative. */
int archive_put(struct db *db, const struct registry_place *place, const char *version,
                const char *reason, struct arena *arena,
                struct registry_refusal *ret_refusal) MUST_CHECK;

/* Takes it back. Again is fine. Returns 0, REGISTRY_E_MODEL, _VERSION, _DELETED, or negative. */
int archive_restore(struct db *db, const struct registry_place *place, const char *version,
                    struct arena *arena, struct registry_refusal *ret_refusal) MUST_CHECK;

#endif
