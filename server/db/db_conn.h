/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_DB_CONN_H
#define DB_DB_CONN_H

#include "base/cleanup.h"
#include "db/db.h"

#include <libpq-fe.h>

/*
 * The connection behind a struct db, for the files of this folder only: connecting, noticing that
 * it was lost, the statements that are prepared on it, and what an SQLSTATE means to us.
 */

#define DB_CONN_PREPARED_SLOTS 2048 /* a power of two; far more than there are statements */
#define DB_CONN_CONSTRAINT_SIZE 64  /* NAMEDATALEN */

struct db {
    char *url;
    char *application_name;
    int connect_timeout_s;
    int statement_timeout_ms;
    int answer_timeout_ms;
    struct pulse *pulse;

    PGconn *conn; /* NULL: not connected */
    bool cut;     /* by the other side, in the last statement */
    bool outage;  /* said so in the log; say when it is over */

    int64_t attempt_us; /* when the last connect began, monotonic */
    int64_t retry_us; /* where that failed: when to try again, unless somebody had success since */

    const struct db_stmt *prepared[DB_CONN_PREPARED_SLOTS];
    size_t prepared_count;

    int tx_depth;
    bool tx_serialization; /* a statement of the open transaction met 40001 or 40P01 */
    bool tx_lost;          /* the connection was lost inside it: nothing may run until it ended */

    int64_t affected;
    char constraint[DB_CONN_CONSTRAINT_SIZE];
};

/*
 * Makes sure that there is a connection, unless a transaction was lost with the last one.
 * Returns 0 or ERR_UNAVAILABLE.
 */
int db_conn_ensure(struct db *db) MUST_CHECK;

/* Drops the connection after it failed; logs the outage once. Returns ERR_UNAVAILABLE. */
int db_conn_lost(struct db *db, const char *why);

/* Whether the last statement failed since the other side ended the connection, outside of any
 * transaction: the next one runs on a new connection. */
bool db_conn_was_cut(const struct db *db);

/* Closes without a word. */
void db_conn_close(struct db *db);

/* Prepares stmt where that was not done on this connection. Returns as db_exec. */
int db_conn_prepare(struct db *db, const struct db_stmt *stmt) MUST_CHECK;

/*
 * What a result that is not a success means; notes the constraint and the serialization failure.
 * result may be NULL (libpq could not even send). what names the statement in the log.
 */
int db_conn_failure(struct db *db, const PGresult *result, const char *what) MUST_CHECK;

/* Waits before a transaction that met a deadlock is tried again (tries from 0): a random time of at
 * most 20 ms, 40 ms, ..., so that two that met do not meet again and again. */
void db_conn_back_off(int tries);

DEFINE_CLEANUP(db_conn_clear, PGresult *, PQclear);

#endif
