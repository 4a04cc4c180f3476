/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_TX_H
#define DB_TX_H

#include "base/error.h"

#include <stdbool.h>

struct db;

/*
 * Runs fn in a transaction (read committed), commits where it returns 0, rolls back otherwise and
 * returns what fn returned. Retries deadlocks and serialization failures up to 5 times: fn has no
 * outside effects and can be run again. Inside another tx_run it uses a savepoint, so that an outer
 * layer (idempotency keys) can wrap a whole handler, and so that fn may fail without ending the
 * outer transaction.
 *
 * Never returns DB_E_SERIALIZATION: where the retries do not help it is ERR_UNAVAILABLE. Where the
 * connection is lost while it commits, whether it was committed is not known (ERR_UNAVAILABLE).
 */
typedef int tx_fn(struct db *db, void *arg);
int tx_run(struct db *db, tx_fn *fn, void *arg) MUST_CHECK;

/* Whether a tx_run is open on this connection. */
bool tx_active(const struct db *db);

#endif
