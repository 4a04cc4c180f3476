/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/graph_tree.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* A line's indentation says its depth up to here; beyond, a number does. */
#define INDENT_MAX 40

void graph_tree_node(const struct graph_node *node, struct buffer *buffer)
{
    const struct graph_run *run = node->run;
    char time[CLOCK_RFC3339_SIZE];

    buffer_append_text(buffer, node->ref);
    if (node->label)
        buffer_printf(buffer, "  (%s)", node->label);
    if (!run)
        return;
    clock_format_rfc3339(run->ended ? run->state_ms : run->first_ms, time);
    buffer_printf(buffer, "  (%s, %s %s)", run->job, run->state, time);
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* What is below each node, one node's behind the other's. */
struct branches {
    const struct graph *graph;
    const struct graph_edge **edges;
    size_t *begins; /* of each node, and the end */
    size_t *next;   /* of each node: what was not printed yet */
    uint32_t *stack;
    bool *unfolded;
    bool upstream;
};

static void branches_release(struct branches *branches)
{
    free(branches->edges);
    free(branches->begins);
    free(branches->next);
    free(branches->stack);
    free(branches->unfolded);
}

static uint32_t upper(const struct branches *branches, const struct graph_edge *edge)
{
    return branches->upstream ? edge->target : edge->source;
}

static uint32_t lower(const struct branches *branches, const struct graph_edge *edge)
{
    return branches->upstream ? edge->source : edge->target;
}

static int compare_branches(const void *a, const void *b, void *arg)
{
    const struct branches *branches = arg;
    const struct graph_edge *const *left = a;
    const struct graph_edge *const *right = b;
    int order = (int)(*left)->kind - (int)(*right)->kind;

    if (order)
        return order;
    return strcmp(branches->graph->nodes[lower(branches, *left)].ref,
                  branches->graph->nodes[lower(branches, *right)].ref);
}

static int branches_init(const struct graph *graph, bool upstream, struct branches *ret_branches)
{
    size_t count = graph->node_count;

    *ret_branches = (struct branches){
        .graph = graph,
        .edges = calloc(graph->edge_count + 1, sizeof(struct graph_edge *)),
        .begins = calloc(count + 2, sizeof(size_t)),
        .next = calloc(count + 1, sizeof(size_t)),
        .stack = calloc(count + 1, sizeof(uint32_t)),
        .unfolded = calloc(count + 1, sizeof(bool)),
        .upstream = upstream,
    };
    if (!ret_branches->edges || !ret_branches->begins || !ret_branches->next ||
        !ret_branches->stack || !ret_branches->unfolded)
        return log_fail(ERR_NO_MEMORY, "cannot draw the lineage: out of memory");
    return 0;
}

/* A counting sort of the edges by the node that they are below, then each node's by name. */
static void sort_branches(struct branches *branches)
{
    const struct graph *graph = branches->graph;
    size_t *begins = branches->begins;

    for (size_t i = 0; i < graph->edge_count; i++)
        begins[upper(branches, &graph->edges[i]) + 1]++;
    for (size_t i = 0; i < graph->node_count; i++) {
        begins[i + 1] += begins[i];
        branches->next[i] = begins[i];
    }
    for (size_t i = 0; i < graph->edge_count; i++)
        branches->edges[branches->next[upper(branches, &graph->edges[i])]++] = &graph->edges[i];
    for (size_t i = 0; i < graph->node_count; i++) {
        branches->next[i] = begins[i];
        qsort_r(branches->edges + begins[i], begins[i + 1] - begins[i], sizeof(*branches->edges),
                compare_branches, branches);
    }
}

static void print_line(const struct branches *branches, const struct graph_edge *edge, size_t depth,
                       struct buffer *buffer)
{
    uint32_t node = lower(branches, edge);

    if (depth <= INDENT_MAX)
        buffer_printf(buffer, "%*s", (int)(2 * depth), "");
    else
        buffer_printf(buffer, "%*s%zu: ", 2 * INDENT_MAX, "", depth);
    buffer_printf(buffer, "[%s] ", claims_edge_name(edge->kind));
    graph_tree_node(&branches->graph->nodes[node], buffer);
    buffer_append_text(buffer, branches->unfolded[node] ? "  (above)\n" : "\n");
}

static void unfold(struct branches *branches, uint32_t root, struct buffer *buffer)
{
    size_t depth = 0;

    branches->stack[0] = root;
    branches->unfolded[root] = true;
    while (!buffer->failed) {
        uint32_t at = branches->stack[depth];
        const struct graph_edge *edge;
        uint32_t below;

        if (branches->next[at] == branches->begins[at + 1]) {
            if (depth == 0)
                return;
            depth--;
            continue;
        }
        edge = branches->edges[branches->next[at]++];
        below = lower(branches, edge);
        print_line(branches, edge, depth + 1, buffer);
        if (branches->unfolded[below])
            continue;
        branches->unfolded[below] = true;
        branches->stack[++depth] = below;
    }
}

static void print_list(const struct graph *graph, graph_kinds kinds, struct buffer *buffer)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        if (!graph_shows(kinds, graph->nodes[i].kind))
            continue;
        buffer_printf(buffer, "%u  ", graph->nodes[i].depth);
        graph_tree_node(&graph->nodes[i], buffer);
        buffer_append_char(buffer, '\n');
    }
}

int graph_tree(const struct graph *graph, bool upstream, graph_kinds kinds, struct buffer *buffer)
{
    CLEANUP(branches_release) struct branches branches = {0};
    int r;

    if (kinds != GRAPH_KINDS_ALL) {
        print_list(graph, kinds, buffer);
        return 0;
    }
    r = branches_init(graph, upstream, &branches);
    if (r)
        return r;
    sort_branches(&branches);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        if (branches.unfolded[i])
            continue;
        graph_tree_node(&graph->nodes[i], buffer);
        buffer_append_char(buffer, '\n');
        unfold(&branches, i, buffer);
    }
    return 0;
}

void graph_tree_path(const struct graph *path, struct buffer *buffer)
{
    for (size_t i = 0; i < path->node_count; i++) {
        if (i > 0) {
            const struct graph_edge *edge = &path->edges[i - 1];

            buffer_printf(buffer, "  %s%s%s ", edge->target == i ? "--" : "<--",
                          claims_edge_name(edge->kind), edge->target == i ? "-->" : "--");
        }
        graph_tree_node(&path->nodes[i], buffer);
        buffer_append_char(buffer, '\n');
    }
}
