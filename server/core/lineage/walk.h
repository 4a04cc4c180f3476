/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_WALK_H
#define CORE_LINEAGE_WALK_H

#include "base/clock.h"
#include "core/lineage/graph.h"
#include "db/db.h"
#include "lineage/ref.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Walks over the lineage graph: everything that something was made from, everything that was made
 * from it, how two things are related. Breadth first, each node once, so that cycles, which are
 * stored as what they are, end; bounded in nodes, edges, depth and time, and says where it was cut.
 *
 * Upstream of a dataset are its versions' makers, downstream of a version of a model are its
 * variants and the artifacts that came with it, and what runs them.
 */

#define WALK_NODES_DEFAULT 20000
#define WALK_NODES_MAX 100000
#define WALK_EDGES_A_NODE 5 /* the limit of edges is this many times that of nodes */
#define WALK_DEPTH_MAX 1000000
#define WALK_TIME_MAX_MS 10000

enum walk_direction {
    WALK_UPSTREAM = 1,
    WALK_DOWNSTREAM = 2,
    WALK_RELATED = 3, /* both ways at once */
};

/* Why a walk did not see everything. */
enum walk_cut {
    WALK_WHOLE,
    WALK_CUT_DEPTH, /* there is more beyond the depth that was asked for */
    WALK_CUT_LIMIT,
    WALK_CUT_TIME,
};

struct walk_query {
    int64_t workspace_id;
    const struct clock *clock;
    enum walk_direction direction;
    bool declared;     /* follow what jobs declare, not only what runs did */
    bool no_rim;       /* downstream ends at variants: neither deployments nor devices */
    uint32_t depth;    /* at most so many steps; 0: any number */
    size_t node_limit; /* 1 to WALK_NODES_MAX */
};

enum {
    WALK_E_UNKNOWN = 1, /* there is no such node in this workspace */
};

/* Release graph. */
struct walk {
    struct graph graph;
    size_t start_count; /* the first nodes are where it began; node 0 is what was asked for */
    enum walk_cut cut;
};

/*
 * The closure of a node. ref is canonical (ref_parse).
 *
 * Returns 0, WALK_E_UNKNOWN, or negative.
 */
int walk_closure(struct db *db, const struct walk_query *query, const struct ref *ref,
                 struct walk *ret_walk) MUST_CHECK;

/*
 * The shortest path between two nodes: from `from` downstream to `to` where there is one, else the
 * other way round, else any way at all where directed is false.
 *
 * ret_walk->graph  the nodes of the path in order, with one edge between each two; empty where
 *                  there is none (or none was found before the walk was cut)
 * ret_direction    in which it leads from `from` to `to`
 *
 * Returns 0, WALK_E_UNKNOWN (with *ret_unknown the one that is not known), or negative.
 */
int walk_path(struct db *db, const struct walk_query *query, const struct ref *from,
              const struct ref *to, bool directed, struct walk *ret_walk,
              enum walk_direction *ret_direction, const struct ref **ret_unknown) MUST_CHECK;

/* One node alone, as node 0 of a graph to be released. Returns 0, WALK_E_UNKNOWN, or negative. */
int walk_node(struct db *db, int64_t workspace_id, const struct ref *ref,
              struct graph *ret_graph) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void walk_release(struct walk *walk);

/* "depth", "limit", "time"; NULL: it was not cut. */
const char *walk_cut_name(enum walk_cut cut);

#endif
