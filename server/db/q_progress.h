/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_PROGRESS_H
#define DB_Q_PROGRESS_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far devices are with a version that was set for a slot of theirs. */

enum {
    Q_PROGRESS_E_VERSION = 16, /* there is no such version */
};

struct q_progress_question {
    int64_t workspace_id;
    const char *const *devices; /* names */
    size_t count;
    const char *slot;
    const char *model;
    const char *version;
    int64_t limit; /* of what is answered */
};

/* One device that has an answer. */
struct q_progress {
    const char *device;
    const char *state;  /* installed, failed, superseded, revoked or missing */
    const char *report; /* JSON of what it reported of the slot; NULL: nothing */
};

/*
 * Of the devices those that are not pending, by name, at most limit.
 * Returns 0, Q_PROGRESS_E_VERSION, or negative.
 */
int q_progress_settled(struct db *db, const struct q_progress_question *question,
                       struct arena *arena, struct q_progress **ret_settled,
                       size_t *ret_count) MUST_CHECK;

#endif
