/* SPDX-License-Identifier: Apache-2.0 */
#include "db/tx.h"

#include "database.h"
#include "db/db_conn.h"
#include "suite.h"

#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTCOME 33

static struct db *counters(char ret_url[static DATABASE_URL_SIZE])
{
    database_make(false, ret_url);
    struct db *db = database_open(ret_url);
    database_run(db, "CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL);"
                     "INSERT INTO counter VALUES (1, 0), (2, 0)");
    return db;
}

static int64_t sum(struct db *db)
{
    return database_number(db, "SELECT sum(n)::bigint FROM counter");
}

/* Adds 1 and returns what arg points to. */
static int add(struct db *db, void *arg)
{
    int r = db_exec_script(db, "UPDATE counter SET n = n + 1 WHERE id = 1");

    return r ? r : *(int *)arg;
}

START_TEST(commits_where_the_function_succeeds)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);
    int result = 0;

    ck_assert_int_eq(tx_run(db, add, &result), 0);
    ck_assert_int_eq(sum(db), 1);
    ck_assert(!tx_active(db));
    db_free(db);
}
END_TEST

START_TEST(rolls_back_and_returns_what_the_function_returned)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);

    for (int result = OUTCOME; result >= ERR_INTERNAL; result -= OUTCOME - ERR_INTERNAL) {
        ck_assert_int_eq(tx_run(db, add, &result), result);
        ck_assert_int_eq(sum(db), 0);
    }
    db_free(db);
}
END_TEST

static int add_and_let_an_inner_one_fail(struct db *db, void *arg)
{
    int zero = 0;
    int outcome = OUTCOME;
    int r;

    (void)arg;
    ck_assert(tx_active(db));
    r = tx_run(db, add, &zero);
    if (r)
        return r;
    ck_assert_int_eq(tx_run(db, add, &outcome), OUTCOME);
    return 0;
}

START_TEST(an_inner_failure_keeps_the_outer_transaction)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);

    ck_assert_int_eq(tx_run(db, add_and_let_an_inner_one_fail, NULL), 0);
    ck_assert_int_eq(sum(db), 1);
    db_free(db);
}
END_TEST

static int violate(struct db *db, void *arg)
{
    (void)arg;
    return db_exec_script(db, "INSERT INTO counter VALUES (1, 0)");
}

static int swallow(struct db *db, void *arg)
{
    int zero = 0;
    int r = add(db, &zero);

    (void)arg;
    if (!r)
        r = violate(db, NULL);
    return r == DB_E_UNIQUE ? 0 : ERR_INTERNAL;
}

static int swallow_inner(struct db *db, void *arg)
{
    int zero = 0;

    (void)arg;
    if (tx_run(db, violate, NULL) != DB_E_UNIQUE)
        return ERR_INTERNAL;
    return add(db, &zero);
}

START_TEST(a_failed_statement_may_not_be_swallowed)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);

    ck_assert_int_eq(tx_run(db, swallow, NULL), ERR_INTERNAL);
    ck_assert_int_eq(sum(db), 0);
    ck_assert_int_eq(tx_run(db, swallow_inner, NULL), 0);
    ck_assert_int_eq(sum(db), 1);
    db_free(db);
}
END_TEST

static int lose_connection(struct db *db, void *arg)
{
    int zero = 0;
    struct db *other = database_open(arg);

    ck_assert_int_eq(add(db, &zero), 0);
    database_run(other, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    db_free(other);
    ck_assert_int_eq(add(db, &zero), ERR_UNAVAILABLE);
    ck_assert_int_eq(add(db, &zero), ERR_UNAVAILABLE); /* not on a new connection, outside */
    return 0;
}

START_TEST(nothing_runs_outside_after_the_connection_was_lost)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);
    int zero = 0;

    ck_assert_int_eq(tx_run(db, lose_connection, url), ERR_UNAVAILABLE);
    ck_assert_int_eq(sum(db), 0);
    ck_assert_int_eq(tx_run(db, add, &zero), 0);
    ck_assert_int_eq(sum(db), 1);
    db_free(db);
}
END_TEST

/* A read inside of it is not repeated outside of it. */
static int lose_connection_reading(struct db *db, void *arg)
{
    static const struct db_stmt cut = {"cut", "SELECT pg_terminate_backend(pg_backend_pid())"};
    static const struct db_stmt one = {"one", "SELECT 1"};
    int zero = 0;

    (void)arg;
    ck_assert_int_eq(add(db, &zero), 0);
    ck_assert_int_eq(db_exec(db, &cut, NULL, NULL), ERR_UNAVAILABLE);
    ck_assert_int_eq(db_exec(db, &one, NULL, NULL), ERR_UNAVAILABLE);
    return 0;
}

START_TEST(a_read_inside_is_not_repeated_outside)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);

    ck_assert_int_eq(tx_run(db, lose_connection_reading, NULL), ERR_UNAVAILABLE);
    ck_assert_int_eq(sum(db), 0);
    db_free(db);
}
END_TEST

