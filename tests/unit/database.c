/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include "base/cleanup.h"
#include "db/migrate.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEMPLATE "modelferry_template"

struct db *database_open(const char *url)
{
    const struct db_config config = {.url = url, .application_name = "test"};
    struct db *db;

    ck_assert_int_eq(db_new(&config, &db), 0);
    return db;
}

void database_run(struct db *db, const char *sql)
{
    ck_assert_msg(db_exec_script(db, sql) == 0, "failed: %s", sql);
}

int64_t database_number(struct db *db, const char *sql)
{
    static struct db_stmt stmts[256]; /* a statement is prepared under its address */
    static char names[256][16];
    static size_t used;
    CLEANUP(db_rows_release) struct db_rows rows = {0};

    ck_assert_uint_lt(used, ARRAY_LEN(stmts));
    (void)snprintf(names[used], sizeof(names[used]), "number_%zu", used);
    stmts[used] = (struct db_stmt){names[used], sql};
    ck_assert_int_eq(db_exec(db, &stmts[used++], NULL, &rows), 0);
    ck_assert_int_ge(rows.count, 1);
    return db_i64(&rows, 0, 0);
}

static const char *cluster_url(void)
{
    const char *url = getenv("MODELFERRY_TEST_DATABASE_URL");

    ck_assert_msg(url, "run this test by tests/with-postgres");
    return url;
}

static void url_of(const char *name, char ret_url[static DATABASE_URL_SIZE])
{
    ck_assert_int_lt(snprintf(ret_url, DATABASE_URL_SIZE, "%s&dbname=%s", cluster_url(), name),
                     DATABASE_URL_SIZE);
}

/* Once a cluster: under a lock, and renamed when it is whole. */
static void make_template(struct db *admin)
{
    char url[DATABASE_URL_SIZE];

    database_run(admin, "SELECT pg_advisory_lock(1)");
    if (database_number(admin, "SELECT count(*) FROM pg_database WHERE datname = '" TEMPLATE "'") ==
        0) {
        database_run(admin, "DROP DATABASE IF EXISTS unfinished_template");
        database_run(admin, "CREATE DATABASE unfinished_template");
        url_of("unfinished_template", url);
        struct db *db = database_open(url);
        ck_assert_int_eq(migrate_run(db, migrations_all, migrations_count), 0);
        db_free(db);
        database_run(admin, "DROP DATABASE IF EXISTS " TEMPLATE);
        database_run(admin, "ALTER DATABASE unfinished_template RENAME TO " TEMPLATE);
    }
    database_run(admin, "SELECT pg_advisory_unlock(1)");
}

void database_make(bool with_schema, char ret_url[static DATABASE_URL_SIZE])
{
    struct db *admin = database_open(cluster_url());
    static int made;
    char name[64];
    char sql[256];

    if (with_schema)
        make_template(admin);
    (void)snprintf(name, sizeof(name), "test_%d_%d", (int)getpid(), made++);
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE %s", name,
                   with_schema ? TEMPLATE : "template0");
    database_run(admin, sql);
    db_free(admin);
    url_of(name, ret_url);
}

struct db *database_new(void)
{
    char url[DATABASE_URL_SIZE];

    database_make(true, url);
    return database_open(url);
}
