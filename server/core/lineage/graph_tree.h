/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_GRAPH_TREE_H
#define CORE_LINEAGE_GRAPH_TREE_H

#include "base/buffer.h"
#include "base/error.h"
#include "core/lineage/graph_json.h"

/* A graph for people to read, in plain text. */

/* Appends a node: its reference, and what else there is to say, on one line. */
void graph_tree_node(const struct graph_node *node, struct buffer *buffer);

/*
 * Appends a tree whose root is node 0, with a line an edge: upstream what something was made from
 * is below it, else what was made from it. A node is unfolded where it comes first, and marked
 * "(above)" elsewhere: so a cycle ends. What the root does not lead to (all else that stands for
 * where a walk began) is a root too.
 *
 * kinds  where it is not GRAPH_KINDS_ALL, a list of such nodes by depth: a tree would have holes
 *
 * Returns 0, or negative (out of memory).
 */
int graph_tree(const struct graph *graph, bool upstream, graph_kinds kinds,
               struct buffer *buffer) MUST_CHECK;

/* Appends the nodes of a path, one a line, with the edges between them. */
void graph_tree_path(const struct graph *path, struct buffer *buffer);

#endif
