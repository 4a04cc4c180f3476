/* SPDX-License-Identifier: Apache-2.0 */
#include "db/embedded.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "db/db.h"
#include "suite.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A directory that an unprivileged user may enter, too. */
static void make_scratch(char ret_path[static 64])
{
    (void)snprintf(ret_path, 64, "/tmp/mf-embedded-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(ret_path));
    ck_assert_int_eq(chmod(ret_path, 0755), 0);
}

static void execute(const struct embedded *embedded, const char *sql)
{
    struct db_config config = {.url = embedded_url(embedded)};
    struct db *db;

    ck_assert_int_eq(db_new(&config, &db), 0);
    ck_assert_int_eq(db_exec_script(db, sql), 0);
    db_free(db);
}

START_TEST(keeps_what_was_written_over_a_restart)
{
    struct embedded *embedded;
    char path[64];

    make_scratch(path);
    ck_assert_int_eq(embedded_start(path, &embedded), 0);
    execute(embedded, "CREATE TABLE t (i int); INSERT INTO t VALUES (1)");
    embedded_stop(embedded);
    ck_assert_int_eq(embedded_start(path, &embedded), 0);
    execute(embedded, "DO $$ BEGIN ASSERT (SELECT count(*) FROM t) = 1; END $$");
    embedded_stop(embedded);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

START_TEST(takes_over_from_a_process_that_was_killed)
{
    struct embedded *embedded;
    char path[64];
    char byte;
    int ready[2];

    make_scratch(path);
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (embedded_start(path, &embedded) == 0) {
            execute(embedded, "CREATE TABLE t (i int); INSERT INTO t VALUES (1)");
            (void)!write(ready[1], "r", 1);
        }
        (void)pause();
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(embedded_start(path, &embedded), 0);
    execute(embedded, "DO $$ BEGIN ASSERT (SELECT count(*) FROM t) = 1; END $$");
    embedded_stop(embedded);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

START_TEST(refuses_a_directory_that_is_in_use)
{
    struct embedded *first;
    struct embedded *second;
    char path[64];

    make_scratch(path);
    ck_assert_int_eq(embedded_start(path, &first), 0);
    ck_assert_int_lt(embedded_start(path, &second), 0);
    execute(first, "SELECT 1");
    embedded_stop(first);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

START_TEST(is_shared_with_commands_beside_it)
{
    struct embedded *server;
    struct embedded *command;
    char path[64];

    make_scratch(path);
    ck_assert_int_eq(embedded_start(path, &server), 0);
    ck_assert_int_eq(embedded_open(path, &command), 0);
    execute(command, "CREATE TABLE t (i int)");
    embedded_stop(command);
    execute(server, "INSERT INTO t VALUES (1)");
    embedded_stop(server);
    ck_assert_int_eq(embedded_open(path, &command), 0);
    execute(command, "DO $$ BEGIN ASSERT (SELECT count(*) FROM t) = 1; END $$");
    embedded_stop(command);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

START_TEST(starts_below_a_path_too_long_for_a_socket)
{
    struct embedded *embedded;
    char path[64];
    char deep[256];

    make_scratch(path);
    (void)snprintf(deep, sizeof(deep), "%s/%0120d", path, 7);
    ck_assert_int_eq(embedded_start(deep, &embedded), 0);
    execute(embedded, "SELECT 1");
    embedded_stop(embedded);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

START_TEST(begins_again_where_making_the_cluster_was_cut_off)
{
    struct embedded *embedded;
    char path[64];
    char half[128];

    make_scratch(path);
    (void)snprintf(half, sizeof(half), "%s/postgres/data.new/base", path);
    ck_assert_int_eq(file_mkdirs(AT_FDCWD, half, 0755), 0);
    ck_assert_int_eq(embedded_start(path, &embedded), 0);
    execute(embedded, "SELECT 1");
    embedded_stop(embedded);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

/* The process behind it; with kill -9 it leaves its children and its pid file behind. */
static pid_t postmaster(const char *path)
{
    char name[128];
    AUTO_FREE char *text = NULL;

    (void)snprintf(name, sizeof(name), "%s/postgres/data/postmaster.pid", path);
    ck_assert_int_eq(file_read(AT_FDCWD, name, 4096, &text, NULL), 0);
    return (pid_t)strtol(text, NULL, 10);
}

static void watch_until_it_answers(struct embedded *embedded)
{
    struct db_config config = {.url = embedded_url(embedded)};
    struct db *db;

    ck_assert_int_eq(db_new(&config, &db), 0);
    while (!db_ping(db)) {
        int64_t wait_ms = embedded_watch(embedded);

        (void)poll(NULL, 0, wait_ms < 0 || wait_ms > 50 ? 50 : (int)wait_ms);
    }
    db_free(db);
}

START_TEST(one_that_was_killed_is_started_again)
{
    struct embedded *embedded;
    char path[64];
    pid_t first;

    make_scratch(path);
    ck_assert_int_eq(embedded_start(path, &embedded), 0);
    ck_assert_int_eq(embedded_watch(embedded), -1);
    execute(embedded, "CREATE TABLE t (i int); INSERT INTO t VALUES (1)");
    for (int i = 0; i < 2; i++) {
        first = postmaster(path);
        ck_assert_int_eq(kill(first, SIGKILL), 0);
        watch_until_it_answers(embedded);
        ck_assert_int_ne(postmaster(path), first);
        execute(embedded, "DO $$ BEGIN ASSERT (SELECT count(*) FROM t) = 1; END $$");
    }
    embedded_stop(embedded);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

START_TEST(is_started_less_and_less_often_where_that_does_not_help)
{
    struct embedded *embedded;
    int64_t longest_ms = 0;
    char path[64];
    char data[128];
    char away[128];

    make_scratch(path);
    ck_assert_int_eq(embedded_start(path, &embedded), 0);
    (void)snprintf(data, sizeof(data), "%s/postgres/data/global", path);
    (void)snprintf(away, sizeof(away), "%s/postgres/data/away", path);
    ck_assert_int_eq(rename(data, away), 0);
    ck_assert_int_eq(kill(postmaster(path), SIGKILL), 0);
    while (longest_ms < 500) {
        int64_t wait_ms = embedded_watch(embedded);

        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
        (void)poll(NULL, 0, wait_ms < 0 ? 10 : (int)wait_ms);
    }
    ck_assert_int_eq(rename(away, data), 0);
    watch_until_it_answers(embedded);
    embedded_stop(embedded);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("db/embedded", keeps_what_was_written_over_a_restart,
                     takes_over_from_a_process_that_was_killed, refuses_a_directory_that_is_in_use,
                     is_shared_with_commands_beside_it, starts_below_a_path_too_long_for_a_socket,
                     begins_again_where_making_the_cluster_was_cut_off,
                     one_that_was_killed_is_started_again,
                     is_started_less_and_less_often_where_that_does_not_help);
}
