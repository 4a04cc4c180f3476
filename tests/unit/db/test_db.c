/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db.h"

#include "base/cleanup.h"
#include "database.h"
#include "suite.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static struct db *empty_database(void)
{
    char url[DATABASE_URL_SIZE];

    database_make(false, url);
    return database_open(url);
}

START_TEST(values_come_back_as_they_went)
{
    static const struct db_stmt stmt = {
        "values", "SELECT $1::bigint, $2::int, $3::float8, $4::bool, $5::text, $6::bytea,"
                  " $7::text, 7::smallint"};
    static const uint8_t bytes[] = {0, 1, 255, 0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db *db = empty_database();
    struct db_params params = {0};
    size_t size;

    db_add_i64(&params, INT64_MIN);
    db_add_i32(&params, -7);
    db_add_f64(&params, -0.1);
    db_add_bool(&params, true);
    db_add_text(&params, "größer");
    db_add_bytes(&params, bytes, sizeof(bytes));
    db_add_text(&params, NULL);
    ck_assert_int_eq(db_exec(db, &stmt, &params, &rows), 0);
    ck_assert_int_eq(rows.count, 1);
    ck_assert_int_eq(db_i64(&rows, 0, 0), INT64_MIN);
    ck_assert_int_eq(db_i64(&rows, 0, 1), -7);
    ck_assert_double_eq(db_f64(&rows, 0, 2), -0.1);
    ck_assert(db_bool(&rows, 0, 3));
    ck_assert_str_eq(db_text(&rows, 0, 4), "größer");
    ck_assert_mem_eq(db_bytes(&rows, 0, 5, &size), bytes, sizeof(bytes));
    ck_assert_uint_eq(size, sizeof(bytes));
    ck_assert(db_is_null(&rows, 0, 6));
    ck_assert_ptr_null(db_text(&rows, 0, 6));
    ck_assert_int_eq(db_i64(&rows, 0, 7), 7);
    db_free(db);
}
END_TEST

START_TEST(arrays_become_rows)
{
    static const struct db_stmt stmt = {
        "arrays", "SELECT count(*), sum(u.i)::bigint, string_agg(u.t, ','),"
                  " sum(octet_length(u.b))::bigint"
                  " FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS u (i, t, b)"};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    CLEANUP(arena_release) struct arena arena = {0};
    struct db *db = empty_database();
    struct db_params params = {0};
    struct db_params none = {0};

    db_add_i64_array(&params, &arena, (const int64_t[]){1, -2, 30}, 3);
    db_add_text_array(&params, &arena, (const char *const[]){"a", NULL, ""}, 3);
    db_add_bytes_array(&params, &arena, "aabbcc", 2, 3);
    ck_assert_int_eq(db_exec(db, &stmt, &params, &rows), 0);
    ck_assert_int_eq(db_i64(&rows, 0, 0), 3);
    ck_assert_int_eq(db_i64(&rows, 0, 1), 29);
    ck_assert_str_eq(db_text(&rows, 0, 2), "a,");
    ck_assert_int_eq(db_i64(&rows, 0, 3), 6);
    db_rows_release(&rows);
    db_add_i64_array(&none, &arena, NULL, 0);
    db_add_text_array(&none, &arena, NULL, 0);
    db_add_bytes_array(&none, &arena, NULL, 2, 0);
    ck_assert_int_eq(db_exec(db, &stmt, &none, &rows), 0);
    ck_assert_int_eq(db_i64(&rows, 0, 0), 0);
    db_free(db);
}
END_TEST

START_TEST(an_empty_value_is_not_null)
{
    static const struct db_stmt stmt = {"empty", "SELECT $1::bytea IS NULL, $2::text IS NULL"};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db *db = empty_database();
    struct db_params params = {0};

    db_add_bytes(&params, NULL, 0);
    db_add_text(&params, "");
    ck_assert_int_eq(db_exec(db, &stmt, &params, &rows), 0);
    ck_assert(!db_bool(&rows, 0, 0));
    ck_assert(!db_bool(&rows, 0, 1));
    db_free(db);
}
END_TEST

START_TEST(violations_are_outcomes_with_a_constraint)
{
    static const struct {
        const char *sql;
        int outcome;
        const char *constraint;
    } cases[] = {
        {"INSERT INTO child VALUES (1, 1)", DB_E_UNIQUE,      "child_pkey" },
        {"INSERT INTO child VALUES (2, 9)", DB_E_FOREIGN_KEY, "child_fkey" },
        {"INSERT INTO child VALUES (0, 1)", DB_E_CHECK,       "child_check"},
    };
    struct db *db = empty_database();

    database_run(db, "CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1);"
                     "CREATE TABLE child (id int CONSTRAINT child_pkey PRIMARY KEY"
                     " CONSTRAINT child_check CHECK (id > 0),"
                     " parent int CONSTRAINT child_fkey REFERENCES parent (id));"
                     "INSERT INTO child VALUES (1, 1)");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ck_assert_int_eq(db_exec_script(db, cases[i].sql), cases[i].outcome);
        ck_assert_str_eq(db_constraint(db), cases[i].constraint);
    }
    database_run(db, "INSERT INTO child VALUES (2, 1)");
    ck_assert_int_eq(db_affected(db), 1);
    ck_assert_str_eq(db_constraint(db), "");
    db_free(db);
}
END_TEST

START_TEST(a_wrong_statement_is_fatal)
{
    static const struct db_stmt stmt = {"wrong", "SELECT nothing FROM nowhere"};
    struct db *db = empty_database();

    ck_assert_int_eq(db_exec(db, &stmt, NULL, NULL), ERR_INTERNAL);
    ck_assert(db_ping(db));
    db_free(db);
}
END_TEST

