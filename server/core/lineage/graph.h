/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_GRAPH_H
#define CORE_LINEAGE_GRAPH_H

#include "base/arena.h"
#include "base/error.h"
#include "lineage/claims.h"
#include "lineage/ref.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A part of the lineage graph in memory: what a walk has seen. Nodes are found by id; neither they
 * nor edges are ever more than the limits that were chosen when it was made.
 */

#define GRAPH_NONE UINT32_MAX

/* Devices and deployments are no rows of lineage_node; their ids are told apart by these bits. */
#define GRAPH_DEVICE ((int64_t)1 << 62)
#define GRAPH_DEPLOYMENT ((int64_t)1 << 61)

static inline bool graph_is_rim(int64_t id)
{
    return (id & (GRAPH_DEVICE | GRAPH_DEPLOYMENT)) != 0;
}

static inline int64_t graph_rim_id(int64_t id)
{
    return id & ~(GRAPH_DEVICE | GRAPH_DEPLOYMENT);
}

struct graph_run {
    const char *job; /* its reference */
    const char *state;
    bool ended;
    int64_t state_ms;
    int64_t first_ms;
    int64_t started_ms; /* 0: not known */
};

struct graph_node {
    int64_t id; /* never 0 */
    enum ref_kind kind;
    const char *ref;
    const char *label;         /* what a person calls it, where ref does not say; or NULL */
    uint32_t depth;            /* steps from where the walk began */
    uint32_t parent;           /* index of the node that it was seen from, or GRAPH_NONE */
    enum claims_edge_kind via; /* kind of the edge between it and the parent */
    bool above;                /* whether that edge leads from it to the parent */
    bool leaf;                 /* it is not walked on from */
    struct graph_run *run;     /* of a run with events */
};

struct graph_edge {
    uint32_t source; /* indexes of nodes */
    uint32_t target;
    enum claims_edge_kind kind;
};

/* Release it. */
struct graph {
    struct arena arena; /* what nodes point to */
    struct graph_node *nodes;
    size_t node_count;
    size_t node_limit;
    struct graph_edge *edges;
    size_t edge_count;
    size_t edge_limit;
    size_t node_room;
    size_t edge_room;
    uint32_t *slots; /* open addressing by id: index + 1 */
    size_t slot_count;
};

/* The caller's storage. Takes memory as it grows. */
void graph_init(struct graph *graph, size_t node_limit, size_t edge_limit);

enum {
    GRAPH_E_FULL = 1, /* the limit is reached */
};

/*
 * The node with node->id (not 0), which is added as it is where it is not there. ret_added may be
 * NULL. Returns 0, GRAPH_E_FULL, or negative (out of memory).
 */
int graph_add(struct graph *graph, const struct graph_node *node, uint32_t *ret_index,
              bool *ret_added) MUST_CHECK;

/* The index of a node, or GRAPH_NONE. */
uint32_t graph_find(const struct graph *graph, int64_t id);

/* Returns 0, GRAPH_E_FULL, or negative. */
int graph_connect(struct graph *graph, uint32_t source, uint32_t target,
                  enum claims_edge_kind kind) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void graph_release(struct graph *graph);

#endif
