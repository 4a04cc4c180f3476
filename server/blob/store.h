/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_STORE_H
#define BLOB_STORE_H

#include "base/error.h"
#include "blob/segment.h"
#include "db/db.h"

#include <stdint.h>

/* Writes the chunks of segments into the database: those that are not there yet. */
struct store;

enum {
    STORE_E_RACE = 1,    /* a chunk was reclaimed between finding it and referring to it: again */
    STORE_E_OVERLAP = 2, /* another writer has appended there */
};

int store_new(int64_t workspace_id, int64_t content_id, struct store **ret_store) MUST_CHECK;
/* Accepts NULL. */
void store_free(struct store *store);

/*
 * Within a transaction: makes the segment's chunks part of the content.
 *
 * ret_known  bytes that needed no storing
 *
 * Returns 0, one of the above (the transaction must be rolled back), or negative.
 */
int store_segment(struct store *store, struct db *db, const struct segment *segment,
                  uint64_t *ret_known) MUST_CHECK;

#endif
