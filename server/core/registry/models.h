/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_MODELS_H
#define CORE_REGISTRY_MODELS_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "db/db.h"
#include "db/q_model.h"
#include "json/fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Models: named lines of versions. */

#define MODELS_DESCRIPTION_MAX 16384
#define MODELS_KEYS_MAX 64 /* given when a model is made */

enum {
    MODELS_E_EXISTS = 33,
    MODELS_E_MISSING = 34,
    MODELS_E_KEY_TWICE = 35, /* the same key was given more than once */
};

struct models_draft {
    const char *name;
    const char *description; /* NULL: none */
    const struct fields_pair *tags;
    size_t tag_count;
    const struct q_model_key *keys; /* of keys_prepare() */
    size_t key_count;
    const struct audit_actor *actor;
};

/* With its tags and keys, or not at all. Returns 0, MODELS_E_EXISTS, MODELS_E_KEY_TWICE, or
 * negative. */
int models_create(struct db *db, int64_t workspace_id, const struct models_draft *draft,
                  int64_t now_ms, struct arena *arena, struct q_model *ret_model) MUST_CHECK;

/* Returns 0, MODELS_E_MISSING, or negative. */
int models_find(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                struct q_model *ret_model) MUST_CHECK;

/* By name, those behind `after` (NULL: from the start), at most limit, fewer where they are
 * large; either those in use, or those that are archived. */
int models_list(struct db *db, int64_t workspace_id, bool archived, const char *after,
                int64_t limit, struct arena *arena, struct q_model_page *ret_page) MUST_CHECK;

#endif
