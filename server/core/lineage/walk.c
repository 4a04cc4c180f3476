/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/walk.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/lineage/walk_level.h"
#include "core/lineage/walk_rim.h"
#include "db/q_walk.h"

#include <stdlib.h>
#include <string.h>

/* How many nodes one statement is asked to describe. */
#define DESCRIBE_MAX ((size_t)20000)

struct walker {
    struct db *db;
    const struct walk_query *query;
    enum walk_direction direction;
    int64_t deadline_us;
    struct walk *walk;
    struct walk_level level;
    const struct graph *goal; /* NULL: none. The walk ends at the first node that is in it */
    uint32_t reached;         /* that node, or GRAPH_NONE */
};

static const char *const cut_names[] = {
    [WALK_CUT_DEPTH] = "depth",
    [WALK_CUT_LIMIT] = "limit",
    [WALK_CUT_TIME] = "time",
};

const char *walk_cut_name(enum walk_cut cut)
{
    return cut_names[cut];
}

void walk_release(struct walk *walk)
{
    if (walk)
        graph_release(&walk->graph);
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* Empty, so that the transaction may be tried again. */
static void reset(struct walk *walk, const struct walk_query *query)
{
    walk_release(walk);
    *walk = (struct walk){0};
    graph_init(&walk->graph, query->node_limit, query->node_limit * WALK_EDGES_A_NODE);
}

/* Whether a walk to a goal is there; looks at the nodes that were found last. */
static bool has_reached(struct walker *walker)
{
    const struct walk_level *level = &walker->level;

    for (size_t i = 0; walker->goal && i < level->found_count; i++) {
        if (graph_find(walker->goal, walker->walk->graph.nodes[level->found[i]].id) == GRAPH_NONE)
            continue;
        walker->reached = level->found[i];
        return true;
    }
    return false;
}

/* The nodes that were found are the next to walk on from. */
static void advance(struct walk_level *level)
{
    free(level->frontier);
    level->frontier = level->found;
    level->frontier_count = level->found_count;
    level->found = NULL;
    level->found_count = 0;
    level->found_room = 0;
}

/* The id of a node of any kind in a graph. */
static int find(struct db *db, int64_t workspace_id, const struct ref *ref, int64_t *ret_id)
{
    int r;

    if (ref->kind == REF_DEVICE || ref->kind == REF_DEPLOYMENT)
        return walk_rim_find(db, workspace_id, ref, ret_id);
    r = q_walk_find(db, workspace_id, ref->text, ret_id);
    return r == Q_WALK_E_MISSING ? WALK_E_UNKNOWN : r;
}

static int begin(struct walker *walker, int64_t start_id)
{
    struct walk_level *level = &walker->level;
    struct graph *graph = &walker->walk->graph;
    const struct graph_node start = {.id = start_id, .parent = GRAPH_NONE};
    uint32_t index;
    int r;

    *level = (struct walk_level){
        .db = walker->db,
        .workspace_id = walker->query->workspace_id,
        .graph = graph,
        .direction = walker->direction,
        .declared = walker->query->declared,
        .last = walker->query->depth,
    };
    level->found = malloc(sizeof(*level->found));
    if (!level->found)
        return log_fail(ERR_NO_MEMORY, "cannot walk the lineage: out of memory");
    level->found_room = 1;
    r = graph_add(graph, &start, &index, NULL);
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "a walk without room for a node") : r;
    level->found[level->found_count++] = index;
    r = q_walk_assumes(walker->db, &level->assumes);
    if (!r)
        r = walk_level_begin(level, index);
    walker->walk->start_count = graph->node_count;
    return r;
}

/* At the depth that was asked for only edges are taken; what they would lead to is told. */
static enum walk_cut cut_of(const struct walker *walker, bool at_depth)
{
    if (!walker->level.more)
        return WALK_WHOLE;
    return at_depth ? WALK_CUT_DEPTH : WALK_CUT_LIMIT;
}

static int walk_on(struct walker *walker)
{
    struct walk_level *level = &walker->level;

    while (level->found_count > 0 && !level->more && !has_reached(walker)) {
        bool at_depth = walker->query->depth && level->depth == walker->query->depth;
        int r;

        if (clock_monotonic_us(walker->query->clock) > walker->deadline_us) {
            walker->walk->cut = WALK_CUT_TIME;
            return 0;
        }
        advance(level);
        level->depth++;
        level->closed = at_depth;
        r = walk_level_step(level);
        if (r)
            return r;
        walker->walk->cut = cut_of(walker, at_depth);
        if (at_depth)
            return 0;
    }
    return 0;
}

static int walk_from(struct walker *walker, int64_t start_id)
{
    int r;

    walker->reached = GRAPH_NONE;
    r = begin(walker, start_id);
    if (!r)
        r = walk_on(walker);
    free(walker->level.found);
    free(walker->level.frontier);
    walk_ahead_drop(&walker->level.ahead);
    walker->level.found = NULL;
    walker->level.frontier = NULL;
    return r;
}

/* ---- what the nodes are ---------------------------------------------------------------------- */

