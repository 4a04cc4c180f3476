/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/db_conn.h"
#include "db/db_wait.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A single statement that meets a deadlock is tried so often before the caller hears of it. */
#define TRIES 6

int db_new(const struct db_config *config, struct db **ret_db)
{
    struct db *db = calloc(1, sizeof(*db));

    if (db) {
        db->url = strdup(config->url);
        db->application_name =
            strdup(config->application_name ? config->application_name : "modelferryd");
        db->connect_timeout_s = config->connect_timeout_s > 0 ? config->connect_timeout_s : 5;
        db->statement_timeout_ms = config->statement_timeout_ms;
        db->answer_timeout_ms = config->answer_timeout_ms;
        db->pulse = config->pulse;
    }
    if (!db || !db->url || !db->application_name) {
        db_free(db);
        return log_fail(ERR_NO_MEMORY, "cannot make a database connection: out of memory");
    }
    *ret_db = db;
    return 0;
}

void db_free(struct db *db)
{
    if (!db)
        return;
    assert(db->tx_depth == 0);
    db_conn_close(db);
    free(db->url);
    free(db->application_name);
    free(db);
}

/* ---- running ------------------------------------------------------------------------------ */

static void note_affected(struct db *db, PGresult *result)
{
    const char *count = PQcmdTuples(result);

    db->affected = *count ? strtoll(count, NULL, 10) : 0;
}

/* keep: it is prepared, for the next time. */
static int exec_once(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                     bool keep, struct db_rows *ret_rows)
{
    static const struct db_params none = {0};
    int r;

    r = db_conn_ensure(db);
    if (r)
        return r;
    if (keep) {
        r = db_conn_prepare(db, stmt);
        if (r)
            return r;
    }
    if (!params)
        params = &none;
    CLEANUP(db_conn_clear)
    PGresult *result = db_wait_result(
        db, keep ? PQsendQueryPrepared(db->conn, stmt->name, params->count, params->values,
                                       params->lengths, params->formats, 1)
                 : PQsendQueryParams(db->conn, stmt->sql, params->count, params->types,
                                     params->values, params->lengths, params->formats, 1));
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return db_conn_failure(db, result, stmt->name);
    note_affected(db, result);
    if (ret_rows) {
        ret_rows->count = PQntuples(result);
        ret_rows->result = TAKE_PTR(result);
    }
    return 0;
}

/* Whether a statement may run twice: a failover that cut it need not be its caller's concern. */
static bool is_read(const struct db_stmt *stmt)
{
    return strncmp(stmt->sql, "SELECT ", strlen("SELECT ")) == 0;
}

static int exec(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                bool keep, struct db_rows *ret_rows)
{
    int r = 0;
    bool again = is_read(stmt);

    if (ret_rows)
        *ret_rows = (struct db_rows){0};
    for (int i = 0; i < TRIES; i++) {
        db->constraint[0] = '\0';
        r = exec_once(db, stmt, params, keep, ret_rows);
        if (r == ERR_UNAVAILABLE && again && db_conn_was_cut(db)) {
            again = false;
            continue;
        }
        if (r != DB_E_SERIALIZATION || db->tx_depth > 0)
            return r;
        db_conn_back_off(i);
    }
    return log_fail(ERR_UNAVAILABLE, "statement '%s' met deadlocks %d times in a row", stmt->name,
                    TRIES);
}

int db_exec(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
            struct db_rows *ret_rows)
{
    return exec(db, stmt, params, true, ret_rows);
}

int db_exec_planned(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                    struct db_rows *ret_rows)
{
    return exec(db, stmt, params, false, ret_rows);
}

int db_exec_script(struct db *db, const char *sql)
{
    int r;

    r = db_conn_ensure(db);
    if (r)
        return r;
    db->constraint[0] = '\0';
    CLEANUP(db_conn_clear) PGresult *result = db_wait_result(db, PQsendQuery(db->conn, sql));
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
        note_affected(db, result);
        return 0;
    }
    return db_conn_failure(db, result, "script");
}

int64_t db_affected(const struct db *db)
{
    return db->affected;
}

const char *db_constraint(const struct db *db)
{
    return db->constraint;
}

bool db_ping(struct db *db)
{
    return db_exec_script(db, "SELECT 1") == 0;
}

/* ---- results ------------------------------------------------------------------------------ */

bool db_is_null(const struct db_rows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column);
}

