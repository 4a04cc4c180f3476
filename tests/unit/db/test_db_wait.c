/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db_wait.h"

#include "database.h"
#include "suite.h"

#include <signal.h>
#include <string.h>

#define ROW_BYTES ((size_t)64 << 10)
/* More than any socket buffers. */
#define ROWS 1024

/* One that gives up soon, and the process that serves it. */
static struct db *impatient(const char *url, pid_t *ret_backend)
{
    const struct db_config config = {.url = url, .answer_timeout_ms = 2000};
    struct db *patient = database_open(url);
    struct db *db;

    ck_assert_int_eq(db_new(&config, &db), 0);
    database_run(db, "SET application_name = 'frozen'");
    *ret_backend = (pid_t)database_number(
        patient, "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database()"
                 " AND application_name = 'frozen'");
    db_free(patient);
    return db;
}

START_TEST(a_statement_without_an_answer_is_given_up)
{
    static const struct db_stmt stmt = {"one", "SELECT 1"};
    char url[DATABASE_URL_SIZE];
    pid_t backend;

    database_make(false, url);
    struct db *db = impatient(url, &backend);
    ck_assert_int_eq(kill(backend, SIGSTOP), 0);
    ck_assert_int_eq(db_exec(db, &stmt, NULL, NULL), ERR_UNAVAILABLE);
    /* The next one connects anew. */
    ck_assert_int_eq(db_exec(db, &stmt, NULL, NULL), 0);
    ck_assert_int_eq(kill(backend, SIGCONT), 0);
    db_free(db);
}
END_TEST

static int freeze(struct db *db, void *arg)
{
    ck_assert_int_eq(db_exec_script(db, "INSERT INTO t VALUES (1)"), 0);
    ck_assert_int_eq(kill(*(const pid_t *)arg, SIGSTOP), 0);
    return db_exec_script(db, "INSERT INTO t VALUES (2)");
}

START_TEST(a_transaction_without_an_answer_is_rolled_back)
{
    char url[DATABASE_URL_SIZE];
    pid_t backend;

    database_make(false, url);
    struct db *db = impatient(url, &backend);
    database_run(db, "CREATE TABLE t (i int)");
    ck_assert_int_eq(tx_run(db, freeze, &backend), ERR_UNAVAILABLE);
    ck_assert_int_eq(kill(backend, SIGCONT), 0);
    ck_assert_int_eq(database_number(db, "SELECT count(*) FROM t"), 0);
    db_free(db);
}
END_TEST

/* One row of COPY's binary format, with one field. */
static size_t make_row(uint8_t ret_row[static ROW_BYTES + 6])
{
    static const uint8_t head[] = {
        0, 1, 0, ROW_BYTES >> 16 & 0xff, ROW_BYTES >> 8 & 0xff, ROW_BYTES & 0xff};

    memcpy(ret_row, head, sizeof(head));
    memset(ret_row + sizeof(head), 'x', ROW_BYTES);
    return sizeof(head) + ROW_BYTES;
}

static int copy_rows(struct db *db, void *arg)
{
    static uint8_t row[ROW_BYTES + 6];
    const pid_t *backend = arg;
    size_t size = make_row(row);
    int r = db_copy_begin(db, "COPY t (b) FROM STDIN (FORMAT binary)");

    if (backend)
        ck_assert_int_eq(kill(*backend, SIGSTOP), 0);
    for (int i = 0; i < ROWS && !r; i++)
        r = db_copy_write(db, row, size);
    return r ? r : db_copy_end(db);
}

START_TEST(a_copy_that_is_not_taken_is_given_up)
{
    char url[DATABASE_URL_SIZE];
    pid_t backend;

    database_make(false, url);
    struct db *db = impatient(url, &backend);
    database_run(db, "CREATE TABLE t (b bytea)");
    ck_assert_int_eq(tx_run(db, copy_rows, &backend), ERR_UNAVAILABLE);
    ck_assert_int_eq(kill(backend, SIGCONT), 0);
    db_free(db);
    db = database_open(url);
    ck_assert_int_eq(database_number(db, "SELECT count(*) FROM t"), 0);
    ck_assert_int_eq(tx_run(db, copy_rows, NULL), 0);
    ck_assert_int_eq(database_number(db, "SELECT sum(octet_length(b))::bigint FROM t"),
                     (int64_t)(ROWS * ROW_BYTES));
    db_free(db);
}
END_TEST

START_TEST(a_large_parameter_goes_there_and_back)
{
    static const struct db_stmt stmt = {"echo", "SELECT $1::bytea, $1::bytea"};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    const size_t bytes = (size_t)16 << 20;
    AUTO_FREE uint8_t *value = malloc(bytes);
    struct db *db = database_new();
    struct db_params params = {0};
    size_t size;

    ck_assert_ptr_nonnull(value);
    memset(value, 7, bytes);
    db_add_bytes(&params, value, bytes);
    ck_assert_int_eq(db_exec(db, &stmt, &params, &rows), 0);
    ck_assert_mem_eq(db_bytes(&rows, 0, 1, &size), value, bytes);
    ck_assert_uint_eq(size, bytes);
    db_free(db);
}
END_TEST

int main(void)
{
    return SUITE_RUN("db/db_wait", a_statement_without_an_answer_is_given_up,
                     a_transaction_without_an_answer_is_rolled_back,
                     a_copy_that_is_not_taken_is_given_up, a_large_parameter_goes_there_and_back);
}
