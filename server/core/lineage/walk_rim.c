/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/walk_rim.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/q_rim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bare ids of some nodes of a graph, in an arena. */
struct picked {
    int64_t *ids;
    size_t count;
};

int walk_rim_find(struct db *db, int64_t workspace_id, const struct ref *ref, int64_t *ret_id)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct q_rim_device device;
    int64_t number;
    int r;

    if (ref->kind == REF_DEVICE) {
        r = q_rim_device(db, workspace_id, ref->name, &arena, &device);
        if (r)
            return r == Q_RIM_E_MISSING ? WALK_E_UNKNOWN : r;
        *ret_id = GRAPH_DEVICE | device.id;
        return 0;
    }
    number = strtoll(ref->name, NULL, 10);
    r = q_rim_deployment(db, workspace_id, number);
    if (r)
        return r == Q_RIM_E_MISSING ? WALK_E_UNKNOWN : r;
    *ret_id = GRAPH_DEPLOYMENT | number;
    return 0;
}

/* ---- upstream -------------------------------------------------------------------------------- */

static int64_t room(const struct graph *graph)
{
    return (int64_t)(graph->edge_limit - graph->edge_count);
}

static int go_up_from_device(struct walk_level *level, int64_t id)
{
    CLEANUP(db_rows_release) struct db_rows ran = {0};
    CLEANUP(db_rows_release) struct db_rows told = {0};
    int64_t device = graph_rim_id(id);
    int r;

    r = q_rim_ran_by(level->db, device, room(level->graph), &ran);
    for (int i = 0; r == 0 && i < ran.count; i++)
        r = walk_level_connect(level, db_i64(&ran, i, 0), id, CLAIMS_RAN, true);
    if (!r)
        r = q_rim_told(level->db, level->workspace_id, device, room(level->graph), &told);
    for (int i = 0; r == 0 && i < told.count; i++)
        r = walk_level_connect(level, GRAPH_DEPLOYMENT | db_i64(&told, i, 0), id, CLAIMS_TOLD,
                               true);
    return r;
}

static struct picked pick_frontier(const struct walk_level *level, int64_t mark,
                                   struct arena *arena)
{
    struct picked picked = {arena_array(arena, level->frontier_count, sizeof(*picked.ids)), 0};

    for (size_t i = 0; i < level->frontier_count; i++) {
        int64_t id = level->graph->nodes[level->frontier[i]].id;

        if (id & mark)
            picked.ids[picked.count++] = graph_rim_id(id);
    }
    return picked;
}

int walk_rim_up(struct walk_level *level)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct picked devices = pick_frontier(level, GRAPH_DEVICE, &arena);
    struct picked deployments = pick_frontier(level, GRAPH_DEPLOYMENT, &arena);
    int r = 0;

    for (size_t i = 0; r == 0 && i < devices.count; i++)
        r = go_up_from_device(level, GRAPH_DEVICE | devices.ids[i]);
    if (r || deployments.count == 0)
        return r;
    r = q_rim_deployed_by(level->db, &arena, deployments.ids, deployments.count, room(level->graph),
                          &rows);
    for (int i = 0; r == 0 && i < rows.count; i++)
        r = walk_level_connect(level, db_i64(&rows, i, 1), GRAPH_DEPLOYMENT | db_i64(&rows, i, 0),
                               CLAIMS_DEPLOYED, true);
    return r;
}

/* ---- downstream ------------------------------------------------------------------------------ */

/* A statement of q_rim.h that leads from some nodes to their rim. */
typedef int rim_fn(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                   int64_t limit, struct db_rows *ret_rows);

struct descent {
    struct db *db;
    struct walk *walk;
    uint32_t depth; /* 0: any */
    struct arena arena;
};

static void descent_release(struct descent *descent)
{
    arena_release(&descent->arena);
}

/* Nodes of a kind; beyond: those that are at the last depth, whose rim is not taken. */
static struct picked pick_kind(struct descent *descent, enum ref_kind kind, bool beyond)
{
    const struct graph *graph = &descent->walk->graph;
    struct picked picked = {arena_array(&descent->arena, graph->node_count, sizeof(*picked.ids)),
                            0};

    for (size_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        bool at_end = descent->depth && node->depth >= descent->depth;

        if (node->kind == kind && at_end == beyond)
            picked.ids[picked.count++] = graph_rim_id(node->id);
    }
    return picked;
}

static int take_row(struct descent *descent, int64_t source, int64_t target,
                    enum claims_edge_kind kind)
{
    struct graph *graph = &descent->walk->graph;
    uint32_t near = graph_find(graph, source);
    const struct graph_node node = {
        .id = target,
        .kind = target & GRAPH_DEVICE ? REF_DEVICE : REF_DEPLOYMENT,
        .depth = graph->nodes[near].depth + 1,
        .parent = near,
        .via = kind,
    };
    uint32_t far;
    int r;

