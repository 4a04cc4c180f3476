/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/explain.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/lineage/graph_json.h"
#include "core/lineage/walk.h"
#include "db/q_explain.h"
#include "db/q_rim.h"

#include <string.h>

#define GRAPH_TEXT_MAX ((size_t)64 << 20)

static int no_memory(void)
{
    return log_fail(ERR_NO_MEMORY, "cannot make a report: out of memory");
}

/* An object that the database made; NULL is out of memory. */
static json_t *load(const char *text)
{
    return json_loads(text, JSON_ALLOW_NUL, NULL);
}

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

/* Rows of objects as an array; at most `limit` of them. */
static int load_rows(const struct db_rows *rows, int64_t limit, json_t **ret_array)
{
    json_auto_t *array = json_array();

    for (int i = 0; i < rows->count && i < limit; i++)
        if (json_array_append_new(array, load(db_text(rows, i, 0))) < 0)
            return no_memory();
    *ret_array = json_incref(array);
    return 0;
}

/* ---- lineage --------------------------------------------------------------------------------- */

static int encode_graph(const struct walk *walk, json_t **ret_graph)
{
    CLEANUP(buffer_release) struct buffer text = BUFFER(GRAPH_TEXT_MAX);
    const char *cut = walk_cut_name(walk->cut);
    json_t *graph = NULL;

    buffer_append_char(&text, '{');
    graph_json_members(&walk->graph, GRAPH_KINDS_ALL, &text);
    buffer_append_char(&text, '}');
    graph = text.failed ? NULL : load(text.bytes);
    if (!graph)
        return no_memory();
    set(graph, "cut_off", cut ? json_string(cut) : json_null());
    *ret_graph = graph;
    return 0;
}

/* The names of the nodes of a kind. */
static json_t *names_of(const struct graph *graph, enum ref_kind kind)
{
    json_t *names = json_array();

    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].kind == kind)
            (void)json_array_append_new(names, json_string(graph->nodes[i].ref));
    return names;
}

static int64_t *ids_of(const struct graph *graph, enum ref_kind kind, struct arena *arena,
                       size_t *ret_count)
{
    int64_t *ids = arena_array(arena, graph->node_count + 1, sizeof(*ids));

    *ret_count = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].kind == kind && !graph_is_rim(graph->nodes[i].id))
            ids[(*ret_count)++] = graph->nodes[i].id;
    return ids;
}

static int add_runs(struct db *db, const struct graph *graph, json_t *object)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    json_t *runs = NULL;
    size_t count;
    int64_t *ids = ids_of(graph, REF_RUN, &arena, &count);
    int r;

    r = q_explain_runs(db, &arena, ids, count < EXPLAIN_RUNS_MAX ? count : EXPLAIN_RUNS_MAX, &rows);
    if (!r)
        r = load_rows(&rows, EXPLAIN_RUNS_MAX, &runs);
    if (!r)
        set(object, "runs", runs);
    return r;
}

static int add_upstream(struct db *db, const struct explain_query *query, const struct ref *ref,
                        json_t *object)
{
    CLEANUP(walk_release) struct walk walk = {0};
    const struct walk_query up = {
        .workspace_id = query->workspace_id,
        .clock = query->clock,
        .direction = WALK_UPSTREAM,
        .node_limit = WALK_NODES_DEFAULT,
    };
    json_t *graph = NULL;
    int r = walk_closure(db, &up, ref, &walk);

    if (r)
        return r == WALK_E_UNKNOWN ? EXPLAIN_E_UNKNOWN : r;
    set(object, "datasets", names_of(&walk.graph, REF_DATASET_VERSION));
    set(object, "code", names_of(&walk.graph, REF_CODE));
    r = add_runs(db, &walk.graph, object);
    if (!r)
        r = encode_graph(&walk, &graph);
    if (!r)
        set(object, "lineage", graph);
    return r;
}

/* ---- versions -------------------------------------------------------------------------------- */

/* ref: the version or the variant whose ancestry is told */
static int encode_version(struct db *db, const struct explain_query *query, int64_t version_id,
                          const struct ref *ref, json_t **ret_object)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    json_auto_t *object = NULL;
    int r = q_explain_version(db, version_id, &rows);

    if (r)
        return r;
    object = rows.count ? load(db_text(&rows, 0, 0)) : NULL;
    if (!object)
        return no_memory();
    set(object, "ref", json_string(ref->text));
    r = add_upstream(db, query, ref, object);
    if (!r)
        *ret_object = json_incref(object);
    return r;
}

int explain_version(struct db *db, const struct explain_query *query, const struct ref *version,
                    json_t **ret_answer)
{
    json_t *object = NULL;
    int64_t id;
    int r = q_explain_find(db, query->workspace_id, version->name, version->revision, &id);

    if (r == Q_EXPLAIN_E_MISSING)
        return EXPLAIN_E_UNKNOWN;
    if (!r)
        r = encode_version(db, query, id, version, &object);
    if (!r)
        *ret_answer = object;
    return r;
}

/* ---- devices --------------------------------------------------------------------------------- */

