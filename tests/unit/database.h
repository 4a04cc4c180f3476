/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DATABASE_H
#define DATABASE_H

#include "db/db.h"
#include "db/migrate.h"
#include "db/migrations.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A database of its own for one test, in the PostgreSQL that tests/with-postgres started; it goes
 * away with that. Check runs each test in a process of its own, so the process names it.
 */
static inline struct db *database_new(char *url, size_t size)
{
    const char *server = getenv("MODELFERRY_TEST_DATABASE_URL");
    const char *name;
    char sql[80];
    struct db *db;

    ck_assert_msg(server != NULL, "run this by tests/with-postgres");
    ck_assert_int_eq(db_new(&(struct db_config){.url = server}, &db), 0);
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE unit_%d", (int)getpid());
    ck_assert_int_eq(db_exec_script(db, sql), 0);
    db_free(db);

    /* postgresql://postgres@/postgres?host=... */
    name = strstr(server, "/postgres?");
    ck_assert_ptr_nonnull(name);
    (void)snprintf(url, size, "%.*s/unit_%d%s", (int)(name - server), server, (int)getpid(),
                   name + strlen("/postgres"));
    ck_assert_int_eq(db_new(&(struct db_config){.url = url}, &db), 0);
    ck_assert_int_eq(migrate_run(db, migrations_all, migrations_count), 0);
    return db;
}

#endif
