/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_NOTES_H
#define CORE_REGISTRY_NOTES_H

#include "base/arena.h"
#include "core/registry/registry.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What may change about a version after it was published, and about a model: notes_version and
 * notes_model say what, and everything else is refused (docs/REGISTRY.md). What the manifest of a
 * version says is signed, and never changes: notes come beside it.
 */

#define NOTES_MAX 1000 /* tags, metrics, parameters each, that are not signed */
#define NOTES_CARD_MAX 262144

/* One member that may change, and how. */
struct notes_member {
    const char *name;
    const char *how; /* a sentence, for docs/REGISTRY.md */
};

extern const struct notes_member notes_version[]; /* ends with a NULL name */
extern const struct notes_member notes_model[];
/* Members of a version that never change, for the sentence that says so. */
extern const char *const notes_immutable[]; /* ends with NULL */

bool notes_may_change(const struct notes_member *members, const char *name);

/* What to set; value NULL: to remove. Names are unique; of metrics, with their datasets. */
struct notes_item {
    const char *name;
    const char *value;
    const char *dataset; /* of a metric; "": it is not said */
};

struct notes_change {
    const struct notes_item *tags;
    size_t tag_count;
    const struct notes_item *metrics; /* values are decimals within the range of a double */
    size_t metric_count;
    const struct notes_item *params;
    size_t param_count;
    const char *card;        /* NULL: stays */
    const char *description; /* of a model; NULL: stays */
    int64_t expected;        /* revision, or REGISTRY_ANY */
};

/*
 * Changes all of it, or nothing; what is so already is no change.
 *
 * ret_revision  the one in force then
 *
 * Returns 0, REGISTRY_E_MODEL, _VERSION, _MATCH, _SIGNED, _MANY, or negative.
 */
int notes_change_version(struct db *db, const struct registry_place *place, const char *version,
                         const struct notes_change *change, struct arena *arena,
                         int64_t *ret_revision, struct registry_refusal *ret_refusal) MUST_CHECK;
/* Likewise; has no metrics and parameters. */
int notes_change_model(struct db *db, const struct registry_place *place,
                       const struct notes_change *change, struct arena *arena,
                       int64_t *ret_revision, struct registry_refusal *ret_refusal) MUST_CHECK;

/* The card of a version, or of the model where version is NULL; "": there is none. Returns 0,
 * REGISTRY_E_MODEL, _VERSION, or negative. */
int notes_card(struct db *db, const struct registry_place *place, const char *version,
               struct arena *arena, const char **ret_card,
               struct registry_refusal *ret_refusal) MUST_CHECK;

#endif
