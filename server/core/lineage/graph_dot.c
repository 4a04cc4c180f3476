/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/graph_dot.h"

static const char *const shapes[REF_KINDS] = {
    [REF_DATASET] = "cylinder", [REF_DATASET_VERSION] = "cylinder",
    [REF_CODE] = "note",        [REF_JOB] = "component",
    [REF_RUN] = "box",          [REF_VERSION] = "folder",
    [REF_VARIANT] = "tab",      [REF_ARTIFACT] = "ellipse",
    [REF_DEPLOYMENT] = "cds",   [REF_DEVICE] = "box3d",
};

/* A string of Graphviz': only the quote is special, and the backslash of its escapes. */
static void append_quoted(const char *text, struct buffer *buffer)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_append_char(buffer, '\\');
        buffer_append_char(buffer, *text);
    }
}

static void append_node(const struct graph *graph, size_t index, const char *colour,
                        struct buffer *buffer)
{
    const struct graph_node *node = &graph->nodes[index];

    buffer_printf(buffer, "  n%zu [shape=%s,label=\"", index, shapes[node->kind]);
    append_quoted(node->ref, buffer);
    if (node->label) {
        buffer_append_text(buffer, "\\n");
        append_quoted(node->label, buffer);
    }
    if (node->run) {
        buffer_append_text(buffer, "\\n");
        append_quoted(node->run->job, buffer);
        buffer_printf(buffer, "\\n%s", node->run->state);
    }
    buffer_append_char(buffer, '"');
    if (colour)
        buffer_printf(buffer, ",color=%s,fontcolor=%s", colour, colour);
    buffer_append_text(buffer, "];\n");
}

void graph_dot(const struct graph *graph, graph_kinds kinds, const char *const *colours,
               const char *note, struct buffer *buffer)
{
    buffer_append_text(buffer, "digraph lineage {\n  rankdir=LR;\n");
    if (note) {
        buffer_append_text(buffer, "  label=\"");
        append_quoted(note, buffer);
        buffer_append_text(buffer, "\";\n");
    }
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph_shows(kinds, graph->nodes[i].kind))
            append_node(graph, i, colours ? colours[i] : NULL, buffer);
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];

        if (!graph_shows(kinds, graph->nodes[edge->source].kind) ||
            !graph_shows(kinds, graph->nodes[edge->target].kind))
            continue;
        buffer_printf(buffer, "  n%u -> n%u [label=\"%s\"%s];\n", edge->source, edge->target,
                      claims_edge_name(edge->kind),
                      edge->kind == CLAIMS_ASSUMED ? ",style=dashed" : "");
    }
    buffer_append_text(buffer, "}\n");
}