/* What each slot ran, told once a variant however many slots ran it. */
static int add_provenance(struct db *db, const struct explain_query *query,
                          const struct db_rows *slots, json_t *answer)
{
    CLEANUP(arena_release) struct arena arena = {0};
    json_auto_t *known = json_object();
    json_t *list = json_array();

    set(answer, "provenance", list);
    for (int i = 0; i < slots->count; i++) {
        int64_t version_id = db_i64(slots, i, 1);
        const char *text = db_text(slots, i, 2);
        const char *why;
        struct ref ref;
        json_t *object = NULL;
        int r;

        if (!version_id || json_object_get(known, text))
            continue;
        if (ref_parse(text, &arena, &ref, &why))
            return log_fail(ERR_INTERNAL, "a stored reference cannot be read: %s", why);
        r = encode_version(db, query, version_id, &ref, &object);
        if (r)
            return r > 0 ? log_fail(ERR_INTERNAL, "'%s' has no lineage", text) : r;
        (void)json_array_append_new(list, object);
        set(known, text, json_true());
    }
    return 0;
}

/* Slots whose version this registry does not have say so. */
static int encode_slots(const struct db_rows *rows, json_t *answer)
{
    json_t *slots = NULL;
    int r = load_rows(rows, rows->count, &slots);

    if (r)
        return r;
    for (int i = 0; i < rows->count; i++)
        set(json_array_get(slots, (size_t)i), "ref",
            *db_text(rows, i, 2) ? json_string(db_text(rows, i, 2)) : json_null());
    set(answer, "slots", slots);
    return 0;
}

static int add_told(struct db *db, const struct explain_query *query, int64_t device_id,
                    int64_t at_ms, json_t *answer)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = q_explain_told(db, query->workspace_id, device_id, at_ms, &rows);

    if (!r)
        set(answer, "told", rows.count ? load(db_text(&rows, 0, 0)) : json_null());
    return r;
}

int explain_device(struct db *db, const struct explain_query *query, const struct ref *device,
                   int64_t at_ms, json_t **ret_answer)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    json_auto_t *answer = NULL;
    struct q_rim_device found;
    int r = q_rim_device(db, query->workspace_id, device->name, &arena, &found);

    if (r)
        return r == Q_RIM_E_MISSING ? EXPLAIN_E_UNKNOWN : r;
    answer = json_pack("{s:s, s:s, s:s}", "device", found.name, "uuid", found.uuid, "state",
                       found.active ? "active" : "revoked");
    r = q_explain_slots(db, found.id, at_ms, &rows);
    if (!r)
        r = encode_slots(&rows, answer);
    if (!r)
        r = add_told(db, query, found.id, at_ms, answer);
    if (!r)
        r = add_provenance(db, query, &rows, answer);
    if (!r)
        *ret_answer = json_incref(answer);
    return r;
}

/* ---- impact ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*list)(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                int64_t limit, struct db_rows *ret_rows);
} consequences[] = {
    {"ran",         q_explain_ran     },
    {"waiting",     q_explain_waiting },
    {"deployments", q_explain_deployed},
};

static int add_consequences(struct db *db, const struct graph *graph, bool *cut, json_t *answer)
{
    CLEANUP(arena_release) struct arena arena = {0};
    size_t count;
    int64_t *ids = ids_of(graph, REF_VARIANT, &arena, &count);

    for (size_t i = 0; i < ARRAY_LEN(consequences); i++) {
        CLEANUP(db_rows_release) struct db_rows rows = {0};
        json_t *list = NULL;
        int r = consequences[i].list(db, &arena, ids, count, EXPLAIN_ROWS_MAX, &rows);

        if (!r)
            r = load_rows(&rows, EXPLAIN_ROWS_MAX, &list);
        if (r)
            return r;
        *cut = *cut || rows.count > EXPLAIN_ROWS_MAX;
        set(answer, consequences[i].name, list);
    }
    return 0;
}

static void count_devices(json_t *answer)
{
    json_auto_t *ever = json_object();
    json_auto_t *now = json_object();
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(answer, "ran"), i, row) {
        const char *uuid = json_string_value(json_object_get(row, "uuid"));
        const char *state = json_string_value(json_object_get(row, "state"));

        set(ever, uuid, json_true());
        if (json_is_null(json_object_get(row, "until")) && strcmp(state, "active") == 0)
            set(now, uuid, json_true());
    }
    set(answer, "devices_ever", json_integer((json_int_t)json_object_size(ever)));
    set(answer, "devices_now", json_integer((json_int_t)json_object_size(now)));
}

int explain_impact(struct db *db, const struct explain_query *query, const struct ref *node,
                   json_t **ret_answer)
{
    CLEANUP(walk_release) struct walk walk = {0};
    const struct walk_query down = {
        .workspace_id = query->workspace_id,
        .clock = query->clock,
        .direction = WALK_DOWNSTREAM,
        .node_limit = WALK_NODES_MAX,
        .no_rim = true,
    };
    json_auto_t *answer = json_object();
    bool rows_cut = false;
    int r = walk_closure(db, &down, node, &walk);

    if (r)
        return r == WALK_E_UNKNOWN ? EXPLAIN_E_UNKNOWN : r;
    set(answer, "ref", json_string(node->text));
    set(answer, "versions", names_of(&walk.graph, REF_VERSION));
    set(answer, "variants", names_of(&walk.graph, REF_VARIANT));
    r = add_consequences(db, &walk.graph, &rows_cut, answer);
    if (r)
        return r;
    count_devices(answer);
    set(answer, "cut_off",
        walk.cut ? json_string(walk_cut_name(walk.cut))
                 : (rows_cut ? json_string("limit") : json_null()));
    *ret_answer = json_incref(answer);
    return 0;
}