int64_t db_i64(const struct db_rows *rows, int row, int column)
{
    const char *value = PQgetvalue(rows->result, row, column);
    uint64_t wide;
    uint32_t middle;
    uint16_t narrow;

    switch (PQgetlength(rows->result, row, column)) {
    case sizeof(wide):
        memcpy(&wide, value, sizeof(wide));
        return (int64_t)be64toh(wide);
    case sizeof(middle):
        memcpy(&middle, value, sizeof(middle));
        return (int32_t)be32toh(middle);
    case sizeof(narrow):
        memcpy(&narrow, value, sizeof(narrow));
        return (int16_t)be16toh(narrow);
    default:
        assert(PQgetisnull(rows->result, row, column));
        return 0;
    }
}

double db_f64(const struct db_rows *rows, int row, int column)
{
    uint64_t wire;
    double value = 0;

    if (PQgetisnull(rows->result, row, column))
        return 0;
    assert(PQgetlength(rows->result, row, column) == sizeof(wire));
    memcpy(&wire, PQgetvalue(rows->result, row, column), sizeof(wire));
    wire = be64toh(wire);
    memcpy(&value, &wire, sizeof(value));
    return value;
}

bool db_bool(const struct db_rows *rows, int row, int column)
{
    return PQgetlength(rows->result, row, column) == 1 &&
           *PQgetvalue(rows->result, row, column) != 0;
}

const char *db_text(const struct db_rows *rows, int row, int column)
{
    if (PQgetisnull(rows->result, row, column))
        return NULL;
    return PQgetvalue(rows->result, row, column);
}

const uint8_t *db_bytes(const struct db_rows *rows, int row, int column, size_t *ret_size)
{
    if (PQgetisnull(rows->result, row, column)) {
        *ret_size = 0;
        return NULL;
    }
    *ret_size = (size_t)PQgetlength(rows->result, row, column);
    return (const uint8_t *)PQgetvalue(rows->result, row, column);
}

/* As array_send() of PostgreSQL writes it, one dimension. */
int64_t *db_i64_array(const struct db_rows *rows, int row, int column, struct arena *arena,
                      size_t *ret_count)
{
    const size_t head = 20; /* dimensions, flags, type, count, lower bound */
    const size_t step = sizeof(uint32_t) + sizeof(uint64_t);
    const char *array = PQgetvalue(rows->result, row, column);
    size_t size = (size_t)PQgetlength(rows->result, row, column);
    size_t count = size > head ? (size - head) / step : 0;
    int64_t *values = arena_array(arena, count, sizeof(*values));

    for (size_t i = 0; i < count; i++) {
        uint64_t wire;

        memcpy(&wire, array + head + i * step + sizeof(uint32_t), sizeof(wire));
        values[i] = (int64_t)be64toh(wire);
    }
    *ret_count = count;
    return values;
}

void db_rows_release(struct db_rows *rows)
{
    if (!rows)
        return;
    PQclear(rows->result);
    *rows = (struct db_rows){0};
}

/* ---- LISTEN ------------------------------------------------------------------------------- */

int db_listen(struct db *db, const char *channel)
{
    char sql[80];

    assert(strlen(channel) < 64);
    (void)snprintf(sql, sizeof(sql), "LISTEN %s", channel);
    return db_exec_script(db, sql);
}

/* Whether notifications were there; all of them are taken. */
static bool take_notifies(struct db *db)
{
    bool any = false;

    while (true) {
        PGnotify *notify = PQnotifies(db->conn);

        if (!notify)
            return any;
        PQfreemem(notify);
        any = true;
    }
}

int db_wait_notify(struct db *db, int timeout_ms, int wake_fd)
{
    int64_t deadline_us = clock_monotonic_us(clock_system()) + (int64_t)timeout_ms * 1000;

    if (!db->conn)
        return ERR_UNAVAILABLE;
    while (true) {
        struct pollfd fds[2] = {
            {.fd = PQsocket(db->conn), .events = POLLIN},
            {.fd = wake_fd,            .events = POLLIN}
        };
        int64_t left_ms = (deadline_us - clock_monotonic_us(clock_system()) + 999) / 1000;

        if (take_notifies(db))
            return 0;
        int n = poll(fds, 2, left_ms > 0 ? (int)left_ms : 0);
        if (n < 0 && errno != EINTR)
            return log_fail_errno("cannot wait for notifications");
        if (n > 0 && fds[0].revents &&
            (!PQconsumeInput(db->conn) || PQstatus(db->conn) != CONNECTION_OK))
            return db_conn_lost(db, PQerrorMessage(db->conn));
        if (n > 0 && fds[1].revents)
            return DB_E_WOKEN;
        if (n == 0)
            return DB_E_TIMEOUT;
    }
}
