/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_ROSTER_H
#define DB_Q_ROSTER_H

#include "base/arena.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What push/follow reads and writes: devices as the roster needs them, and what changed. */

/* Strings and bytes are borrowed from the rows. */
struct q_roster_row {
    int64_t id;
    int64_t workspace_id;
    const char *name;
    bool active;
    int64_t revision;
    int64_t version;
    int64_t assignment_id;     /* 0: none */
    const uint8_t *token;      /* 32 bytes */
    const uint8_t *next_token; /* 32 bytes, or NULL */
};

void q_roster_row(const struct db_rows *rows, int row, struct q_roster_row *ret_row);

/* At most limit active devices with ids above after_id, in ascending order. */
int q_roster_page(struct db *db, int64_t after_id, int limit, struct db_rows *ret_rows) MUST_CHECK;

/* The devices, active or not, that a row of device_change names. */
int q_roster_changed(struct db *db, int64_t change_id, struct db_rows *ret_rows) MUST_CHECK;

/* Where only desired states changed, the change holds all that matters of each device. */
struct q_roster_move {
    int64_t device_id;
    int64_t revision;
    int64_t version;
    int64_t assignment_id; /* 0: none */
};

void q_roster_move(const struct db_rows *rows, int row, struct q_roster_move *ret_move);

/* No rows where the change is of another kind. */
int q_roster_moves(struct db *db, int64_t change_id, struct db_rows *ret_rows) MUST_CHECK;

/* Devices by their ids, active or not. */
int q_roster_devices(struct db *db, struct arena *arena, const int64_t *device_ids, size_t count,
                     struct db_rows *ret_rows) MUST_CHECK;

/* One device, active or not; or none. */
int q_roster_device(struct db *db, int64_t device_id, struct db_rows *ret_rows) MUST_CHECK;

/* The active device that has a token, its own or its next one; or none. */
int q_roster_token(struct db *db, const uint8_t token[static 32],
                   struct db_rows *ret_rows) MUST_CHECK;

/* Transactions below it are all finished, for this and every later snapshot. */
int q_roster_xmin(struct db *db, int64_t *ret_xmin) MUST_CHECK;

struct q_roster_change {
    int64_t id;
    int64_t xid;
};

/*
 * The changes of transactions from xid on, but for those that the caller has already seen. ret_xmin
 * is of the same snapshot: the next call passes it as xid. The array is in the arena.
 */
int q_roster_changes(struct db *db, struct arena *arena, int64_t xid, const int64_t *seen_ids,
                     size_t seen_count, int64_t *ret_xmin, struct q_roster_change **ret_changes,
                     size_t *ret_count) MUST_CHECK;

/* Columns: id, slots. */
int q_roster_assignments(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                         struct db_rows *ret_rows) MUST_CHECK;

/* Makes a next token the token. Nothing happens where it is not (or no more) the next one. */
int q_roster_promote(struct db *db, int64_t device_id, const uint8_t token[static 32]) MUST_CHECK;

/* Writes when devices were seen, and until when they count as online; what is older than what is
 * there is ignored. The arrays run in parallel. */
int q_roster_seen(struct db *db, struct arena *arena, const int64_t *device_ids,
                  const int64_t *seen_ms, const int64_t *online_until_ms, size_t count) MUST_CHECK;

/* Forgets changes older than an hour. */
int q_roster_trim(struct db *db) MUST_CHECK;

#endif
