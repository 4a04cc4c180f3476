/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_EMBEDDED_H
#define DB_EMBEDDED_H

#include "base/error.h"

#include <stdint.h>

/*
 * A private PostgreSQL in a directory (`modelferryd --dev DIR`): made on first use, reached by a
 * unix socket that only its owner can open, started and stopped with this process.
 *
 *     DIR/postgres/data     the cluster
 *     DIR/postgres/log      what PostgreSQL says
 *     DIR/postgres/socket   the socket (elsewhere where that path is too long for one)
 *     DIR/postgres.lock     held by the process that runs it
 *     DIR/postgres.url      how to connect to it, while it runs
 *
 * PostgreSQL does not run as root: there it runs as the user postgres, else nobody. It gets a
 * fast-shutdown signal when this process ends in whatever way; one that is still stopping (or was
 * left behind) at the next start is waited for, and stopped if need be.
 */
struct embedded;

/*
 * Returns when PostgreSQL takes connections. Call it on the main thread: PostgreSQL is stopped when
 * the thread that started it ends. A failure was logged, with what to do.
 */
int embedded_start(const char *directory, struct embedded **ret_embedded) MUST_CHECK;

/*
 * For commands beside a server: the PostgreSQL that runs in the directory, or one that is started
 * for as long as this takes.
 */
int embedded_open(const char *directory, struct embedded **ret_embedded) MUST_CHECK;

/* The connection string of its one database; borrowed. */
const char *embedded_url(const struct embedded *embedded);

/*
 * Starts it again where it ended by itself, at once and then less and less often. Call it on the
 * thread that started it, after each SIGCHLD and as soon as it asked for. Does not wait until
 * PostgreSQL takes connections.
 *
 * Returns in how many milliseconds it wants to be called again; -1: when a child ends.
 */
int64_t embedded_watch(struct embedded *embedded);

/* Stops it, where it was started here: nothing that was committed is lost. Then frees. Accepts
 * NULL. */
void embedded_stop(struct embedded *embedded);

#endif
