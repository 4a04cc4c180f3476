/* SPDX-License-Identifier: Apache-2.0 */
#include "db/pulse.h"

#include "database.h"
#include "suite.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PULSE_BACKEND                                                                              \
    "SELECT coalesce(max(pid), 0)::bigint FROM pg_stat_activity"                                   \
    " WHERE datname = current_database() AND application_name = 'pulse'"

struct world {
    char url[DATABASE_URL_SIZE];
    atomic_bool is_up;
    struct pulse *pulse;
    struct db *watcher; /* knows no pulse */
    struct db *db;      /* knows it */
};

static void set_up(struct world *world)
{
    *world = (struct world){0};
    database_make(false, world->url);
    const struct db_config watched = {.url = world->url, .application_name = "pulse"};
    const struct pulse_config config = {
        .db = &watched, .answer_timeout_ms = 1000, .is_up = &world->is_up};
    ck_assert_int_eq(pulse_new(&config, &world->pulse), 0);
    const struct db_config knowing = {.url = world->url, .pulse = world->pulse};
    ck_assert_int_eq(db_new(&knowing, &world->db), 0);
    world->watcher = database_open(world->url);
}

static void tear_down(struct world *world)
{
    db_free(world->db);
    db_free(world->watcher);
    pulse_free(world->pulse);
}

static void wait_up(struct world *world)
{
    while (!atomic_load(&world->is_up) || pulse_is_silent(world->pulse))
        (void)poll(NULL, 0, 10);
}

/* Stops the process that answers the pulse, until the pulse noticed. */
static pid_t freeze(struct world *world)
{
    pid_t backend;

    wait_up(world);
    backend = (pid_t)database_number(world->watcher, PULSE_BACKEND);
    ck_assert_int_ne(backend, 0);
    ck_assert_int_eq(kill(backend, SIGSTOP), 0);
    while (!pulse_is_silent(world->pulse))
        (void)poll(NULL, 0, 10);
    return backend;
}

static void allow_connections(const struct world *world, bool allow)
{
    struct db *admin = database_open(getenv("MODELFERRY_TEST_DATABASE_URL"));
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "ALTER DATABASE %s ALLOW_CONNECTIONS %s",
                   strstr(world->url, "&dbname=") + strlen("&dbname="), allow ? "true" : "false");
    database_run(admin, sql);
    db_free(admin);
}

START_TEST(beats_while_the_database_answers)
{
    struct world world;

    set_up(&world);
    wait_up(&world);
    ck_assert(db_ping(world.db));
    tear_down(&world);
}
END_TEST

START_TEST(falls_silent_with_the_database_and_comes_back)
{
    struct world world;
    pid_t backend;

    set_up(&world);
    ck_assert(db_ping(world.db));
    backend = freeze(&world);
    ck_assert(!pulse_is_silent(NULL));
    /* Only the pulse's own connection is frozen: it beats again on a new one. */
    wait_up(&world);
    ck_assert(db_ping(world.db));
    ck_assert_int_eq(kill(backend, SIGCONT), 0);
    tear_down(&world);
}
END_TEST

static void *ask_for_ever(void *arg)
{
    struct db *db = arg;

    return db_exec_script(db, "SELECT pg_sleep(3600)") == ERR_UNAVAILABLE ? db : NULL;
}

START_TEST(who_waits_gives_up_when_it_falls_silent)
{
    struct world world;
    pthread_t thread;
    pid_t backend;
    void *gave_up;

    set_up(&world);
    wait_up(&world);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_for_ever, world.db), 0);
    while (database_number(world.watcher, "SELECT count(*) FROM pg_stat_activity"
                                          " WHERE datname = current_database()"
                                          " AND query LIKE 'SELECT pg_sleep%'") == 0)
        (void)poll(NULL, 0, 10);
    allow_connections(&world, false); /* so that the silence lasts */
    backend = freeze(&world);
    ck_assert_int_eq(pthread_join(thread, &gave_up), 0);
    ck_assert_ptr_eq(gave_up, world.db);
    ck_assert(!db_ping(world.db));
    allow_connections(&world, true);
    wait_up(&world);
    ck_assert(db_ping(world.db));
    ck_assert_int_eq(kill(backend, SIGCONT), 0);
    tear_down(&world);
}
END_TEST

START_TEST(who_failed_tries_again_when_another_had_success)
{
    struct world world;
    struct db *other;

    set_up(&world);
    wait_up(&world);
    const struct db_config knowing = {.url = world.url, .pulse = world.pulse};
    allow_connections(&world, false);
    ck_assert(!db_ping(world.db));
    allow_connections(&world, true);
    ck_assert_int_eq(db_new(&knowing, &other), 0);
    ck_assert(db_ping(other));
    ck_assert(db_ping(world.db));
    db_free(other);
    tear_down(&world);
}
END_TEST

START_TEST(a_refusal_is_down_but_not_silent)
{
    const struct db_config nowhere = {.url = "host=/nonexistent user=x dbname=x"};
    atomic_bool is_up = true;
    const struct pulse_config config = {
        .db = &nowhere, .answer_timeout_ms = 60000, .is_up = &is_up};
    struct pulse *pulse;

    ck_assert_int_eq(pulse_new(&config, &pulse), 0);
    while (atomic_load(&is_up))
        (void)poll(NULL, 0, 10);
    ck_assert(!pulse_is_silent(pulse));
    pulse_free(pulse);
}
END_TEST

int main(void)
{
    return SUITE_RUN(
        "db/pulse", beats_while_the_database_answers, falls_silent_with_the_database_and_comes_back,
        who_waits_gives_up_when_it_falls_silent, who_failed_tries_again_when_another_had_success,
        a_refusal_is_down_but_not_silent);
}
