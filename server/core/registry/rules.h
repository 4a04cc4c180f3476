/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_RULES_H
#define CORE_REGISTRY_RULES_H

#include "base/arena.h"
#include "core/registry/registry.h"
#include "db/db.h"
#include "json/fields.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What administrators demand: of all models of a workspace, or of one.
 *
 * - So many people must approve a version before it is deployed; the larger of both counts.
 * - A protected alias needs a role to be moved; what the model says of an alias wins.
 */

#define RULES_APPROVALS_MAX 16
#define RULES_ALIASES_MAX 256

struct rules {
    int64_t approvals;
    const struct fields_pair *aliases; /* name -> role */
    size_t alias_count;
};

/* What is stored of it. */
struct rules_found {
    int64_t approvals;
    const char *aliases_json;
    int64_t revision; /* 0: nothing was ever set */
    int64_t set_ms;
    const char *set_by;
};

/* "publisher", "operator" or "admin"; as a fields_check. */
const char *rules_check_role(const char *text);

/* place->model NULL: of the workspace. Returns 0, REGISTRY_E_MODEL, or negative. */
int rules_find(struct db *db, const struct registry_place *place, struct arena *arena,
               struct rules_found *ret_found, struct registry_refusal *ret_refusal) MUST_CHECK;

/* Replaces them. Returns 0, REGISTRY_E_MODEL, REGISTRY_E_MATCH, or negative. */
int rules_set(struct db *db, const struct registry_place *place, const struct rules *rules,
              int64_t expected, struct arena *arena, struct rules_found *ret_found,
              struct registry_refusal *ret_refusal) MUST_CHECK;

/* Inside a tx_run: whether the actor may move an alias of a model. Returns 0,
 * REGISTRY_E_PROTECTED, or negative. */
int rules_may_move(struct db *db, const struct registry_place *place, int64_t model_id,
                   const char *alias, struct arena *arena,
                   struct registry_refusal *refusal) MUST_CHECK;

#endif
