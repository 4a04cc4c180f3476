/* SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"

#include "base/cleanup.h"
#include "database.h"
#include "suite.h"

#include <pthread.h>
#include <string.h>

#define SHA(c) c c c c c c c c c c c c c c c c

static const struct migration two[] = {
    {1, "first",  "CREATE TABLE a (i int); INSERT INTO a VALUES (1)", SHA("1111")},
    {2, "second", "CREATE TABLE b (i int)",                           SHA("2222")},
};

static struct db *empty(char ret_url[static DATABASE_URL_SIZE])
{
    database_make(false, ret_url);
    return database_open(ret_url);
}

START_TEST(applies_what_is_missing_once)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = empty(url);

    ck_assert_int_eq(migrate_check(db, two, 2), MIGRATE_E_PENDING);
    ck_assert_int_eq(migrate_run(db, two, 1), 0);
    ck_assert_int_eq(migrate_check(db, two, 1), 0);
    ck_assert_int_eq(migrate_check(db, two, 2), MIGRATE_E_PENDING);
    ck_assert_int_eq(migrate_run(db, two, 2), 0);
    ck_assert_int_eq(migrate_run(db, two, 2), 0);
    ck_assert_int_eq(migrate_check(db, two, 2), 0);
    ck_assert_int_eq(database_number(db, "SELECT count(*) FROM a"), 1);
    ck_assert_int_eq(database_number(db, "SELECT count(*) FROM schema_migration"), 2);
    db_free(db);
}
END_TEST

START_TEST(refuses_a_schema_that_is_newer)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = empty(url);

    ck_assert_int_eq(migrate_run(db, two, 2), 0);
    ck_assert_int_eq(migrate_run(db, two, 1), MIGRATE_E_NEWER);
    ck_assert_int_eq(migrate_check(db, two, 1), MIGRATE_E_NEWER);
    db_free(db);
}
END_TEST

START_TEST(refuses_a_migration_that_was_edited)
{
    const struct migration edited[] = {
        {1, "first", "CREATE TABLE a (j int)", SHA("9999")},
    };
    char url[DATABASE_URL_SIZE];
    struct db *db = empty(url);

    ck_assert_int_eq(migrate_run(db, two, 1), 0);
    ck_assert_int_eq(migrate_run(db, edited, 1), MIGRATE_E_EDITED);
    db_free(db);
}
END_TEST

START_TEST(a_migration_that_fails_leaves_nothing)
{
    const struct migration broken[] = {
        two[0],
        {2, "broken", "CREATE TABLE c (i int); SELECT 1 / 0", SHA("3333")},
    };
    char url[DATABASE_URL_SIZE];
    struct db *db = empty(url);

    ck_assert_int_lt(migrate_run(db, broken, 2), 0);
    ck_assert_int_eq(database_number(db, "SELECT count(*) FROM schema_migration"), 1);
    ck_assert_int_eq(
        database_number(db, "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'c')"), 1);
    ck_assert_int_eq(migrate_run(db, two, 2), 0);
    db_free(db);
}
END_TEST

static void *run_all(void *url)
{
    struct db *db = database_open(url);
    int r = migrate_run(db, migrations_all, migrations_count);

    db_free(db);
    return r == 0 ? url : NULL;
}

START_TEST(instances_may_start_at_the_same_time)
{
    char url[DATABASE_URL_SIZE];
    struct db *db = empty(url);
    pthread_t threads[4];
    void *result;

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_all, url), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], &result), 0);
        ck_assert_ptr_nonnull(result);
    }
    ck_assert_int_eq(migrate_check(db, migrations_all, migrations_count), 0);
    db_free(db);
}
END_TEST

START_TEST(is_not_bound_by_the_statement_timeout)
{
    const struct migration slow[] = {
        {1, "slow", "SELECT pg_sleep(0.2)", SHA("4444")},
    };
    char url[DATABASE_URL_SIZE];
    struct db *db;

    database_make(false, url);
    const struct db_config config = {.url = url, .statement_timeout_ms = 100};
    ck_assert_int_eq(db_new(&config, &db), 0);
    ck_assert_int_eq(migrate_run(db, slow, 1), 0);
    db_free(db);
}
END_TEST

/* What psql's \d+ would show without a word on it. */
START_TEST(everything_is_commented)
{
    static const struct db_stmt uncommented = {
        "uncommented",
        "SELECT c.relname || coalesce('.' || a.attname, '') FROM pg_class c"
        " LEFT JOIN LATERAL (SELECT 0 AS attnum, NULL AS attname UNION ALL"
        "  SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0"
        "  AND NOT attisdropped AND c.relkind IN ('r', 'p')) a ON true"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'i', 'I')"
        " AND col_description(c.oid, a.attnum) IS NULL AND obj_description(c.oid) IS NULL"
        " OR c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND a.attnum > 0 AND col_description(c.oid, a.attnum) IS NULL ORDER BY 1"};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db *db = database_new();

    ck_assert_int_eq(db_exec(db, &uncommented, NULL, &rows), 0);
    ck_assert_msg(rows.count == 0, "%d lack a comment, such as %s", rows.count,
                  db_text(&rows, 0, 0));
    db_free(db);
}
END_TEST

START_TEST(tables_with_user_data_carry_the_workspace)
{
    static const struct db_stmt without = {
        "without",
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
        " AND c.relkind IN ('r', 'p') AND c.relname NOT IN ('workspace', 'schema_migration')"
        " AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid"
        "  AND a.attname = 'workspace_id')"
        /* Parts of a row that carries it, and never reached but through that. */
        " AND c.relname NOT IN ('chunk_page', 'content_chunk', 'device_seen', 'device_change')"};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db *db = database_new();

    ck_assert_int_eq(db_exec(db, &without, NULL, &rows), 0);
    ck_assert_msg(rows.count == 0, "'%s' has no workspace_id", db_text(&rows, 0, 0));
    db_free(db);
}
END_TEST

int main(void)
{
    return SUITE_RUN("db/migrate", applies_what_is_missing_once, refuses_a_schema_that_is_newer,
                     refuses_a_migration_that_was_edited, a_migration_that_fails_leaves_nothing,
                     instances_may_start_at_the_same_time, is_not_bound_by_the_statement_timeout,
                     everything_is_commented, tables_with_user_data_carry_the_workspace);
}
