/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_GRAPH_DOT_H
#define CORE_LINEAGE_GRAPH_DOT_H

#include "base/buffer.h"
#include "core/lineage/graph_json.h"

/*
 * Appends a graph in Graphviz' language, data flowing from left to right; what is assumed is
 * dashed.
 *
 * colours  one a node, a name of Graphviz' or NULL: black; NULL: all black
 * note     a line below the picture, such as where it was cut; NULL: none
 */
void graph_dot(const struct graph *graph, graph_kinds kinds, const char *const *colours,
               const char *note, struct buffer *buffer);

#endif
