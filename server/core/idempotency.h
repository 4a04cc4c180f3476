/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_IDEMPOTENCY_H
#define CORE_IDEMPOTENCY_H

#include "base/arena.h"
#include "db/db.h"
#include "db/q_idempotency.h"

#include <stdint.h>

/*
 * Requests that may be sent again: the effect of a request and its reply are one transaction, so
 * that a second request with the same key gets the reply of the first and has no effect. Only
 * successes are kept: what failed had no effect, and may be tried again with the same key.
 *
 * Keys belong to a token and are forgotten after IDEMPOTENCY_KEEP_MS.
 */

#define IDEMPOTENCY_KEEP_MS ((int64_t)24 * 3600 * 1000)
#define IDEMPOTENCY_KEY_MAX 255 /* bytes */

enum {
    IDEMPOTENCY_E_KEY = 33,    /* not 1 to IDEMPOTENCY_KEY_MAX printable ASCII characters */
    IDEMPOTENCY_E_REUSED = 34, /* the key was used for another request */
    IDEMPOTENCY_E_REPLAY = 35, /* *reply is what was answered then */
    IDEMPOTENCY_E_FAILED = 36, /* perform() did not succeed: nothing was kept */
};

struct idempotency {
    struct q_idempotency_key key;
    int64_t now_ms;
    struct arena *arena;
    struct q_idempotency_reply *reply; /* its request_sha256 says what the request is */

    /*
     * Has the effect and fills *reply. May be run again where a transaction is retried. Returns 0,
     * IDEMPOTENCY_E_FAILED, or negative.
     */
    int (*perform)(void *arg, struct q_idempotency_reply *reply);
    void *arg;
};

/* While another request with the key runs, this one waits for it. */
int idempotency_run(struct db *db, const struct idempotency *idempotency) MUST_CHECK;

#endif
