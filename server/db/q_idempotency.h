/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_IDEMPOTENCY_H
#define DB_Q_IDEMPOTENCY_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* Replies to requests that carried an Idempotency-Key. */

enum {
    Q_IDEMPOTENCY_E_EXISTS = 16,
    Q_IDEMPOTENCY_E_MISSING = 17,
};

struct q_idempotency_key {
    int64_t workspace_id;
    int64_t token_id;
    const char *key;
};

struct q_idempotency_reply {
    uint8_t request_sha256[DIGEST_SHA256_SIZE];
    int status;
    const char *content_type; /* NULL: no body */
    const char *location;     /* NULL: none */
    const void *body;
    size_t size;
};

/* Forgets keys from before before_ms: this one, and some others. */
int q_idempotency_expire(struct db *db, const struct q_idempotency_key *key,
                         int64_t before_ms) MUST_CHECK;

/*
 * Inside a tx_run: takes the key. Where another transaction has taken it, waits for its end.
 * Returns 0, Q_IDEMPOTENCY_E_EXISTS, or negative.
 */
int q_idempotency_insert(struct db *db, const struct q_idempotency_key *key,
                         const uint8_t request_sha256[static DIGEST_SHA256_SIZE],
                         int64_t now_ms) MUST_CHECK;

/* Of a key that was taken: what was answered. */
int q_idempotency_store(struct db *db, const struct q_idempotency_key *key,
                        const struct q_idempotency_reply *reply) MUST_CHECK;

/* Returns 0, Q_IDEMPOTENCY_E_MISSING, or negative. */
int q_idempotency_find(struct db *db, const struct q_idempotency_key *key, struct arena *arena,
                       struct q_idempotency_reply *ret_reply) MUST_CHECK;

#endif
