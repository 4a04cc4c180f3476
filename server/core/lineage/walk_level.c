/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/walk_level.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/lineage/walk_rim.h"
#include "db/q_walk.h"

#include <stdlib.h>

/* The ids of nodes, in an arena of the level. */
struct ids {
    int64_t *ids;
    size_t count;
};

static int note_found(struct walk_level *level, uint32_t index)
{
    if (level->found_count == level->found_room) {
        size_t room = level->found_room ? 2 * level->found_room : 64;
        uint32_t *found = realloc(level->found, room * sizeof(*found));

        if (!found)
            return log_fail(ERR_NO_MEMORY, "cannot walk the lineage: out of memory");
        level->found = found;
        level->found_room = room;
    }
    level->found[level->found_count++] = index;
    return 0;
}

/* A dataset whose version was not said stands between runs that have nothing to do with each
 * other: what was read is assumed instead (q_walk.h). */
static bool is_leaf(const struct walk_level *level, enum claims_edge_kind kind)
{
    switch (level->direction) {
    case WALK_UPSTREAM:
        return kind == CLAIMS_READ_ANY || kind == CLAIMS_VERSION_OF;
    case WALK_DOWNSTREAM:
        return kind == CLAIMS_WRITE_ANY;
    default:
        return false;
    }
}

int walk_level_take(struct walk_level *level, int64_t id, uint32_t parent,
                    enum claims_edge_kind kind, bool above, uint32_t *ret_index)
{
    const struct graph_node node = {
        .id = id,
        .depth = level->depth,
        .parent = parent,
        .via = kind,
        .above = above,
        .leaf = is_leaf(level, kind),
    };
    bool added = false;
    int r;

    *ret_index = graph_find(level->graph, id);
    if (*ret_index != GRAPH_NONE)
        return 0;
    if (level->closed) {
        level->more = true;
        return 0;
    }
    r = graph_add(level->graph, &node, ret_index, &added);
    if (r == GRAPH_E_FULL) {
        level->closed = true;
        level->more = true;
        *ret_index = GRAPH_NONE;
        return 0;
    }
    return r ? r : note_found(level, *ret_index);
}

int walk_level_connect(struct walk_level *level, int64_t source, int64_t target,
                       enum claims_edge_kind kind, bool upstream)
{
    uint32_t near = graph_find(level->graph, upstream ? target : source);
    uint32_t far;
    int r;

    r = walk_level_take(level, upstream ? source : target, near, kind, upstream, &far);
    if (r || far == GRAPH_NONE)
        return r;
    r = graph_connect(level->graph, upstream ? far : near, upstream ? near : far, kind);
    if (r == GRAPH_E_FULL) {
        level->closed = true;
        level->more = true;
        return 0;
    }
    return r;
}

static struct ids ids_of_frontier(struct walk_level *level, struct arena *arena)
{
    struct ids ids = {arena_array(arena, level->frontier_count, sizeof(*ids.ids)), 0};

    for (size_t i = 0; i < level->frontier_count; i++) {
        const struct graph_node *node = &level->graph->nodes[level->frontier[i]];

        if (!node->leaf && !graph_is_rim(node->id))
            ids.ids[ids.count++] = node->id;
    }
    return ids;
}

static struct q_walk_step step_of(const struct walk_level *level, struct ids ids)
{
    return (struct q_walk_step){
        .ids = ids.ids,
        .count = ids.count,
        .declared = level->declared,
        .limit = (int64_t)(level->graph->edge_limit - level->graph->edge_count),
    };
}

/* Whether a row leads from the frontier: what was read ahead has other nodes' edges, too. */
static bool is_of_frontier(const struct walk_level *level, const struct db_rows *rows, int row,
                           bool upstream)
{
    uint32_t near = graph_find(level->graph, db_i64(rows, row, upstream ? 1 : 0));

    return near != GRAPH_NONE && level->graph->nodes[near].depth + 1 == level->depth &&
           !level->graph->nodes[near].leaf;
}

/* One edge; kind 0: the third column says it. any gets the run where it read without saying a
 * version; NULL: nobody asks. */
static int take_row(struct walk_level *level, const struct db_rows *rows, int row, bool upstream,
                    enum claims_edge_kind kind, struct ids *any)
{
    int64_t source = db_i64(rows, row, 0);
    int64_t target = db_i64(rows, row, 1);
    enum claims_edge_kind is = kind ? kind : (enum claims_edge_kind)db_i64(rows, row, 2);

    if (any && is == CLAIMS_READ_ANY)
        any->ids[any->count++] = target;
    return walk_level_connect(level, source, target, is, upstream);
}

static int take_rows(struct walk_level *level, const struct db_rows *rows, bool upstream,
                     enum claims_edge_kind kind, struct ids *any)
{
    int r = 0;

    for (int i = 0; i < rows->count && !r; i++)
        r = take_row(level, rows, i, upstream, kind, any);
    return r;
}

/* Takes the level from what was read ahead, or reads ahead, where that may be done. ret_done: it
 * was; where not, a statement is to be asked. any as in take_rows(). */
