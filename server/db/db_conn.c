/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db_conn.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "db/db_wait.h"
#include "db/pulse.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * How long a failed connect is not repeated, unless somebody else had success since: an outage must
 * not cost every request a connect.
 */
#define RETRY_US 200000

static void notice(void *arg, const char *message)
{
    (void)arg;
    log_line(LOG_DEBUG, "database notice: %.*s", (int)strcspn(message, "\n"), message);
}

void db_conn_close(struct db *db)
{
    if (db->conn)
        PQfinish(db->conn);
    db->conn = NULL;
    memset(db->prepared, 0, sizeof(db->prepared));
    db->prepared_count = 0;
}

int db_conn_lost(struct db *db, const char *why)
{
    if (!db->outage)
        log_line(LOG_WARN, "the database is away: %.*s", (int)strcspn(why, "\n"), why);
    db->outage = true;
    if (db->tx_depth > 0)
        db->tx_lost = true;
    db_conn_close(db);
    return ERR_UNAVAILABLE;
}

bool db_conn_was_cut(const struct db *db)
{
    return db->cut && db->tx_depth == 0;
}

/*
 * Notices a connection that the server closed while it was idle, before a statement is sent on it:
 * whether a statement that failed was executed cannot be known afterwards.
 */
static bool is_stale(PGconn *conn)
{
    struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};

    if (PQstatus(conn) != CONNECTION_OK || fd.fd < 0)
        return true;
    /* What is there may be a word of farewell; the end comes behind it. */
    while (poll(&fd, 1, 0) > 0) {
        if (!PQconsumeInput(conn) || PQstatus(conn) != CONNECTION_OK)
            return true;
        (void)PQisBusy(conn); /* has it parsed, so that the buffer does not fill */
    }
    return false;
}

/* What a connection needs before its first statement. */
static bool setup(struct db *db)
{
    char sql[128];

    PQsetNoticeProcessor(db->conn, notice, NULL);
    /* Statements here are short: compiling one costs more than it saves. */
    (void)snprintf(sql, sizeof(sql), "SET statement_timeout = %d; SET jit = off",
                   db->statement_timeout_ms);
    if (PQsetnonblocking(db->conn, 1) != 0)
        return false;
    CLEANUP(db_conn_clear) PGresult *result = db_wait_result(db, PQsendQuery(db->conn, sql));
    return PQresultStatus(result) == PGRES_COMMAND_OK;
}

static bool is_too_soon(const struct db *db, int64_t now_us)
{
    return now_us < db->retry_us && pulse_connected_us(db->pulse) <= db->attempt_us;
}

static int connect_now(struct db *db)
{
    char timeout[16];
    /* What stands before dbname is a default that the URL may override. */
    const char *keywords[] = {
        "keepalives_idle",  "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", "connect_timeout",     "fallback_application_name",
        "dbname",           "client_encoding",     NULL};
    const char *values[] = {"30",    "10",   "3", "60000", timeout, db->application_name,
                            db->url, "UTF8", NULL};
    int64_t now_us = clock_monotonic_us(clock_system());

    if (is_too_soon(db, now_us))
        return ERR_UNAVAILABLE;
    db->attempt_us = now_us;
    (void)snprintf(timeout, sizeof(timeout), "%d", db->connect_timeout_s);
    db->conn = PQconnectdbParams(keywords, values, 1);
    if (!db->conn || PQstatus(db->conn) != CONNECTION_OK || !setup(db)) {
        const char *why = db->conn ? PQerrorMessage(db->conn) : "no connection";

        db->retry_us = clock_monotonic_us(clock_system()) + RETRY_US;
        return db_conn_lost(db, why);
    }
    if (db->outage)
        log_line(LOG_INFO, "the database is back");
    db->outage = false;
    db->retry_us = 0;
    pulse_connected(db->pulse);
    return 0;
}

int db_conn_ensure(struct db *db)
{
    db->cut = false;
    if (db->tx_depth > 0)
        return db->tx_lost || !db->conn ? ERR_UNAVAILABLE : 0;
    if (pulse_is_silent(db->pulse))
        return ERR_UNAVAILABLE;
    if (db->conn && is_stale(db->conn))
        db_conn_close(db);
    if (db->conn)
        return 0;
    return connect_now(db);
}

