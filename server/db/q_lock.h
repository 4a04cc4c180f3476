/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_LOCK_H
#define DB_Q_LOCK_H

#include "base/error.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* Advisory locks; they are the connection's. core/engine.h and blob/ingest.h say which keys. */
int q_lock_try(struct db *db, int64_t key, bool *ret_locked) MUST_CHECK;
int q_lock_release(struct db *db, int64_t key) MUST_CHECK;

#endif
