/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One connection to PostgreSQL. One thread at a time. Connects when first used and again after it
 * was lost; a statement that finds the server away returns ERR_UNAVAILABLE (logged once an outage,
 * not once a statement).
 *
 * Parameters and results are binary; casts in the SQL say what is expected ($1::bigint). Times
 * cross as milliseconds since 1970 (bigint), JSON as text, digests as bytea.
 */
struct db;

struct db_config {
    const char *url; /* a libpq connection string or URI; never logged */
    const char *application_name;
    int connect_timeout_s;
    int statement_timeout_ms; /* 0: none */
};

/* Outcomes of a statement that its caller handles. */
enum {
    DB_E_UNIQUE = 1,        /* 23505; see db_constraint() */
    DB_E_FOREIGN_KEY = 2,   /* 23503; see db_constraint() */
    DB_E_CHECK = 3,         /* 23514; see db_constraint() */
    DB_E_SERIALIZATION = 4, /* 40001, 40P01: tx_run retries, nobody else needs to care */
};

/* A statement, a constant of some q_*.c: prepared on first use on each connection. */
struct db_stmt {
    const char *name;
    const char *sql;
};

/* ---- parameters -------------------------------------------------------------------------- */

#define DB_PARAMS_MAX 24

/* Start from {0}; what text and bytes point to is borrowed until the statement was executed. */
struct db_params {
    int count;
    const char *values[DB_PARAMS_MAX];
    int lengths[DB_PARAMS_MAX];
    int formats[DB_PARAMS_MAX];
    uint64_t scratch[DB_PARAMS_MAX];
};

void db_add_i64(struct db_params *params, int64_t value);
void db_add_i32(struct db_params *params, int32_t value);
void db_add_f64(struct db_params *params, double value);
void db_add_bool(struct db_params *params, bool value);
void db_add_text(struct db_params *params, const char *text); /* NULL is SQL's NULL */
void db_add_bytes(struct db_params *params, const void *bytes, size_t size);
void db_add_null(struct db_params *params);
/* Arrays, built in the arena: for unnest() and = ANY(). A NULL text is SQL's NULL. */
void db_add_i64_array(struct db_params *params, struct arena *arena, const int64_t *values,
                      size_t count);
void db_add_text_array(struct db_params *params, struct arena *arena, const char *const *texts,
                       size_t count);
/* count digests of size bytes each, one behind the other. */
void db_add_bytes_array(struct db_params *params, struct arena *arena, const void *bytes,
                        size_t size, size_t count);

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
/* Accepts NULL and a zeroed struct. */
void db_rows_release(struct db_rows *rows);

/* ---- running ----------------------------------------------------------------------------- */

/* Does not connect yet. The strings are copied. */
int db_new(const struct db_config *config, struct db **ret_db) MUST_CHECK;
/* Accepts NULL. */
void db_free(struct db *db);

/*
 * Executes a statement. ret_rows may be NULL where no rows matter; otherwise the caller releases
 * it (CLEANUP(db_rows_release)); it is zeroed on anything but 0. params may be NULL.
 *
 * Returns 0, one of the outcomes above, or negative when fatal (ERR_UNAVAILABLE, ERR_NO_SPACE,
 * ERR_INTERNAL).
 */
int db_exec(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
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

/*
 * Runs fn in a transaction (read committed unless tx_run_serializable), commits where it returns
 * 0, rolls back otherwise and returns what fn returned. Retries serialization failures and
 * deadlocks up to 5 times: fn has no outside effects and can be run again. Inside another tx_run
 * it uses a savepoint, so that an outer layer (idempotency keys) can wrap a whole handler.
 */
typedef int tx_fn(struct db *db, void *arg);
int tx_run(struct db *db, tx_fn *fn, void *arg) MUST_CHECK;

/* Whether a tx_run is open on this connection. */
bool tx_active(const struct db *db);

/* ---- COPY, binary ------------------------------------------------------------------------ */

/* sql: "COPY t (a, b) FROM STDIN (FORMAT binary)", constant. Inside a tx_run. */
int db_copy_begin(struct db *db, const char *sql) MUST_CHECK;
/* Bytes of the binary format without its header and trailer, which begin and end write. */
int db_copy_write(struct db *db, const void *bytes, size_t size) MUST_CHECK;
int db_copy_end(struct db *db) MUST_CHECK;

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
