/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_lock.h"

#include "base/cleanup.h"

static const struct db_stmt try_lock = {
    "lock_try",
    "SELECT pg_try_advisory_lock($1::bigint)",
};

static const struct db_stmt unlock = {
    "lock_release",
    "SELECT pg_advisory_unlock($1::bigint)",
};

int q_lock_try(struct db *db, int64_t key, bool *ret_locked)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, key);
    r = db_exec(db, &try_lock, &params, &rows);
    if (r)
        return r;
    *ret_locked = db_bool(&rows, 0, 0);
    return 0;
}

int q_lock_release(struct db *db, int64_t key)
{
    struct db_params params = {0};

    db_add_i64(&params, key);
    return db_exec(db, &unlock, &params, NULL);
}
