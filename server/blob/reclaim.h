/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_RECLAIM_H
#define BLOB_RECLAIM_H

#include "base/error.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Frees what abandoned uploads left, and artifacts that no version has. Run by one instance at a
 * time, beside uploads on all of them; killed anywhere and repeated, it is harmless.
 *
 * What keeps bytes from being lost: a chunk, or an artifact, is locked before it is looked at
 * again and removed in the same transaction. Who refers to it first is seen; who comes later waits,
 * finds it gone by its foreign key, and stores it anew.
 */

struct reclaim_result {
    int64_t uploads;   /* expired */
    int64_t artifacts; /* that no version had */
    int64_t contents;
    int64_t chunks;
    int64_t bytes; /* that the chunks took */
    bool more;     /* there is more to do: call again */
};

/* What this process freed since it was started. */
struct reclaim_totals {
    atomic_uint_fast64_t uploads;
    atomic_uint_fast64_t artifacts;
    atomic_uint_fast64_t chunks;
    atomic_uint_fast64_t bytes;
};

struct reclaim_options {
    int64_t now_ms;
    int64_t unused_grace_ms; /* so long an artifact may be without a version */
    /* Called in the transaction in which an artifact goes; perhaps more than once, where that is
     * tried again. NULL: nobody. Returns 0 or negative. */
    int (*removed)(struct db *db, void *arg, int64_t workspace_id,
                   const uint8_t sha256[static DIGEST_SHA256_SIZE], int64_t size_bytes);
    void *arg; /* for removed */
};

/*
 * One bounded step, a few transactions: removes uploads that expired and artifacts that nobody has,
 * takes chunks from discarded contents, and removes those to which nothing refers.
 */
int reclaim_step(struct db *db, const struct reclaim_options *options,
                 struct reclaim_result *ret_result) MUST_CHECK;

/* Safe from any thread. */
void reclaim_count(struct reclaim_totals *totals, const struct reclaim_result *result);

#endif
