/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_AUDIT_CHECKPOINTS_H
#define CORE_AUDIT_CHECKPOINTS_H

#include "base/arena.h"
#include "core/audit/audit_key.h"
#include "db/db.h"
#include "db/q_checkpoint.h"

#include <stdbool.h>

/*
 * Checkpoints of the audit log (proto/checkpoint.h): what keeps whoever can write to the database,
 * but has not the master key, from making the chain anew behind a change.
 */

enum {
    CHECKPOINTS_E_EMPTY = 3, /* nothing was ever recorded */
};

/*
 * Signs where the log is now; where that was signed already, gives what there is.
 *
 * ret_checkpoint  in the arena
 * ret_new         whether it was made now
 *
 * Returns 0, AUDIT_KEY_E_*, CHECKPOINTS_E_EMPTY, or negative.
 */
int checkpoints_make(struct db *db, const struct audit_key_place *place, struct arena *arena,
                     struct q_checkpoint *ret_checkpoint, bool *ret_new) MUST_CHECK;

/* The same for every workspace whose log went on since, as a step of an engine; without a master
 * key it does nothing. */
int checkpoints_step(struct db *db, const struct vault *vault, int64_t now_ms) MUST_CHECK;

#endif