void db_conn_back_off(int tries)
{
    uint32_t most_ms = 20U << tries;
    uint32_t random;

    secret_random(&random, sizeof(random));
    (void)nanosleep(&(struct timespec){.tv_sec = random % most_ms / 1000,
                                       .tv_nsec = random % most_ms % 1000 * 1000000L},
                    NULL);
}

/* ---- prepared statements: a set of pointers, open addressing ------------------------------ */

static size_t slot_of(const struct db *db, const struct db_stmt *stmt)
{
    size_t slot = ((uintptr_t)stmt / sizeof(void *) * 0x9e3779b1u) % DB_CONN_PREPARED_SLOTS;

    while (db->prepared[slot] && db->prepared[slot] != stmt)
        slot = (slot + 1) % DB_CONN_PREPARED_SLOTS;
    return slot;
}

int db_conn_prepare(struct db *db, const struct db_stmt *stmt)
{
    size_t slot = slot_of(db, stmt);

    if (db->prepared[slot])
        return 0;
    if (db->prepared_count >= DB_CONN_PREPARED_SLOTS / 2)
        return log_fail(ERR_INTERNAL, "too many prepared statements at '%s'", stmt->name);
    CLEANUP(db_conn_clear)
    PGresult *result = db_wait_result(db, PQsendPrepare(db->conn, stmt->name, stmt->sql, 0, NULL));
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return db_conn_failure(db, result, stmt->name);
    db->prepared[slot] = stmt;
    db->prepared_count++;
    return 0;
}

/* ---- SQLSTATE ----------------------------------------------------------------------------- */

static const struct {
    const char *prefix; /* of the SQLSTATE; the first match counts */
    int result;
    bool drop; /* this connection is of no more use */
} states[] = {
    {"23505", DB_E_UNIQUE,        false},
    {"23503", DB_E_FOREIGN_KEY,   false},
    {"23514", DB_E_CHECK,         false},
    {"40001", DB_E_SERIALIZATION, false},
    {"40P01", DB_E_SERIALIZATION, false},
    {"53100", ERR_NO_SPACE,       false},
    {"58030", ERR_NO_SPACE,       false}, /* I/O error: a full or failing disk of the server */
    {"08",    ERR_UNAVAILABLE,    true },
    {"25006", ERR_UNAVAILABLE,    true }, /* read-only: connected to what became a standby */
    {"53",    ERR_UNAVAILABLE,    false}, /* too many connections, out of memory */
    {"55P03", ERR_UNAVAILABLE,    false}, /* lock not available in time */
    {"57014", ERR_UNAVAILABLE,    false}, /* statement timeout */
    {"57P",   ERR_UNAVAILABLE,    true }, /* the server stops, crashed, or starts */
};

static int was_cut(struct db *db, const char *why)
{
    db->cut = true;
    return db_conn_lost(db, why);
}

int db_conn_failure(struct db *db, const PGresult *result, const char *what)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorMessage(result) : PQerrorMessage(db->conn);
    const char *constraint = result ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL;

    if (!db->conn)
        return db_conn_lost(db, text);
    if (PQstatus(db->conn) != CONNECTION_OK)
        return was_cut(db, text);
    (void)snprintf(db->constraint, sizeof(db->constraint), "%s", constraint ? constraint : "");
    for (size_t i = 0; state && i < ARRAY_LEN(states); i++) {
        if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) != 0)
            continue;
        if (states[i].drop)
            return was_cut(db, text);
        if (states[i].result == DB_E_SERIALIZATION)
            db->tx_serialization = true;
        if (states[i].result > 0)
            return states[i].result;
        return log_fail(states[i].result, "statement '%s' failed: %.*s", what,
                        (int)strcspn(text, "\n"), text);
    }
    return log_fail(ERR_INTERNAL, "statement '%s' failed: %s %.*s", what, state ? state : "?????",
                    (int)strcspn(text, "\n"), text);
}