    r = graph_add(graph, &node, &far, NULL);
    if (!r)
        r = graph_connect(graph, near, far, kind);
    if (r > 0)
        descent->walk->cut = WALK_CUT_LIMIT;
    return r;
}

/* One kind of edge, from all nodes of a kind. Returns 0 also where it was cut. */
static int descend(struct descent *descent, enum ref_kind from, rim_fn *find, int64_t from_mark,
                   int64_t to_mark, enum claims_edge_kind kind)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    CLEANUP(db_rows_release) struct db_rows more = {0};
    struct picked near = pick_kind(descent, from, false);
    struct picked beyond = pick_kind(descent, from, true);
    int r = 0;

    if (descent->walk->cut == WALK_CUT_LIMIT || descent->walk->cut == WALK_CUT_TIME)
        return 0;
    if (near.count > 0)
        r = find(descent->db, &descent->arena, near.ids, near.count, room(&descent->walk->graph),
                 &rows);
    for (int i = 0; r == 0 && i < rows.count; i++)
        r = take_row(descent, from_mark | db_i64(&rows, i, 0), to_mark | db_i64(&rows, i, 1), kind);
    if (r == GRAPH_E_FULL)
        return 0;
    if (!r && beyond.count > 0)
        r = find(descent->db, &descent->arena, beyond.ids, beyond.count, 0, &more);
    if (more.count > 0)
        descent->walk->cut = WALK_CUT_DEPTH;
    return r;
}

int walk_rim_down(struct db *db, uint32_t depth, struct walk *walk)
{
    CLEANUP(descent_release)
    struct descent descent = {
        .db = db, .walk = walk, .depth = depth, .arena = {.ceiling_bytes = (size_t)256 << 20}};
    size_t described = walk->graph.node_count;
    int r;

    r = descend(&descent, REF_VARIANT, q_rim_ran, 0, GRAPH_DEVICE, CLAIMS_RAN);
    if (!r)
        r = descend(&descent, REF_VARIANT, q_rim_deployments_of, 0, GRAPH_DEPLOYMENT,
                    CLAIMS_DEPLOYED);
    if (!r)
        r = descend(&descent, REF_DEPLOYMENT, q_rim_devices_of, GRAPH_DEPLOYMENT, GRAPH_DEVICE,
                    CLAIMS_TOLD);
    if (!r && walk->graph.node_count > described)
        r = walk_rim_describe(db, &walk->graph);
    return r;
}

/* ---- what they are called -------------------------------------------------------------------- */

static int describe_devices(struct db *db, struct graph *graph, struct arena *arena,
                            struct picked picked)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = q_rim_devices(db, arena, picked.ids, picked.count, &rows);
    for (int i = 0; r == 0 && i < rows.count; i++) {
        int64_t id = GRAPH_DEVICE | db_i64(&rows, i, 0);
        struct graph_node *node = &graph->nodes[graph_find(graph, id)];
        const char *name = db_text(&rows, i, 1);
        const char *uuid = db_text(&rows, i, 2);
        bool active = db_bool(&rows, i, 3);

        node->kind = REF_DEVICE;
        /* The name of a revoked device may be another's by now. */
        node->ref = ref_device(&graph->arena, active ? name : uuid);
        node->label = active ? arena_strdup(&graph->arena, uuid)
                             : arena_printf(&graph->arena, "%s, revoked", name);
    }
    return r;
}

static int describe_deployments(struct db *db, struct graph *graph, struct arena *arena,
                                struct picked picked)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = q_rim_deployments(db, arena, picked.ids, picked.count, &rows);
    for (int i = 0; r == 0 && i < rows.count; i++) {
        int64_t id = db_i64(&rows, i, 0);
        struct graph_node *node = &graph->nodes[graph_find(graph, GRAPH_DEPLOYMENT | id)];
        char time[CLOCK_RFC3339_SIZE];

        clock_format_rfc3339(db_i64(&rows, i, 2), time);
        node->kind = REF_DEPLOYMENT;
        node->ref = ref_deployment(&graph->arena, id);
        node->label = arena_printf(&graph->arena, "%s, by %s, %" PRId64 " devices", time,
                                   db_text(&rows, i, 1), db_i64(&rows, i, 3));
    }
    return r;
}

static struct picked pick_mark(const struct graph *graph, int64_t mark, struct arena *arena)
{
    struct picked picked = {arena_array(arena, graph->node_count, sizeof(*picked.ids)), 0};

    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].id & mark)
            picked.ids[picked.count++] = graph_rim_id(graph->nodes[i].id);
    return picked;
}

int walk_rim_describe(struct db *db, struct graph *graph)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct picked devices = pick_mark(graph, GRAPH_DEVICE, &arena);
    struct picked deployments = pick_mark(graph, GRAPH_DEPLOYMENT, &arena);
    int r = 0;

    if (devices.count > 0)
        r = describe_devices(db, graph, &arena, devices);
    if (!r && deployments.count > 0)
        r = describe_deployments(db, graph, &arena, deployments);
    return r;
}
