/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/arena.h"
#include "base/error.h"
#include "db/db_add.h"
#include "db/db_copy.h"
#include "db/tx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One connection to PostgreSQL. One thread at a time. Connects when first used and again after it
 * was lost; a statement that finds the server away returns ERR_UNAVAILABLE (logged once an outage,
 * not once a statement).
 *
 * Parameters (db_add.h) and results are binary; casts in the SQL say what is expected ($1::bigint).
 * Times cross as milliseconds since 1970 (bigint), JSON as text, digests as bytea.
 */
struct db;
struct pulse;

struct db_config {
    const char *url; /* a libpq connection string or URI; never logged */
    const char *application_name;
    int connect_timeout_s;
    int statement_timeout_ms; /* what PostgreSQL itself holds; 0: none */
    int answer_timeout_ms;    /* when a connection that says nothing is given up; 0: never */
    struct pulse *pulse;      /* says that the database is silent (pulse.h); borrowed, or NULL */
};

/* Outcomes of a statement that its caller handles. */
enum {
    DB_E_UNIQUE = 1,        /* 23505; see db_constraint() */
    DB_E_FOREIGN_KEY = 2,   /* 23503; see db_constraint() */
    DB_E_CHECK = 3,         /* 23514; see db_constraint() */
    DB_E_SERIALIZATION = 4, /* 40001, 40P01: forward it; tx_run (tx.h) retries */
};

/* A statement, a constant of some q_*.c: prepared on first use on each connection. */
struct db_stmt {
    const char *name;
    const char *sql;
};

/* ---- results ----------------------------------------------------------------------------- */

struct db_rows {
    void *result;
    int count;
};

bool db_is_null(const struct db_rows *rows, int row, int column);
int64_t db_i64(const struct db_rows *rows, int row, int column); /* int2, int4, int8 */
double db_f64(const struct db_rows *rows, int row, int column);
bool db_bool(const struct db_rows *rows, int row, int column);
/* NUL-terminated, borrowed until the rows are released; NULL for SQL's NULL. */
const char *db_text(const struct db_rows *rows, int row, int column);
const uint8_t *db_bytes(const struct db_rows *rows, int row, int column, size_t *ret_size);
/* An array of bigint without NULLs, in the arena; SQL's NULL is an empty one. */
int64_t *db_i64_array(const struct db_rows *rows, int row, int column, struct arena *arena,
                      size_t *ret_count);
/* Accepts NULL and a zeroed struct. */
void db_rows_release(struct db_rows *rows);

/* ---- running ----------------------------------------------------------------------------- */

/* Does not connect yet. The strings are copied. */
int db_new(const struct db_config *config, struct db **ret_db) MUST_CHECK;
/* Accepts NULL. */
void db_free(struct db *db);

/*
 * Executes a statement. A SELECT outside of a transaction whose connection is cut meanwhile is
 * repeated once on a new one: it must bear that. ret_rows may be NULL where no rows matter;
 * otherwise the caller releases it (CLEANUP(db_rows_release)); it is zeroed on anything but 0.
 * params may be NULL.
 *
 * Returns 0, one of the outcomes above, or negative when fatal (ERR_UNAVAILABLE, ERR_NO_SPACE,
 * ERR_INTERNAL). After any outcome but 0 the innermost tx_run is lost: leave its fn with an error.
 */
int db_exec(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
            struct db_rows *ret_rows) MUST_CHECK;

/* The same for a statement that is planned for its values each time, and not kept. */
int db_exec_planned(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                    struct db_rows *ret_rows) MUST_CHECK;

/* The same for constant SQL that is not worth preparing (BEGIN, SET, migrations; may hold several
 * statements, takes no parameters). */
int db_exec_script(struct db *db, const char *sql) MUST_CHECK;

/* How many rows the last INSERT, UPDATE or DELETE touched. */
int64_t db_affected(const struct db *db);

/* The name of the constraint that the last statement violated, or "". */
const char *db_constraint(const struct db *db);

/* Whether a connection is up and a trivial statement succeeds. */
bool db_ping(struct db *db);

/* ---- LISTEN ------------------------------------------------------------------------------ */

/* channel is a constant, plain identifier. */
int db_listen(struct db *db, const char *channel) MUST_CHECK;

enum {
    DB_E_TIMEOUT = 16,
    DB_E_WOKEN = 17, /* wake_fd became readable */
};

/*
 * Waits for notifications, at most timeout_ms; all that are there count as one. wake_fd (or -1)
 * interrupts. Returns 0, DB_E_TIMEOUT, DB_E_WOKEN, or negative when fatal (ERR_UNAVAILABLE: the
 * connection was lost; db_listen again and sweep).
 */
int db_wait_notify(struct db *db, int timeout_ms, int wake_fd) MUST_CHECK;

#endif