/* Lets a stopped process go on once something was sent to it; for a child, which it ends. */
static void wake_when_sent(int socket_fd, pid_t stopped)
{
    int unread = 0;

    while (unread == 0 && ioctl(socket_fd, SIOCOUTQ, &unread) == 0)
        (void)sched_yield();
    _exit(kill(stopped, SIGCONT) != 0 || unread == 0);
}

/* The backend is told to end while it is stopped, and finds BEGIN when it goes on. */
START_TEST(a_transaction_whose_connection_is_cut_as_it_begins_runs_on_another)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);
    pid_t backend = (pid_t)database_number(db, "SELECT pg_backend_pid()::bigint");
    int zero = 0;
    int status;

    ck_assert_int_eq(kill(backend, SIGSTOP), 0);
    ck_assert_int_eq(kill(backend, SIGTERM), 0);
    pid_t waker = fork();
    ck_assert_int_ge(waker, 0);
    if (waker == 0)
        wake_when_sent(PQsocket(db->conn), backend);
    ck_assert_int_eq(tx_run(db, add, &zero), 0);
    ck_assert_int_eq(waitpid(waker, &status, 0), waker);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(sum(db), 1);
    db_free(db);
}
END_TEST

/* Two transactions that take two rows in opposite order, and meet in between. */
struct crossing {
    struct db *db;
    const char *first;
    const char *second;
    pthread_barrier_t *barrier;
    atomic_int *tries;
    bool met;
    int result;
};

static int cross(struct db *db, void *arg)
{
    struct crossing *crossing = arg;
    int r;

    (void)atomic_fetch_add(crossing->tries, 1);
    r = db_exec_script(db, crossing->first);
    if (r)
        return r;
    if (!crossing->met) {
        crossing->met = true;
        (void)pthread_barrier_wait(crossing->barrier);
    }
    return db_exec_script(db, crossing->second);
}

static void *run_crossing(void *arg)
{
    struct crossing *crossing = arg;

    crossing->result = tx_run(crossing->db, cross, crossing);
    return NULL;
}

START_TEST(a_deadlock_is_tried_again)
{
    static const char one[] = "UPDATE counter SET n = n + 1 WHERE id = 1";
    static const char two[] = "UPDATE counter SET n = n + 1 WHERE id = 2";
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);
    pthread_barrier_t barrier;
    pthread_t thread;
    atomic_int tries = 0;
    struct crossing a = {database_open(url), one, two, &barrier, &tries, false, -1};
    struct crossing b = {database_open(url), two, one, &barrier, &tries, false, -1};

    ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_crossing, &a), 0);
    (void)run_crossing(&b);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(a.result, 0);
    ck_assert_int_eq(b.result, 0);
    ck_assert_int_ge(atomic_load(&tries), 3);
    ck_assert_int_eq(sum(db), 4);
    (void)pthread_barrier_destroy(&barrier);
    db_free(a.db);
    db_free(b.db);
    db_free(db);
}
END_TEST

static int copy_rows(struct db *db, void *arg)
{
    /* (3, 30), (4, 40): two columns of int4 each */
    static const char rows[] = "\0\2\0\0\0\4\0\0\0\3\0\0\0\4\0\0\0\36"
                               "\0\2\0\0\0\4\0\0\0\4\0\0\0\4\0\0\0\50";
    int r = db_copy_begin(db, "COPY counter (id, n) FROM STDIN (FORMAT binary)");

    if (!r)
        r = db_copy_write(db, rows, sizeof(rows) - 1);
    if (!r && !arg)
        r = db_copy_end(db);
    return r ? r : (arg ? OUTCOME : 0);
}

START_TEST(copies_rows_in)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);

    ck_assert_int_eq(tx_run(db, copy_rows, NULL), 0);
    ck_assert_int_eq(sum(db), 70);
    ck_assert_int_eq(tx_run(db, copy_rows, NULL), DB_E_UNIQUE);
    ck_assert_int_eq(sum(db), 70);
    db_free(db);
}
END_TEST

START_TEST(a_copy_that_is_left_open_is_rolled_back)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = counters(url);

    ck_assert_int_eq(tx_run(db, copy_rows, url), OUTCOME);
    ck_assert_int_eq(sum(db), 0);
    db_free(db);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "db/tx", commits_where_the_function_succeeds,
        rolls_back_and_returns_what_the_function_returned,
        an_inner_failure_keeps_the_outer_transaction, a_failed_statement_may_not_be_swallowed,
        nothing_runs_outside_after_the_connection_was_lost, a_read_inside_is_not_repeated_outside,
        a_transaction_whose_connection_is_cut_as_it_begins_runs_on_another,
        a_deadlock_is_tried_again, copies_rows_in, a_copy_that_is_left_open_is_rolled_back);
}
