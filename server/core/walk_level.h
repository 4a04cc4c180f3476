/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_WALK_LEVEL_H
#define CORE_WALK_LEVEL_H

#include "core/walk.h"

/* One level of a walk: from all nodes of the frontier at once to what is one step further. For
 * core/walk.c only. */

struct walk_level {
    struct db *db;
    struct graph *graph;
    enum walk_direction direction;
    bool declared;  /* follow what jobs declare */
    bool assumes;   /* runs may have read without saying which version */
    bool closed;    /* take no more nodes, only edges between those that are there */
    uint32_t depth; /* of the nodes that it adds */

    uint32_t *frontier; /* in: indexes of nodes, owned by the caller */
    size_t frontier_count;
    uint32_t *found; /* out: the nodes that were added, to be freed */
    size_t found_count;
    size_t found_room;
    bool more; /* out: there was more than the limits or `closed` allow */
};

/* Returns 0 or negative. */
int walk_level_step(struct walk_level *level) MUST_CHECK;

/*
 * Adds what else stands for a node where a walk begins, as nodes of the same depth. Returns 0, or
 * negative.
 */
int walk_level_begin(struct walk_level *level, uint32_t start) MUST_CHECK;

#endif
