/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_ALIASES_H
#define CORE_REGISTRY_ALIASES_H

#include "base/arena.h"
#include "core/registry/registry.h"
#include "db/db.h"
#include "db/q_alias.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Aliases: names of versions that move. Of two that move one at the same time with the revision
 * that they have seen, one succeeds and the other is told where it points now.
 *
 * Who may: any role that gets here, but for aliases that the rules (core/registry/rules.h) protect,
 * which need the role named there, or an administrator.
 */

/*
 * Points an alias to a published version, in use. Where it points there already nothing changes.
 *
 * expected  its revision, REGISTRY_NONE or REGISTRY_ANY
 *
 * Returns 0, REGISTRY_E_MODEL, _VERSION, _DRAFT, _ARCHIVED, _PROTECTED, _MATCH, or negative.
 */
int aliases_set(struct db *db, const struct registry_place *place, const char *alias,
                const char *version, int64_t expected, struct arena *arena,
                struct q_alias *ret_alias, struct registry_refusal *ret_refusal) MUST_CHECK;

/* Returns 0, REGISTRY_E_MODEL, _ALIAS, _PROTECTED, _MATCH, or negative. */
int aliases_remove(struct db *db, const struct registry_place *place, const char *alias,
                   int64_t expected, struct arena *arena,
                   struct registry_refusal *ret_refusal) MUST_CHECK;

/* Returns 0, REGISTRY_E_MODEL, _ALIAS, or negative. */
int aliases_find(struct db *db, const struct registry_place *place, const char *alias,
                 struct arena *arena, struct q_alias *ret_alias,
                 struct registry_refusal *ret_refusal) MUST_CHECK;

/* By name, those behind `after` (NULL: from the start), at most limit. Returns 0,
 * REGISTRY_E_MODEL, or negative. */
int aliases_list(struct db *db, const struct registry_place *place, const char *after,
                 int64_t limit, struct arena *arena, struct q_alias **ret_aliases,
                 size_t *ret_count, struct registry_refusal *ret_refusal) MUST_CHECK;

#endif
