/* SPDX-License-Identifier: Apache-2.0 */
#include "core/engine.h"

#include "database.h"
#include "suite.h"

#include <stdatomic.h>

static atomic_int runs;

static struct db *open_new(char url[static DATABASE_URL_SIZE])
{
    database_make(true, url);
    return database_open(url);
}

static int count(struct db *db, void *arg, int64_t now_ms, bool *ret_more)
{
    (void)db;
    (void)arg;
    ck_assert_int_gt(now_ms, 0);
    *ret_more = atomic_fetch_add(&runs, 1) == 0;
    return 0;
}

static int broken(struct db *db, void *arg, int64_t now_ms, bool *ret_more)
{
    (void)db;
    (void)arg;
    (void)now_ms;
    *ret_more = true;
    return ERR_UNAVAILABLE;
}

static const struct engine_step counting = {
    .name = "count", .lock = 77, .interval_ms = 3600000, .run = count};
static const struct engine_step failing = {
    .name = "fail", .lock = 78, .interval_ms = 3600000, .run = broken};

START_TEST(runs_on_one_instance_at_a_time)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = open_new(url);
    struct db *other = database_open(url);
    bool more = false;

    database_run(other, "SELECT pg_advisory_lock(77)");
    ck_assert_int_eq(engine_run(db, &counting, 1, &more), 0);
    ck_assert_int_eq(runs, 0);
    ck_assert(!more);
    db_free(other);
    /* The lock went with its connection, which PostgreSQL may take a moment to notice. */
    while (runs == 0)
        ck_assert_int_eq(engine_run(db, &counting, 1, &more), 0);
    ck_assert(more);
    ck_assert_int_eq(engine_run(db, &counting, 1, &more), 0);
    ck_assert(!more);
    db_free(db);
}
END_TEST

START_TEST(frees_the_lock_of_a_step_that_fails)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = open_new(url);
    struct db *other = database_open(url);
    bool more = false;

    ck_assert_int_eq(engine_run(db, &failing, 1, &more), ERR_UNAVAILABLE);
    ck_assert(!more);
    ck_assert_int_eq(engine_run(other, &failing, 1, &more), ERR_UNAVAILABLE);
    db_free(other);
    db_free(db);
}
END_TEST

START_TEST(runs_again_at_once_while_there_is_more)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = open_new(url);
    const struct db_config config = {.url = url, .connect_timeout_s = 10};
    struct engine *engine;

    ck_assert_int_eq(engine_new(&(struct engine_config){.db = &config,
                                                        .clock = clock_system(),
                                                        .steps = &counting,
                                                        .count = 1},
                                &engine),
                     0);
    while (atomic_load(&runs) < 2)
        continue;
    engine_free(engine);
    engine_free(NULL);
    ck_assert_int_eq(runs, 2);
    db_free(db);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/engine", runs_on_one_instance_at_a_time,
                     frees_the_lock_of_a_step_that_fails, runs_again_at_once_while_there_is_more);
}
