/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_RETENTION_H
#define CORE_REGISTRY_RETENTION_H

#include "base/arena.h"
#include "core/registry/registry.h"
#include "db/db.h"
#include "db/q_retention.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which versions of a model are kept: the newest, the young, what something uses, and what a person
 * restored. Whatever else was published is archived, and deleted for good some days later. What a
 * person archived is no matter of a rule.
 */

#define RETENTION_NEWEST_MAX 1000000
#define RETENTION_DAYS_MAX 36500
#define RETENTION_USES_NAMED 3 /* so many are named for a version; the others are counted */

enum retention_action {
    RETENTION_KEEP,
    RETENTION_ARCHIVE,
    RETENTION_WAIT, /* it is archived, and will be deleted */
    RETENTION_DELETE,
    RETENTION_ACTIONS,
};

/* As in JSON. */
extern const char *const retention_actions[RETENTION_ACTIONS];

struct retention_verdict {
    enum retention_action action;
    int64_t due_ms; /* WAIT: when; 0: not as long as things are as they are */
    char why[256];
};

/* What a rule means for one version. uses are those that deletion knows. No I/O. */
void retention_decide(const struct q_retention_rule *rule,
                      const struct q_retention_version *version, const struct q_life_uses *uses,
                      int64_t now_ms, struct retention_verdict *ret_verdict);

/* rule all zeros: there is none. Returns 0, REGISTRY_E_MODEL, or negative. */
int retention_find(struct db *db, const struct registry_place *place, struct arena *arena,
                   struct q_retention_rule *ret_rule,
                   struct registry_refusal *ret_refusal) MUST_CHECK;

/* Replaces it; newest 0 removes it. Returns 0, REGISTRY_E_MODEL, REGISTRY_E_MATCH, or negative. */
int retention_set(struct db *db, const struct registry_place *place,
                  const struct q_retention_rule *rule, int64_t expected, struct arena *arena,
                  struct q_retention_rule *ret_rule,
                  struct registry_refusal *ret_refusal) MUST_CHECK;

struct retention_item {
    struct q_retention_version version;
    struct q_life_uses uses;
    struct retention_verdict verdict;
};

/* What a rule would do, and why: highest id first, those below before_id (0: all). Returns 0,
 * REGISTRY_E_MODEL, or negative. */
int retention_plan(struct db *db, const struct registry_place *place,
                   const struct q_retention_rule *rule, int64_t before_id, int64_t limit,
                   struct arena *arena, struct retention_item **ret_items, size_t *ret_count,
                   struct registry_refusal *ret_refusal) MUST_CHECK;

struct retention_result {
    int64_t archived;
    int64_t deleted;
    bool more; /* there is more to do: call again */
};

/*
 * One bounded step over all models: each version in a transaction of its own, in which it is held
 * and looked at once more. Killed anywhere and repeated, it is harmless, and so it is beside
 * another one.
 */
int retention_step(struct db *db, int64_t now_ms, struct retention_result *ret_result) MUST_CHECK;

/* What this process did since it was started. */
struct retention_totals {
    atomic_uint_fast64_t archived;
    atomic_uint_fast64_t deleted;
};

/* Safe from any thread. */
void retention_count(struct retention_totals *totals, const struct retention_result *result);

#endif
