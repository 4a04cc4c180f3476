/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/db.h"
#include "db/migrations.h"

#include <stddef.h>

/* Brings a database to the schema that the binary needs. */

enum {
    MIGRATE_E_NEWER = 1,      /* the database has migrations that this binary does not know */
    MIGRATE_E_EDITED = 2,     /* a migration differs from the one that was applied */
    MIGRATE_E_OLD_SERVER = 3, /* PostgreSQL before 15 */
    MIGRATE_E_PENDING = 4,    /* migrate_check only: not all are applied */
};

/*
 * Applies what is missing, each migration in a transaction of its own, under an advisory lock, so
 * that instances may start at the same time. With nothing to do it only reads. migrations are
 * ascending (production: migrations_all and migrations_count).
 *
 * Every outcome but 0 and ERR_UNAVAILABLE was logged with what to do about it.
 */
int migrate_run(struct db *db, const struct migration *migrations, size_t count) MUST_CHECK;

/*
 * Gives the role modelferry_app, where there is one, what a server needs and no more: no DDL, no
 * TRUNCATE, nothing on workspaces but to read them, no change of what is append-only. migrate_run
 * does it when it applied something; whoever owns the tables may do it at any time.
 * docs/DATABASE.md says how to use it.
 */
int migrate_grant(struct db *db) MUST_CHECK;

/* Only reads: whether the schema is exactly the binary's. For readiness. */
int migrate_check(struct db *db, const struct migration *migrations, size_t count) MUST_CHECK;

#endif
