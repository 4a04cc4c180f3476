/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_WALK_LEVEL_H
#define CORE_LINEAGE_WALK_LEVEL_H

#include "core/lineage/walk.h"
#include "core/lineage/walk_ahead.h"

/* One level of a walk: from all nodes of the frontier at once to what is one step further. For
 * core/lineage/walk.c only. */

struct walk_level {
    struct db *db;
    int64_t workspace_id;
    struct graph *graph;
    enum walk_direction direction;
    bool declared;  /* follow what jobs declare */
    bool assumes;   /* runs may have read without saying which version */
    bool closed;    /* take no more nodes, only edges between those that are there */
    uint32_t depth; /* of the nodes that it adds */
    uint32_t last;  /* the depth that the walk ends at; 0: none */
    struct walk_ahead ahead;

    uint32_t *frontier; /* in: indexes of nodes, owned by the caller */
    size_t frontier_count;
    uint32_t *found; /* out: the nodes that were added, to be freed */
    size_t found_count;
    size_t found_room;
    bool more; /* out: there was more than the limits or `closed` allow */
};

/* The node at the far end of an edge of the node `parent`, above where the edge leads from it to
 * the parent; added where it is not there. GRAPH_NONE where it is one too many. */
int walk_level_take(struct walk_level *level, int64_t id, uint32_t parent,
                    enum claims_edge_kind kind, bool above, uint32_t *ret_index) MUST_CHECK;

/* An edge between a node of the frontier and another, which is its source where upstream. */
int walk_level_connect(struct walk_level *level, int64_t source, int64_t target,
                       enum claims_edge_kind kind, bool upstream) MUST_CHECK;

/* Returns 0 or negative. */
int walk_level_step(struct walk_level *level) MUST_CHECK;

/*
 * Adds what else stands for a node where a walk begins, as nodes of the same depth. Returns 0, or
 * negative.
 */
int walk_level_begin(struct walk_level *level, uint32_t start) MUST_CHECK;

#endif