static int describe_runs(struct db *db, struct graph *graph, struct arena *arena,
                         const int64_t *ids, size_t count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    const char *job = NULL;
    int64_t job_id = 0;
    int r;

    if (count == 0)
        return 0;
    r = q_walk_runs(db, arena, ids, count, &rows);
    for (int i = 0; r == 0 && i < rows.count; i++) {
        struct graph_node *node = &graph->nodes[graph_find(graph, db_i64(&rows, i, 0))];

        if (!job || db_i64(&rows, i, 7) != job_id) /* runs of one job share its name */
            job = arena_strdup(&graph->arena, db_text(&rows, i, 1));
        job_id = db_i64(&rows, i, 7);
        node->run = arena_alloc(&graph->arena, sizeof(*node->run));
        *node->run = (struct graph_run){
            .job = job,
            .state = arena_strdup(&graph->arena, db_text(&rows, i, 2)),
            .ended = db_bool(&rows, i, 3),
            .state_ms = db_i64(&rows, i, 4),
            .first_ms = db_i64(&rows, i, 5),
            .started_ms = db_i64(&rows, i, 6),
        };
    }
    return r;
}

static int describe_some(struct db *db, struct graph *graph, const int64_t *ids, size_t count)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int64_t *runs = arena_array(&arena, count, sizeof(*runs));
    size_t run_count = 0;
    int r;

    r = q_walk_nodes(db, &arena, ids, count, &rows);
    if (r)
        return r;
    for (int i = 0; i < rows.count; i++) {
        struct graph_node *node = &graph->nodes[graph_find(graph, db_i64(&rows, i, 0))];

        node->kind = (enum ref_kind)db_i64(&rows, i, 1);
        node->ref = arena_strdup(&graph->arena, db_text(&rows, i, 2));
        if (node->kind == REF_RUN)
            runs[run_count++] = node->id;
    }
    return describe_runs(db, graph, &arena, runs, run_count);
}

static int describe(struct db *db, struct graph *graph)
{
    AUTO_FREE int64_t *ids = malloc((graph->node_count + 1) * sizeof(*ids));
    size_t count = 0;
    int r = 0;

    if (!ids)
        return log_fail(ERR_NO_MEMORY, "cannot walk the lineage: out of memory");
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph_is_rim(graph->nodes[i].id))
            ids[count++] = graph->nodes[i].id;
    for (size_t done = 0; r == 0 && done < count; done += DESCRIBE_MAX)
        r = describe_some(db, graph, ids + done,
                          count - done < DESCRIBE_MAX ? count - done : DESCRIBE_MAX);
    return r ? r : walk_rim_describe(db, graph);
}

/* ---- closures -------------------------------------------------------------------------------- */

int walk_node(struct db *db, int64_t workspace_id, const struct ref *ref, struct graph *ret_graph)
{
    struct graph_node node = {.parent = GRAPH_NONE};
    struct graph graph;
    uint32_t index;
    int r;

    graph_init(&graph, 1, 1);
    r = find(db, workspace_id, ref, &node.id);
    if (!r)
        r = graph_add(&graph, &node, &index, NULL);
    if (!r)
        r = describe(db, &graph);
    if (r) {
        graph_release(&graph);
        return r;
    }
    *ret_graph = graph;
    return 0;
}

struct closure {
    struct walker walker;
    const struct ref *ref;
};

static struct walker walker_new(struct db *db, const struct walk_query *query, struct walk *walk)
{
    return (struct walker){
        .db = db,
        .query = query,
        .direction = query->direction,
        .deadline_us = clock_monotonic_us(query->clock) + WALK_TIME_MAX_MS * (int64_t)1000,
        .walk = walk,
    };
}

static int close_over(struct db *db, void *arg)
{
    struct closure *closure = arg;
    struct walker *walker = &closure->walker;
    int64_t id;
    int r;

    reset(walker->walk, walker->query);
    r = q_walk_settle(db);
    if (!r)
        r = find(db, walker->query->workspace_id, closure->ref, &id);
    if (!r)
        r = walk_from(walker, id);
    if (!r)
        r = describe(db, &walker->walk->graph);
    if (!r && walker->direction == WALK_DOWNSTREAM && !walker->query->no_rim)
        r = walk_rim_down(db, walker->query->depth, walker->walk);
    return r;
}

int walk_closure(struct db *db, const struct walk_query *query, const struct ref *ref,
                 struct walk *ret_walk)
{
    struct walk walk = {0};
    struct closure closure = {walker_new(db, query, &walk), ref};
    int r = tx_run(db, close_over, &closure);

    if (r) {
        walk_release(&walk);
        return r;
    }
    *ret_walk = walk;
    return 0;
}

/* ---- paths ----------------------------------------------------------------------------------- */

struct search {
    struct db *db;
    const struct walk_query *query;
    const struct ref *from;
    const struct ref *to;
    bool directed;
    struct walk *walk;
    enum walk_direction direction;
    const struct ref *unknown;
};

