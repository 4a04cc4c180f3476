/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_REGISTRY_H
#define CORE_REGISTRY_REGISTRY_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "db/q_life.h"

#include <stdint.h>

/* What the modules have in common that change something about models and versions after they were
 * made: aliases, notes, approvals, archive, rules. */

enum {
    REGISTRY_E_MODEL = 64,     /* no such model */
    REGISTRY_E_VERSION = 65,   /* the model has no such version */
    REGISTRY_E_ALIAS = 66,     /* the model has no such alias */
    REGISTRY_E_APPROVAL = 67,  /* the version has no such approval */
    REGISTRY_E_DRAFT = 68,     /* the version is a draft */
    REGISTRY_E_ARCHIVED = 69,  /* the model, or the version, is archived */
    REGISTRY_E_PROTECTED = 70, /* the alias needs another role */
    REGISTRY_E_MATCH = 71,     /* it is not what was expected; revision, version */
    REGISTRY_E_SIGNED = 72,    /* the manifest says it, so it never changes */
    REGISTRY_E_MANY = 73,      /* there would be too many of them */
    REGISTRY_E_IN_USE = 74,    /* uses */
    REGISTRY_E_APPROVED = 75,  /* who approves has approved already */
    REGISTRY_E_FORBIDDEN = 76, /* somebody else's, or it takes another role */
    REGISTRY_E_PUBLISHED = 77, /* it must be archived first */
    REGISTRY_E_DELETED = 78,   /* the version was deleted for good */
};

/* Which model, who acts, when. Borrowed. */
struct registry_place {
    int64_t workspace_id;
    const char *model;
    const struct audit_actor *actor;
    int64_t now_ms;
};

/* What a change is to replace: a revision (from 1), or one of these. */
#define REGISTRY_ANY ((int64_t)-1) /* whatever is there */
#define REGISTRY_NONE ((int64_t)0) /* nothing must be there */

/* Why something was refused: a sentence, and what the caller shows beside it. Strings live in the
 * arena of the call. */
struct registry_refusal {
    char text[512];
    int64_t revision;    /* MATCH: the one there is; 0: there is nothing */
    const char *version; /* MATCH of an alias: where it points; NULL: nowhere */
    struct q_life_uses uses;
};

/* Writes the sentence of a refusal; returns the outcome. */
int registry_refuse(struct registry_refusal *refusal, int outcome, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The model of a place, not locked. Returns 0, REGISTRY_E_MODEL, or negative. */
int registry_find_model(struct db *db, const struct registry_place *place, int64_t *ret_model_id,
                        struct registry_refusal *refusal) MUST_CHECK;

/* The model of a place, held until the transaction ends. Returns 0, REGISTRY_E_MODEL, or
 * negative. */
int registry_hold_model(struct db *db, const struct registry_place *place, enum q_life_lock lock,
                        struct arena *arena, struct q_life *ret_model,
                        struct registry_refusal *refusal) MUST_CHECK;

/* A version of it, likewise, whatever its state. Returns 0, REGISTRY_E_VERSION, or negative. */
int registry_hold_version(struct db *db, const struct registry_place *place, int64_t model_id,
                          const char *version, enum q_life_lock lock, struct arena *arena,
                          struct q_life *ret_version, struct registry_refusal *refusal) MUST_CHECK;

/* A version that is published and, as its model, in use; both are shared until the transaction
 * ends. Returns 0, REGISTRY_E_MODEL, _VERSION, _DRAFT, _ARCHIVED, _DELETED, or negative. */
int registry_share_usable(struct db *db, const struct registry_place *place, const char *version,
                          struct arena *arena, struct q_life *ret_version,
                          struct registry_refusal *refusal) MUST_CHECK;

/* Writes that something is in use, by the first of refusal->uses. version NULL: the model. Returns
 * REGISTRY_E_IN_USE. */
int registry_refuse_uses(const struct registry_place *place, const char *version,
                         struct registry_refusal *refusal);

/* Whether a version that is held was deleted. Returns 0, REGISTRY_E_DELETED, or negative. */
int registry_check_kept(struct db *db, const struct q_life *version, struct arena *arena,
                        struct registry_refusal *refusal) MUST_CHECK;

/* Whether a revision is the expected one. Returns 0 or REGISTRY_E_MATCH. */
int registry_match(int64_t expected, int64_t revision, struct registry_refusal *refusal) MUST_CHECK;

/* Records a change of the model, or of what is behind MODEL@. Takes before and after. */
int registry_record(struct db *db, const struct registry_place *place, enum audit_action action,
                    const char *part, json_t *before, json_t *after) MUST_CHECK;

#endif
