/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_DB_COPY_H
#define DB_DB_COPY_H

#include "base/error.h"

#include <stddef.h>

struct db;

/*
 * COPY FROM STDIN in the binary format; inside a tx_run. After a failure the transaction is lost
 * (and the COPY with it): leave its fn with the error.
 */

/* sql: "COPY t (a, b) FROM STDIN (FORMAT binary)", constant. */
int db_copy_begin(struct db *db, const char *sql) MUST_CHECK;
/* Bytes of the binary format without its header and trailer, which begin and end write. */
int db_copy_write(struct db *db, const void *bytes, size_t size) MUST_CHECK;
int db_copy_end(struct db *db) MUST_CHECK;

#endif