static void kill_backends(const char *url)
{
    struct db *other = database_open(url);

    database_run(other, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    db_free(other);
}

START_TEST(a_connection_that_was_cut_while_idle_costs_no_statement)
{
    static const struct db_stmt stmt = {"one", "SELECT 1"};
    char url[DATABASE_URL_SIZE];

    database_make(false, url);
    struct db *db = database_open(url);
    ck_assert_int_eq(db_exec(db, &stmt, NULL, NULL), 0);
    kill_backends(url);
    ck_assert_int_eq(db_exec(db, &stmt, NULL, NULL), 0);
    db_free(db);
}
END_TEST

/* Cuts the connection that it runs on, the first time. */
#define CUT_ONCE                                                                                   \
    "CASE WHEN nextval('tries') = 1 THEN pg_terminate_backend(pg_backend_pid()) ELSE false END"

START_TEST(a_read_whose_connection_is_cut_meanwhile_is_repeated)
{
    static const struct db_stmt stmt = {"read", "SELECT " CUT_ONCE};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db *db = empty_database();

    database_run(db, "CREATE SEQUENCE tries");
    ck_assert_int_eq(db_exec(db, &stmt, NULL, &rows), 0);
    ck_assert_int_eq(rows.count, 1);
    ck_assert_int_eq(database_number(db, "SELECT nextval('tries')"), 3);
    db_free(db);
}
END_TEST

START_TEST(a_read_that_is_cut_each_time_is_unavailable)
{
    static const struct db_stmt stmt = {
        "cut", "SELECT nextval('tries'), pg_terminate_backend(pg_backend_pid())"};
    struct db *db = empty_database();

    database_run(db, "CREATE SEQUENCE tries");
    ck_assert_int_eq(db_exec(db, &stmt, NULL, NULL), ERR_UNAVAILABLE);
    ck_assert_int_eq(database_number(db, "SELECT nextval('tries')"), 3);
    db_free(db);
}
END_TEST

/* Whether it was done cannot be known. */
START_TEST(a_change_whose_connection_is_cut_meanwhile_is_not_repeated)
{
    static const struct db_stmt stmt = {"change", "INSERT INTO log SELECT " CUT_ONCE};
    struct db *db = empty_database();

    database_run(db, "CREATE SEQUENCE tries; CREATE TABLE log (cut boolean)");
    ck_assert_int_eq(db_exec(db, &stmt, NULL, NULL), ERR_UNAVAILABLE);
    ck_assert_int_eq(database_number(db, "SELECT nextval('tries')"), 2);
    db_free(db);
}
END_TEST

START_TEST(an_unreachable_server_is_unavailable)
{
    struct db *db = database_open("host=/nonexistent user=x dbname=x");

    ck_assert_int_eq(db_exec_script(db, "SELECT 1"), ERR_UNAVAILABLE);
    ck_assert(!db_ping(db));
    ck_assert_int_eq(db_wait_notify(db, 0, -1), ERR_UNAVAILABLE);
    db_free(db);
}
END_TEST

START_TEST(a_statement_that_takes_too_long_is_unavailable)
{
    char url[DATABASE_URL_SIZE];
    struct db *db;

    database_make(false, url);
    const struct db_config config = {.url = url, .statement_timeout_ms = 50};
    ck_assert_int_eq(db_new(&config, &db), 0);
    ck_assert_int_eq(db_exec_script(db, "SELECT pg_sleep(60)"), ERR_UNAVAILABLE);
    ck_assert(db_ping(db));
    db_free(db);
}
END_TEST

START_TEST(notifications_end_the_wait)
{
    char url[DATABASE_URL_SIZE];

    database_make(false, url);
    struct db *db = database_open(url);
    struct db *other = database_open(url);
    ck_assert_int_eq(db_listen(db, "news"), 0);
    ck_assert_int_eq(db_wait_notify(db, 0, -1), DB_E_TIMEOUT);
    database_run(other, "NOTIFY news, 'a'; NOTIFY news, 'b'");
    ck_assert_int_eq(db_wait_notify(db, 60000, -1), 0);
    ck_assert_int_eq(db_wait_notify(db, 0, -1), DB_E_TIMEOUT);
    kill_backends(url);
    ck_assert_int_eq(db_wait_notify(db, 60000, -1), ERR_UNAVAILABLE);
    db_free(other);
    db_free(db);
}
END_TEST

START_TEST(a_file_descriptor_ends_the_wait)
{
    struct db *db = empty_database();
    int wake[2];

    ck_assert_int_eq(pipe(wake), 0);
    ck_assert_int_eq(db_listen(db, "news"), 0);
    ck_assert_int_eq(write(wake[1], "w", 1), 1);
    ck_assert_int_eq(db_wait_notify(db, 60000, wake[0]), DB_E_WOKEN);
    db_free(db);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "db/db", values_come_back_as_they_went, arrays_become_rows, an_empty_value_is_not_null,
        violations_are_outcomes_with_a_constraint, a_wrong_statement_is_fatal,
        a_connection_that_was_cut_while_idle_costs_no_statement,
        a_read_whose_connection_is_cut_meanwhile_is_repeated,
        a_read_that_is_cut_each_time_is_unavailable,
        a_change_whose_connection_is_cut_meanwhile_is_not_repeated,
        an_unreachable_server_is_unavailable, a_statement_that_takes_too_long_is_unavailable,
        notifications_end_the_wait, a_file_descriptor_ends_the_wait);
}
