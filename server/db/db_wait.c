/* SPDX-License-Identifier: Apache-2.0 */
#include "db/db_wait.h"

#include "base/clock.h"
#include "db/pulse.h"

#include <errno.h>
#include <poll.h>

/* How soon somebody who waits notices that the pulse fell silent. */
#define SLICE_MS 250

/* When to give up, in monotonic microseconds; 0: never by time. */
static int64_t limit_us(const struct db *db)
{
    if (db->answer_timeout_ms == 0)
        return 0;
    return clock_monotonic_us(clock_system()) + (int64_t)db->answer_timeout_ms * 1000;
}

/* Waits for the socket; false: there is no more use in that, and the connection was dropped. */
static bool wait_socket(struct db *db, short events, int64_t limit)
{
    struct pollfd fd = {.fd = PQsocket(db->conn), .events = events};
    int n;

    do {
        int64_t left_us = limit ? limit - clock_monotonic_us(clock_system()) : INT64_MAX;

        if (left_us <= 0 || pulse_is_silent(db->pulse)) {
            (void)db_conn_lost(db, "it does not answer");
            return false;
        }
        n = poll(&fd, 1, left_us < SLICE_MS * 1000 ? (int)((left_us + 999) / 1000) : SLICE_MS);
    } while (n == 0 || (n < 0 && errno == EINTR));
    return true;
}

/* False: the connection was dropped. */
static bool flush(struct db *db, int64_t limit)
{
    int more = PQflush(db->conn);

    /* It may wait for us to read before it reads. */
    while (more == 1) {
        if (!wait_socket(db, POLLIN | POLLOUT, limit))
            return false;
        more = PQconsumeInput(db->conn) ? PQflush(db->conn) : -1;
    }
    if (more < 0)
        (void)db_conn_lost(db, PQerrorMessage(db->conn));
    return more == 0;
}

/* The next result, NULL behind the last one; false: the connection was dropped. */
static bool next_result(struct db *db, int64_t limit, PGresult **ret_result)
{
    while (PQisBusy(db->conn)) {
        if (!wait_socket(db, POLLIN, limit))
            return false;
        if (!PQconsumeInput(db->conn))
            break; /* PQgetResult says why, at once */
    }
    *ret_result = PQgetResult(db->conn);
    return true;
}

PGresult *db_wait_result(struct db *db, int sent)
{
    CLEANUP(db_conn_clear) PGresult *last = NULL;
    int64_t limit = limit_us(db);
    PGresult *next;

    if (!sent || !flush(db, limit))
        return NULL;
    do {
        if (!next_result(db, limit, &next))
            return NULL;
        if (next) {
            PQclear(last);
            last = next;
        }
    } while (next && PQresultStatus(next) != PGRES_COPY_IN);
    return TAKE_PTR(last);
}

int db_wait_sent(struct db *db)
{
    return flush(db, limit_us(db)) ? 0 : ERR_UNAVAILABLE;
}