static int go_ahead(struct walk_level *level, const struct q_walk_step *step, bool upstream,
                    struct arena *arena, struct ids *any, bool *ret_done)
{
    struct walk_ahead_rows ahead;
    int64_t taken = 0;
    int r;

    r = walk_ahead_next(&level->ahead, level->db, step, upstream,
                        level->last ? level->last + 2 - level->depth : 0, &ahead);
    *ret_done = ahead.rows != NULL;
    if (r || !ahead.rows)
        return r;
    if (any)
        any->ids = arena_array(arena, (size_t)(ahead.to - ahead.from), sizeof(*any->ids));
    for (int i = ahead.from; i < ahead.to && !r; i++) {
        if (!is_of_frontier(level, ahead.rows, i, upstream))
            continue;
        taken++;
        r = take_row(level, ahead.rows, i, upstream, 0, any);
    }
    walk_ahead_note(&level->ahead, taken);
    return r;
}

static int go_up_said(struct walk_level *level, struct arena *arena, struct ids ids,
                      struct ids *any)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_walk_step step = step_of(level, ids);
    bool done = false;
    int r = 0;

    if (level->direction == WALK_UPSTREAM && level->found_count == 0)
        r = go_ahead(level, &step, true, arena, any, &done);
    if (r || done)
        return r;
    walk_ahead_drop(&level->ahead);
    r = q_walk_upstream(level->db, arena, &step, &rows);
    if (r)
        return r;
    any->ids = arena_array(arena, (size_t)rows.count, sizeof(*any->ids));
    return take_rows(level, &rows, true, 0, any);
}

static int go_up(struct walk_level *level, struct arena *arena, struct ids ids)
{
    CLEANUP(db_rows_release) struct db_rows assumed = {0};
    struct q_walk_step step;
    struct ids any = {0};
    int r;

    r = go_up_said(level, arena, ids, &any);
    if (r || any.count == 0)
        return r;
    walk_ahead_drop(&level->ahead); /* it knows nothing of what is assumed */
    step = step_of(level, any);
    r = q_walk_assumed_upstream(level->db, arena, &step, &assumed);
    return r ? r : take_rows(level, &assumed, true, CLAIMS_ASSUMED, NULL);
}

static int go_down(struct walk_level *level, struct arena *arena, struct ids ids)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    CLEANUP(db_rows_release) struct db_rows assumed = {0};
    struct q_walk_step step = step_of(level, ids);
    bool done = false;
    int r = 0;

    if (level->direction == WALK_DOWNSTREAM && !level->assumes)
        r = go_ahead(level, &step, false, arena, NULL, &done);
    if (!r && !done)
        r = q_walk_downstream(level->db, arena, &step, &rows);
    if (!r && !done)
        r = take_rows(level, &rows, false, 0, NULL);
    if (r || !level->assumes)
        return r;
    step = step_of(level, ids);
    r = q_walk_assumed_downstream(level->db, arena, &step, &assumed);
    return r ? r : take_rows(level, &assumed, false, CLAIMS_ASSUMED, NULL);
}

int walk_level_step(struct walk_level *level)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct ids ids = ids_of_frontier(level, &arena);
    int r = 0;

    if (level->direction & WALK_UPSTREAM && ids.count < level->frontier_count)
        r = walk_rim_up(level);
    if (r || ids.count == 0)
        return r;
    if (level->direction & WALK_UPSTREAM)
        r = go_up(level, &arena, ids);
    if (!r && level->direction & WALK_DOWNSTREAM)
        r = go_down(level, &arena, ids);
    return r;
}

/* ---- where it begins ------------------------------------------------------------------------- */

static int begin(struct walk_level *level, uint32_t start, bool upstream)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int64_t limit = (int64_t)(level->graph->node_limit - level->graph->node_count);
    int64_t id = level->graph->nodes[start].id;
    int r;

    r = upstream ? q_walk_begin_upstream(level->db, id, limit, &rows)
                 : q_walk_begin_downstream(level->db, id, limit, &rows);
    for (int i = 0; r == 0 && i < rows.count; i++) {
        int64_t source = db_i64(&rows, i, 0);
        int64_t target = db_i64(&rows, i, 1);
        enum claims_edge_kind kind = (enum claims_edge_kind)db_i64(&rows, i, 2);
        uint32_t near = graph_find(level->graph, upstream ? source : target);
        uint32_t index;

        if (near == GRAPH_NONE)
            break; /* there was no room for the variant either */
        r = walk_level_take(level, upstream ? target : source, near, kind, !upstream, &index);
        if (r == 0 && index != GRAPH_NONE)
            level->graph->nodes[index].leaf = false;
    }
    return r;
}

int walk_level_begin(struct walk_level *level, uint32_t start)
{
    int r = 0;

    if (graph_is_rim(level->graph->nodes[start].id))
        return 0;
    if (level->direction & WALK_UPSTREAM)
        r = begin(level, start, true);
    if (!r && level->direction & WALK_DOWNSTREAM)
        r = begin(level, start, false);
    return r;
}
