/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_ROWS_H
#define PUSH_ROWS_H

#include "base/error.h"
#include "db/db.h"
#include "push/roster.h"

#include <stdint.h>

/* Rows of db/q_roster into the roster, with the assignments that they name. Thread-safe, but for
 * db, as ever. */

int rows_put(struct db *db, struct roster *roster, const struct db_rows *rows) MUST_CHECK;

/* Rows of q_roster_moves. */
int rows_move(struct db *db, struct roster *roster, const struct db_rows *rows) MUST_CHECK;

/*
 * Reads one device and puts it: for whoever just committed a change and answers its author, who
 * may ask this instance about it at once. The others, and push, learn of it by push/follow.
 */
int rows_refresh(struct db *db, struct roster *roster, int64_t device_id) MUST_CHECK;

/* Puts the active device that has a token, if there is one. */
int rows_find(struct db *db, struct roster *roster,
              const uint8_t token[static ROSTER_TOKEN_SIZE]) MUST_CHECK;

#endif
