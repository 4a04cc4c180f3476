/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_LINEAGE_H
#define DB_Q_LINEAGE_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"
#include "lineage/claims.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writing the lineage graph. Everything here only adds, or joins with what is there by an operation
 * that does not care for order or repetition: the earliest and the latest time, the greatest by
 * (time, digest). So events may come late, twice and in any order. Rows are written in the order of
 * their keys, so that transactions that meet do not deadlock.
 */

enum {
    Q_LINEAGE_E_KNOWN = 16, /* the same event is there already */
};

struct q_lineage_event {
    int64_t workspace_id;
    uint8_t sha256[DIGEST_SHA256_SIZE]; /* of body */
    int64_t run_id;                     /* node of the run; 0: none */
    const char *type;
    int64_t at_ms;
    const char *body;
    int64_t received_ms;
    const char *received_by;
};

/* Whether an event with this digest is there. */
int q_lineage_event_known(struct db *db, int64_t workspace_id,
                          const uint8_t sha256[static DIGEST_SHA256_SIZE],
                          bool *ret_known) MUST_CHECK;

/* Returns 0, Q_LINEAGE_E_KNOWN, or negative. */
int q_lineage_event_insert(struct db *db, const struct q_lineage_event *event,
                           int64_t *ret_id) MUST_CHECK;

/* The ids of nodes, which are added where they are missing. ret_ids: as many as nodes. */
int q_lineage_nodes(struct db *db, int64_t workspace_id, struct arena *arena,
                    const struct claims_node *nodes, size_t count, int64_t *ret_ids) MUST_CHECK;

struct q_lineage_edge {
    int64_t source_id;
    int64_t target_id;
    enum claims_edge_kind kind;
};

/* Adds edges, which are distinct, as observed at a time. Of several times the earliest stays, or
 * the latest of CLAIMS_WRITE_ANY: when the data was there. */
int q_lineage_edges(struct db *db, int64_t workspace_id, struct arena *arena,
                    const struct q_lineage_edge *edges, size_t count, int64_t at_ms) MUST_CHECK;

/* Notes that an event says so. */
int q_lineage_claims(struct db *db, int64_t workspace_id, struct arena *arena,
                     const struct q_lineage_edge *edges, size_t count, int64_t event_id) MUST_CHECK;

/* What an event says of its run. */
struct q_lineage_run {
    int64_t node_id;
    int64_t workspace_id;
    int64_t job_id;
    const char *state;
    bool ended;
    int64_t at_ms;
    const uint8_t *event_sha256;
};

int q_lineage_run(struct db *db, const struct q_lineage_run *run) MUST_CHECK;

/* The facets of one event. */
struct q_lineage_facets {
    int64_t workspace_id;
    int64_t event_id;
    const uint8_t *event_sha256;
    int64_t at_ms;
    const struct claims_facet *facets;
    size_t count;
    const int64_t *node_ids; /* of the claims' nodes */
};

int q_lineage_facets(struct db *db, struct arena *arena,
                     const struct q_lineage_facets *facets) MUST_CHECK;

/* A published version, or one variant of it that was added later. */
struct q_lineage_published {
    int64_t workspace_id;
    int64_t version_id;
    int64_t variant_id; /* 0: the version, with all of its variants */
    int64_t at_ms;
};

/*
 * Adds the nodes of a version, its variants and their artifacts, and that the one contains the
 * other. ret_node_id: of the version, or of the variant that was added.
 */
int q_lineage_publish(struct db *db, const struct q_lineage_published *published,
                      int64_t *ret_node_id) MUST_CHECK;

/*
 * What a version as a whole was made from, its variants and those artifacts were made from that
 * came into the registry with it. Of the nodes of versions; others are ignored. Nothing is done for
 * versions that are not published yet, nor for variants that were added later.
 */
int q_lineage_spread(struct db *db, struct arena *arena, const int64_t *node_ids,
                     size_t count) MUST_CHECK;

/* The same for what an added variant was made from, and its artifacts. */
int q_lineage_spread_variant(struct db *db, int64_t node_id) MUST_CHECK;

#endif
