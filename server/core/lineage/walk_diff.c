/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/walk_diff.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* A node that one side lacks, by what it is a version of. */
struct lack {
    const char *base; /* NULL: it stands for itself */
    uint32_t index;
};

struct lacks {
    struct lack *items;
    size_t count;
};

void walk_diff_release(struct walk_diff *diff)
{
    if (!diff)
        return;
    walk_release(&diff->before);
    walk_release(&diff->after);
    arena_release(&diff->arena);
}

/* "dataset:s#d@3" is of "dataset:s#d", "model:m@1/onnx/cpu/fp32" of "model:m/onnx/cpu/fp32". */
static const char *base_of(const struct graph_node *node, struct arena *arena)
{
    const char *at = strrchr(node->ref, '@');
    const char *slash = at ? strchr(at, '/') : NULL;

    switch (node->kind) {
    case REF_RUN:
        return node->run ? node->run->job : NULL;
    case REF_DATASET_VERSION:
    case REF_CODE:
    case REF_VERSION:
    case REF_VARIANT:
        break;
    default:
        return NULL;
    }
    if (node->kind != REF_VARIANT)
        slash = NULL;
    return arena_printf(arena, "%.*s%s", (int)(at - node->ref), node->ref, slash ? slash : "");
}

static int compare_lacks(const void *a, const void *b)
{
    const struct lack *left = a;
    const struct lack *right = b;
    int order;

    if (!left->base || !right->base)
        order = (left->base != NULL) - (right->base != NULL);
    else
        order = strcmp(left->base, right->base);
    if (order)
        return order;
    return left->index < right->index ? -1 : left->index > right->index;
}

/* What is in one graph and not in the other, the start left out; sorted by base. */
static struct lacks find_lacks(const struct graph *graph, const struct graph *other,
                               struct arena *arena)
{
    struct lacks lacks = {arena_array(arena, graph->node_count, sizeof(*lacks.items)), 0};

    for (size_t i = 1; i < graph->node_count; i++) {
        if (graph_find(other, graph->nodes[i].id) != GRAPH_NONE)
            continue;
        lacks.items[lacks.count++] = (struct lack){base_of(&graph->nodes[i], arena), (uint32_t)i};
    }
    qsort(lacks.items, lacks.count, sizeof(*lacks.items), compare_lacks);
    return lacks;
}

/* How many of the same base begin here. */
static size_t run_length(const struct lacks *lacks, size_t from)
{
    size_t end = from + 1;

    while (end < lacks->count && lacks->items[from].base && lacks->items[end].base &&
           strcmp(lacks->items[from].base, lacks->items[end].base) == 0)
        end++;
    return end - from;
}

static void take(uint32_t *list, size_t *count, const struct lacks *lacks, size_t from, size_t some)
{
    for (size_t i = from; i < from + some; i++)
        list[(*count)++] = lacks->items[i].index;
}

/* Where exactly one of a base was and exactly one is, one became the other. */
static void pair_up(struct walk_diff *diff, const struct lacks *before, const struct lacks *after)
{
    size_t i = 0;
    size_t j = 0;

    while (i < before->count || j < after->count) {
        size_t left = i < before->count ? run_length(before, i) : 0;
        size_t right = j < after->count ? run_length(after, j) : 0;
        int order = left == 0 ? 1 : right == 0 ? -1 : 0;

        if (order == 0 && before->items[i].base && after->items[j].base)
            order = strcmp(before->items[i].base, after->items[j].base);
        else if (order == 0)
            order = before->items[i].base ? 1 : -1;
        if (order == 0 && left == 1 && right == 1) {
            diff->changed[diff->changed_count++] =
                (struct walk_change){before->items[i].index, after->items[j].index};
            i++;
            j++;
            continue;
        }
        if (order <= 0) {
            take(diff->removed, &diff->removed_count, before, i, left);
            i += left;
        }
        if (order >= 0) {
            take(diff->added, &diff->added_count, after, j, right);
            j += right;
        }
    }
}

static void compare(struct walk_diff *diff)
{
    struct arena *arena = &diff->arena;
    struct lacks before = find_lacks(&diff->before.graph, &diff->after.graph, arena);
    struct lacks after = find_lacks(&diff->after.graph, &diff->before.graph, arena);

    diff->removed = arena_array(arena, before.count, sizeof(*diff->removed));
    diff->added = arena_array(arena, after.count, sizeof(*diff->added));
    diff->changed = arena_array(arena, before.count, sizeof(*diff->changed));
    pair_up(diff, &before, &after);
    for (size_t i = 1; i < diff->after.graph.node_count; i++)
        diff->common_count +=
            graph_find(&diff->before.graph, diff->after.graph.nodes[i].id) != GRAPH_NONE;
}

int walk_diff(struct db *db, const struct walk_query *query, const struct ref *before,
              const struct ref *after, struct walk_diff *ret_diff, const struct ref **ret_unknown)
{
    struct walk_query upstream = *query;
    struct walk_diff diff = {.arena = {.ceiling_bytes = (size_t)1 << 30}};
    int r;

    upstream.direction = WALK_UPSTREAM;
    *ret_unknown = before;
    r = walk_closure(db, &upstream, before, &diff.before);
    if (!r) {
        *ret_unknown = after;
        r = walk_closure(db, &upstream, after, &diff.after);
    }
    if (r) {
        walk_diff_release(&diff);
        return r;
    }
    compare(&diff);
    *ret_diff = diff;
    return 0;
}

/* The nodes of a graph, and its edges but for those that the other has, too. */
static int join_one(struct graph *both, const struct graph *graph, const struct graph *other)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < graph->node_count; i++) {
        uint32_t index;

        r = graph_add(both, &graph->nodes[i], &index, NULL);
    }
    for (size_t i = 0; r == 0 && i < graph->edge_count; i++) {
        int64_t source = graph->nodes[graph->edges[i].source].id;
        int64_t target = graph->nodes[graph->edges[i].target].id;

        /* What is upstream of a node does not depend on where a walk began. */
        if (other && graph_find(other, target) != GRAPH_NONE)
            continue;
        r = graph_connect(both, graph_find(both, source), graph_find(both, target),
                          graph->edges[i].kind);
    }
    return r;
}

int walk_diff_join(const struct walk_diff *diff, struct graph *ret_graph)
{
    const struct graph *before = &diff->before.graph;
    const struct graph *after = &diff->after.graph;
    struct graph both;
    int r;

    graph_init(&both, before->node_count + after->node_count,
               before->edge_count + after->edge_count);
    r = join_one(&both, before, NULL);
    if (!r)
        r = join_one(&both, after, before);
    if (r) {
        graph_release(&both);
        return r > 0 ? log_fail(ERR_INTERNAL, "two graphs have more nodes than their sum") : r;
    }
    *ret_graph = both;
    return 0;
}
