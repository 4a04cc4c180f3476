/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_GRAPH_JSON_H
#define CORE_LINEAGE_GRAPH_JSON_H

#include "base/buffer.h"
#include "core/lineage/graph.h"

/* A graph as JSON text, written straight into a buffer: a large one has no room for a tree of
 * JSON values beside it. */

/* Bits of 1 << enum ref_kind; only such nodes are shown, and edges between them. */
typedef unsigned graph_kinds;
#define GRAPH_KINDS_ALL (~0U)

static inline bool graph_shows(graph_kinds kinds, enum ref_kind kind)
{
    return (kinds >> kind) & 1;
}

/* Appends {"ref","kind","depth",...} of one node. */
void graph_json_node(const struct graph_node *node, struct buffer *buffer);

/*
 * Appends `"nodes":[...],"edges":[{"from","to","kind"}]`, without braces around. Edges name nodes
 * by their place in the array.
 */
void graph_json_members(const struct graph *graph, graph_kinds kinds, struct buffer *buffer);

/* Appends a JSON string. */
void graph_json_text(const char *text, struct buffer *buffer);

#endif
