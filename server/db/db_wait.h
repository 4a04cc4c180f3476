/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_DB_WAIT_H
#define DB_DB_WAIT_H

#include "db/db_conn.h"

/*
 * Waiting for PostgreSQL, for the files of this folder only: libpq's own waiting has no end where
 * the other side is frozen. Who waits here gives up when db_config.answer_timeout_ms is over, or
 * when the pulse says that the database is silent; the connection is then dropped.
 */

/*
 * The last result of the statement that was just sent, as PQexec would have it. sent is what
 * PQsend...() returned. NULL where that failed or the connection was lost: db_conn_failure() knows
 * what it means.
 */
PGresult *db_wait_result(struct db *db, int sent) MUST_CHECK;

/* Until all that was handed to libpq is sent. Returns 0 or ERR_UNAVAILABLE. */
int db_wait_sent(struct db *db) MUST_CHECK;

#endif
