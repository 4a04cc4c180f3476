/* SPDX-License-Identifier: Apache-2.0 */
#include "db/tx.h"

#include "base/log.h"
#include "db/db.h"
#include "db/db_conn.h"

#include <stdio.h>
#include <string.h>

#define TRIES 6
#define SQL_SIZE 80

bool tx_active(const struct db *db)
{
    return db->tx_depth > 0;
}

/* Depth 0 is the transaction, deeper ones are savepoints of it. */
static int begin(struct db *db)
{
    char sql[SQL_SIZE];
    int r;

    if (db->tx_depth == 0) {
        db->tx_lost = false;
        r = db_exec_script(db, "BEGIN");
        if (r == ERR_UNAVAILABLE && db_conn_was_cut(db)) /* nothing was done yet */
            r = db_exec_script(db, "BEGIN");
    } else {
        (void)snprintf(sql, sizeof(sql), "SAVEPOINT s%d", db->tx_depth);
        r = db_exec_script(db, sql);
    }
    if (r > 0)
        return log_fail(ERR_INTERNAL, "cannot begin a transaction: outcome %d", r);
    return r;
}

static int commit(struct db *db)
{
    char sql[SQL_SIZE];

    if (db->tx_depth > 0) {
        (void)snprintf(sql, sizeof(sql), "RELEASE SAVEPOINT s%d", db->tx_depth);
        return db_exec_script(db, sql);
    }
    return db_exec_script(db, "COMMIT");
}

static void roll_back(struct db *db)
{
    char sql[SQL_SIZE] = "ROLLBACK";
    int r;

    if (db->tx_lost || !db->conn)
        return;
    if (db->tx_depth > 0)
        (void)snprintf(sql, sizeof(sql), "ROLLBACK TO SAVEPOINT s%d; RELEASE SAVEPOINT s%d",
                       db->tx_depth, db->tx_depth);
    r = db_exec_script(db, sql);
    if (r)
        (void)db_conn_lost(db, "cannot roll back");
}

/* One try; the failure of a serialization is left in db->tx_serialization. */
static int run_once(struct db *db, tx_fn *fn, void *arg)
{
    int r;

    r = begin(db);
    if (r)
        return r;
    db->tx_serialization = false;
    db->tx_depth++;
    r = fn(db, arg);
    if (!r && db->tx_lost)
        r = ERR_UNAVAILABLE;
    /* A fn that swallowed a failed statement has left the transaction aborted: PostgreSQL would
     * answer COMMIT with a silent ROLLBACK. */
    if (!r && !db->tx_serialization && PQtransactionStatus(db->conn) == PQTRANS_INERROR)
        r = log_fail(ERR_INTERNAL, "a transaction went on after a statement had failed");
    db->tx_depth--;
    if (!r && !db->tx_serialization) {
        r = commit(db);
        if (!r)
            return 0;
    }
    roll_back(db);
    return r ? r : ERR_UNAVAILABLE;
}

int tx_run(struct db *db, tx_fn *fn, void *arg)
{
    int r = ERR_UNAVAILABLE;

    for (int i = 0; i < TRIES; i++) {
        r = run_once(db, fn, arg);
        if (!db->tx_serialization || !r)
            return r;
        db->tx_serialization = false;
        if (db->tx_lost)
            return ERR_UNAVAILABLE;
        db_conn_back_off(i);
    }
    return log_fail(ERR_UNAVAILABLE, "a transaction met deadlocks %d times in a row", TRIES);
}
