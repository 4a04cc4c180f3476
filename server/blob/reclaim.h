/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_RECLAIM_H
#define BLOB_RECLAIM_H

#include "base/error.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* Frees what abandoned uploads left. Run by one instance at a time; repeating is harmless. */

struct reclaim_result {
    int64_t uploads; /* expired */
    int64_t contents;
    int64_t chunks;
    bool more; /* there is more to do: call again */
};

/*
 * One bounded step, a few transactions: removes uploads that expired before now_ms, takes chunks
 * from discarded contents, and removes those to which nothing refers.
 */
int reclaim_step(struct db *db, int64_t now_ms, struct reclaim_result *ret_result) MUST_CHECK;

#endif
