/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_FACET_H
#define DB_Q_FACET_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* What is known of one node of the lineage: its facets, and the events of a run. */

enum {
    Q_FACET_E_MISSING = 16,
};

/*
 * The facets of a node that are not deleted, in the order of the events that hold them. Columns:
 * id of the event, path in it, scope (1 own, 2 input, 3 output), ref of the input or output or
 * NULL, name, time in milliseconds, digest of the event in hex.
 */
int q_facet_list(struct db *db, int64_t node_id, int64_t limit,
                 struct db_rows *ret_rows) MUST_CHECK;

/* The text of an event. Returns 0, Q_FACET_E_MISSING, or negative. */
int q_facet_event(struct db *db, int64_t event_id, struct arena *arena,
                  const char **ret_body) MUST_CHECK;
int q_facet_event_by_digest(struct db *db, int64_t workspace_id,
                            const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                            const char **ret_body) MUST_CHECK;

/* The events of a run, newest first. Columns: digest in hex, type, time, when it was received
 * (both in milliseconds), by whom. */
int q_facet_events(struct db *db, int64_t run_id, int64_t limit,
                   struct db_rows *ret_rows) MUST_CHECK;

#endif