/* The next node of a path. between is the one of two neighbours that was seen from the other. */
static int lengthen(struct graph *path, const struct graph_node *node,
                    const struct graph_node *between, bool forward)
{
    struct graph_node copy = *node;
    uint32_t last = (uint32_t)path->node_count - 1;
    uint32_t index;
    int r;

    copy.depth = (uint32_t)path->node_count;
    copy.parent = GRAPH_NONE;
    r = graph_add(path, &copy, &index, NULL);
    if (r || index == 0)
        return r;
    return graph_connect(path, forward ? last : index, forward ? index : last, between->via);
}

/*
 * What leads from where the goal began to where the walk met it, and back from there to where the
 * walk began. An edge above a node leads from it to its parent.
 */
static int keep_path(const struct graph *goal, const struct graph *seen, uint32_t reached,
                     struct graph *path)
{
    uint32_t met = graph_find(goal, seen->nodes[reached].id);
    uint32_t chain[4] = {0}; /* a variant and an artifact stand for a version, at most */
    size_t count = 0;
    int r = 0;

    for (uint32_t at = met; at != GRAPH_NONE && count < ARRAY_LEN(chain);
         at = goal->nodes[at].parent)
        chain[count++] = at;
    while (r == 0 && count-- > 0) {
        const struct graph_node *node = &goal->nodes[chain[count]];

        r = lengthen(path, node, node, !node->above);
    }
    for (uint32_t at = reached; r == 0 && seen->nodes[at].parent != GRAPH_NONE;
         at = seen->nodes[at].parent)
        r = lengthen(path, &seen->nodes[seen->nodes[at].parent], &seen->nodes[at],
                     seen->nodes[at].above);
    return r > 0 ? log_fail(ERR_INTERNAL, "a path longer than the walk") : r;
}

/* Walks upstream from `low` until it meets what stands for `high` downstream: data flows from high
 * to low. Both ways at once where related. */
static int try_path(struct search *search, int64_t high, int64_t low, enum walk_direction way)
{
    CLEANUP(walk_release) struct walk goal = {0};
    CLEANUP(walk_release) struct walk seen = {0};
    struct walker walker = walker_new(search->db, search->query, &goal);
    int r;

    reset(&goal, search->query);
    reset(&seen, search->query);
    walker.direction = way == WALK_RELATED ? WALK_RELATED : WALK_DOWNSTREAM;
    r = begin(&walker, high);
    free(walker.level.found);
    if (r)
        return r;
    walker.walk = &seen;
    walker.direction = way == WALK_RELATED ? WALK_RELATED : WALK_UPSTREAM;
    walker.goal = &goal.graph;
    r = walk_from(&walker, low);
    if (r)
        return r;
    search->walk->cut = seen.cut;
    if (walker.reached == GRAPH_NONE)
        return 0;
    search->walk->cut = WALK_WHOLE;
    return keep_path(&goal.graph, &seen.graph, walker.reached, &search->walk->graph);
}

static int reverse(struct graph *path)
{
    struct graph turned;
    int r = 0;

    graph_init(&turned, path->node_limit, path->edge_limit);
    for (size_t i = path->node_count; r == 0 && i-- > 0;) {
        struct graph_node node = path->nodes[i];
        uint32_t index;

        node.depth = (uint32_t)turned.node_count;
        r = graph_add(&turned, &node, &index, NULL);
    }
    for (size_t i = path->edge_count; r == 0 && i-- > 0;)
        r = graph_connect(&turned, (uint32_t)(path->node_count - 1 - path->edges[i].source),
                          (uint32_t)(path->node_count - 1 - path->edges[i].target),
                          path->edges[i].kind);
    graph_release(path);
    *path = turned;
    return r;
}

static int search_path(struct db *db, void *arg)
{
    struct search *search = arg;
    struct graph *graph = &search->walk->graph;
    int64_t from;
    int64_t to;
    int r;

    reset(search->walk, search->query);
    search->direction = WALK_DOWNSTREAM;
    r = q_walk_settle(db);
    if (!r) {
        search->unknown = search->from;
        r = find(db, search->query->workspace_id, search->from, &from);
    }
    if (!r) {
        search->unknown = search->to;
        r = find(db, search->query->workspace_id, search->to, &to);
    }
    if (!r)
        r = try_path(search, from, to, WALK_UPSTREAM);
    if (!r && graph->node_count == 0) {
        search->direction = WALK_UPSTREAM;
        r = try_path(search, to, from, WALK_UPSTREAM);
        if (!r)
            r = reverse(graph);
    }
    if (!r && graph->node_count == 0 && !search->directed) {
        search->direction = WALK_RELATED;
        r = try_path(search, from, to, WALK_RELATED);
    }
    return r ? r : describe(db, graph);
}

int walk_path(struct db *db, const struct walk_query *query, const struct ref *from,
              const struct ref *to, bool directed, struct walk *ret_walk,
              enum walk_direction *ret_direction, const struct ref **ret_unknown)
{
    struct walk walk = {0};
    struct search search = {db, query, from, to, directed, &walk, WALK_DOWNSTREAM, NULL};
    int r = tx_run(db, search_path, &search);

    if (r) {
        walk_release(&walk);
        *ret_unknown = search.unknown;
        return r;
    }
    *ret_walk = walk;
    *ret_direction = search.direction;
    return 0;
}
