/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DATABASE_H
#define DATABASE_H

#include "db/db.h"

#include <stdbool.h>

/*
 * Databases of a test's own, in the PostgreSQL of tests/with-postgres. They are not dropped: the
 * whole cluster goes. A failure fails the test.
 */

#define DATABASE_URL_SIZE 512

/* Makes one: empty, or with the schema. */
void database_make(bool with_schema, char ret_url[static DATABASE_URL_SIZE]);

/* A connection to it. */
struct db *database_open(const char *url);

/* A connection to a new one with the schema. */
struct db *database_new(void);

/* Runs SQL that has to succeed. */
void database_run(struct db *db, const char *sql);

/* The first value of the first row, which is a bigint. */
int64_t database_number(struct db *db, const char *sql);

#endif
