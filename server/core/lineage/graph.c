/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/graph.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 256

void graph_init(struct graph *graph, size_t node_limit, size_t edge_limit)
{
    *graph = (struct graph){
        .arena = {.ceiling_bytes = (size_t)1 << 30},
        .node_limit = node_limit,
        .edge_limit = edge_limit,
    };
}

static size_t hash(int64_t id)
{
    return (size_t)(((uint64_t)id * 0x9e3779b97f4a7c15U) >> 20);
}

/* Where the id is, or where it would be. */
static size_t slot_of(const struct graph *graph, int64_t id)
{
    size_t slot = hash(id) & (graph->slot_count - 1);

    while (graph->slots[slot] && graph->nodes[graph->slots[slot] - 1].id != id)
        slot = (slot + 1) & (graph->slot_count - 1);
    return slot;
}

static int grow_slots(struct graph *graph)
{
    size_t count = graph->slot_count ? 2 * graph->slot_count : 4 * (size_t)ROOM_MIN;
    uint32_t *slots = calloc(count, sizeof(*slots));

    if (!slots)
        return log_fail(ERR_NO_MEMORY, "cannot walk the lineage: out of memory");
    free(graph->slots);
    graph->slots = slots;
    graph->slot_count = count;
    for (size_t i = 0; i < graph->node_count; i++)
        graph->slots[slot_of(graph, graph->nodes[i].id)] = (uint32_t)i + 1;
    return 0;
}

static int grow(void **array, size_t *room, size_t size)
{
    size_t more = *room ? 2 * *room : ROOM_MIN;
    void *grown = realloc(*array, more * size);

    if (!grown)
        return log_fail(ERR_NO_MEMORY, "cannot walk the lineage: out of memory");
    *array = grown;
    *room = more;
    return 0;
}

static int append(struct graph *graph, const struct graph_node *node, uint32_t *ret_index)
{
    void *nodes = graph->nodes;
    int r = 0;

    if (graph->node_count == graph->node_limit)
        return GRAPH_E_FULL;
    if (graph->node_count == graph->node_room)
        r = grow(&nodes, &graph->node_room, sizeof(*graph->nodes));
    if (r)
        return r;
    graph->nodes = nodes;
    graph->nodes[graph->node_count] = *node;
    *ret_index = (uint32_t)graph->node_count++;
    return 0;
}

int graph_add(struct graph *graph, const struct graph_node *node, uint32_t *ret_index,
              bool *ret_added)
{
    uint32_t index = graph_find(graph, node->id);
    int r = 0;

    if (ret_added)
        *ret_added = index == GRAPH_NONE;
    if (index != GRAPH_NONE) {
        *ret_index = index;
        return 0;
    }
    if (2 * (graph->node_count + 1) > graph->slot_count)
        r = grow_slots(graph);
    if (!r)
        r = append(graph, node, &index);
    if (r)
        return r;
    graph->slots[slot_of(graph, node->id)] = index + 1;
    *ret_index = index;
    return 0;
}

uint32_t graph_find(const struct graph *graph, int64_t id)
{
    uint32_t found = graph->slot_count ? graph->slots[slot_of(graph, id)] : 0;

    return found ? found - 1 : GRAPH_NONE;
}

int graph_connect(struct graph *graph, uint32_t source, uint32_t target, enum claims_edge_kind kind)
{
    void *edges = graph->edges;
    int r = 0;

    if (graph->edge_count == graph->edge_limit)
        return GRAPH_E_FULL;
    if (graph->edge_count == graph->edge_room)
        r = grow(&edges, &graph->edge_room, sizeof(*graph->edges));
    if (r)
        return r;
    graph->edges = edges;
    graph->edges[graph->edge_count++] = (struct graph_edge){source, target, kind};
    return 0;
}

void graph_release(struct graph *graph)
{
    if (!graph)
        return;
    free(graph->nodes);
    free(graph->edges);
    free(graph->slots);
    arena_release(&graph->arena);
    *graph = (struct graph){0};
}
