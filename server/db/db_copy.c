/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db_copy.h"

#include "base/log.h"
#include "db/db_conn.h"
#include "db/db_wait.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

/* PostgreSQL documentation, COPY, "Binary Format". */
static const char header[] = "PGCOPY\n\377\r\n\0" /* signature */
                             "\0\0\0\0"           /* flags */
                             "\0\0\0\0";          /* header extension */
static const char trailer[2] = "\377\377";

static int put(struct db *db, const void *bytes, size_t size)
{
    assert(size <= INT_MAX);
    if (!db->conn)
        return ERR_UNAVAILABLE;
    if (PQputCopyData(db->conn, bytes, (int)size) == 1)
        return db_wait_sent(db);
    return db_conn_failure(db, NULL, "COPY");
}

int db_copy_begin(struct db *db, const char *sql)
{
    int r;

    assert(db->tx_depth > 0);
    r = db_conn_ensure(db);
    if (r)
        return r;
    CLEANUP(db_conn_clear) PGresult *result = db_wait_result(db, PQsendQuery(db->conn, sql));
    if (PQresultStatus(result) != PGRES_COPY_IN)
        return db_conn_failure(db, result, "COPY");
    return put(db, header, sizeof(header) - 1);
}

int db_copy_write(struct db *db, const void *bytes, size_t size)
{
    return put(db, bytes, size);
}

int db_copy_end(struct db *db)
{
    int r;

    r = put(db, trailer, sizeof(trailer));
    if (r)
        return r;
    CLEANUP(db_conn_clear)
    PGresult *result = db_wait_result(db, PQputCopyEnd(db->conn, NULL) == 1);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return db_conn_failure(db, result, "COPY");
    return 0;
}
