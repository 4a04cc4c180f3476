/* SPDX-License-Identifier: Apache-2.0 */
#include "api/lineage_read.h"

#include "api/api.h"
#include "api/lineage_reply.h"
#include "base/cleanup.h"
#include "core/lineage/graph_dot.h"
#include "core/lineage/graph_json.h"
#include "core/lineage/graph_tree.h"
#include "core/lineage/walk.h"
#include "core/lineage/walk_diff.h"
#include "http/problems.h"

#include <string.h>

/* ---- what is asked --------------------------------------------------------------------------- */

static struct walk_query query_of(const struct call *call, const struct lineage_ask *ask,
                                  enum walk_direction direction)
{
    const struct api *api = call->context;

    return (struct walk_query){
        .workspace_id = call->principal->workspace_id,
        .clock = api->clock,
        .direction = direction,
        .declared = ask->declared,
        .depth = ask->depth,
        .node_limit = ask->limit,
    };
}

/* A sentence for people where the answer was cut off, in the request's arena; else NULL. */
static const char *cut_note(const struct call *call, const struct walk *walk)
{
    static const char *const hints[] = {
        [WALK_CUT_DEPTH] = "there is more beyond this depth",
        [WALK_CUT_LIMIT] = "there are more; ask with a higher limit, or for less",
        [WALK_CUT_TIME] = "it took too long; ask for less depth",
    };

    if (walk->cut == WALK_WHOLE)
        return NULL;
    return arena_printf(call->arena, "cut off by %s after %zu nodes: %s", walk_cut_name(walk->cut),
                        walk->graph.node_count, hints[walk->cut]);
}

static void append_cut(const struct walk *walk, struct buffer *buffer)
{
    const char *name = walk_cut_name(walk->cut);

    buffer_append_text(buffer, ",\"cut_off\":");
    if (name)
        graph_json_text(name, buffer);
    else
        buffer_append_text(buffer, "null");
}

/* ---- closures -------------------------------------------------------------------------------- */

static void write_json(const char *direction, const struct walk *walk, graph_kinds kinds,
                       struct buffer *buffer)
{
    buffer_append_text(buffer, "{\"start\":");
    graph_json_text(walk->graph.nodes[0].ref, buffer);
    buffer_printf(buffer, ",\"direction\":\"%s\"", direction);
    append_cut(walk, buffer);
    buffer_append_char(buffer, ',');
    graph_json_members(&walk->graph, kinds, buffer);
    buffer_append_char(buffer, '}');
}

static int write_closure(const struct call *call, const struct lineage_ask *ask,
                         enum walk_direction direction, const struct walk *walk,
                         struct buffer *buffer)
{
    const char *note = cut_note(call, walk);
    bool upstream = direction == WALK_UPSTREAM;
    int r = 0;

    switch (ask->format) {
    case LINEAGE_JSON:
        write_json(upstream ? "upstream" : "downstream", walk, ask->kinds, buffer);
        break;
    case LINEAGE_DOT:
        graph_dot(&walk->graph, ask->kinds, NULL, note, buffer);
        break;
    case LINEAGE_TEXT:
        r = graph_tree(&walk->graph, upstream, ask->kinds, buffer);
        if (note)
            buffer_printf(buffer, "%s\n", note);
        break;
    }
    return r;
}

static int answer_closure(const struct call *call, enum walk_direction direction,
                          struct reply *reply)
{
    CLEANUP(walk_release) struct walk walk = {0};
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(LINEAGE_REPLY_MAX);
    struct lineage_ask ask;
    struct walk_query query;
    struct ref ref;
    int r;

    if (!lineage_reply_ask(call, &ask, reply) || !lineage_reply_ref(call, "ref", &ref, reply))
        return 0;
    query = query_of(call, &ask, direction);
    r = walk_closure(call->worker, &query, &ref, &walk);
    if (r == WALK_E_UNKNOWN)
        return lineage_reply_unknown(&ref, reply);
    if (!r)
        r = write_closure(call, &ask, direction, &walk, &buffer);
    return r ? r : lineage_reply_send(&ask, &buffer, reply);
}

int lineage_read_on_upstream(const struct call *call, struct reply *reply)
{
    return answer_closure(call, WALK_UPSTREAM, reply);
}

int lineage_read_on_downstream(const struct call *call, struct reply *reply)
{
    return answer_closure(call, WALK_DOWNSTREAM, reply);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static const char *const ways[] = {
    [WALK_UPSTREAM] = "upstream",
    [WALK_DOWNSTREAM] = "downstream",
    [WALK_RELATED] = "related",
};

static void write_path(const struct call *call, const struct lineage_ask *ask,
                       const struct walk *walk, enum walk_direction way, struct buffer *buffer)
{
    bool found = walk->graph.node_count > 0;
    const char *note = cut_note(call, walk);

    switch (ask->format) {
    case LINEAGE_JSON:
        buffer_printf(buffer, "{\"found\":%s,\"direction\":\"%s\"", found ? "true" : "false",
                      found ? ways[way] : "none");
        append_cut(walk, buffer);
        buffer_append_char(buffer, ',');
        graph_json_members(&walk->graph, GRAPH_KINDS_ALL, buffer);
        buffer_append_char(buffer, '}');
        break;
    case LINEAGE_DOT:
        graph_dot(&walk->graph, GRAPH_KINDS_ALL, NULL, note, buffer);
        break;
    case LINEAGE_TEXT:
        graph_tree_path(&walk->graph, buffer);
        if (!found)
            buffer_append_text(buffer, "no path between the two\n");
        if (note)
            buffer_printf(buffer, "%s\n", note);
        break;
    }
}

int lineage_read_on_path(const struct call *call, struct reply *reply)
{
    CLEANUP(walk_release) struct walk walk = {0};
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(LINEAGE_REPLY_MAX);
    enum walk_direction way = WALK_DOWNSTREAM;
    const struct ref *unknown = NULL;
    struct lineage_ask ask;
    struct walk_query query;
    struct ref from;
    struct ref to;
    int r;

    if (!lineage_reply_ask(call, &ask, reply) || !lineage_reply_ref(call, "from", &from, reply) ||
        !lineage_reply_ref(call, "to", &to, reply))
        return 0;
    query = query_of(call, &ask, WALK_UPSTREAM);
    r = walk_path(call->worker, &query, &from, &to, ask.directed, &walk, &way, &unknown);
    if (r == WALK_E_UNKNOWN)
        return lineage_reply_unknown(unknown, reply);
    if (r)
        return r;
    write_path(call, &ask, &walk, way, &buffer);
    return lineage_reply_send(&ask, &buffer, reply);
}

/* ---- differences ----------------------------------------------------------------------------- */

static void append_nodes(const char *name, const struct graph *graph, const uint32_t *nodes,
                         size_t count, graph_kinds kinds, struct buffer *buffer)
{
    const char *comma = "";

    buffer_printf(buffer, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        if (!graph_shows(kinds, graph->nodes[nodes[i]].kind))
            continue;
        buffer_append_text(buffer, comma);
        graph_json_node(&graph->nodes[nodes[i]], buffer);
        comma = ",";
    }
    buffer_append_char(buffer, ']');
}

static void write_diff_json(const struct walk_diff *diff, graph_kinds kinds, struct buffer *buffer)
{
    const struct graph *before = &diff->before.graph;
    const struct graph *after = &diff->after.graph;
    const char *comma = "";

    buffer_append_text(buffer, "{\"from\":");
    graph_json_text(before->nodes[0].ref, buffer);
    buffer_append_text(buffer, ",\"to\":");
    graph_json_text(after->nodes[0].ref, buffer);
    append_cut(diff->before.cut ? &diff->before : &diff->after, buffer);
    buffer_printf(buffer, ",\"common\":%zu,\"changed\":[", diff->common_count);
    for (size_t i = 0; i < diff->changed_count; i++) {
        if (!graph_shows(kinds, after->nodes[diff->changed[i].after].kind))
            continue;
        buffer_printf(buffer, "%s{\"from\":", comma);
        graph_json_node(&before->nodes[diff->changed[i].before], buffer);
        buffer_append_text(buffer, ",\"to\":");
        graph_json_node(&after->nodes[diff->changed[i].after], buffer);
        buffer_append_char(buffer, '}');
        comma = ",";
    }
    buffer_append_char(buffer, ']');
    append_nodes("removed", before, diff->removed, diff->removed_count, kinds, buffer);
    append_nodes("added", after, diff->added, diff->added_count, kinds, buffer);
    buffer_append_char(buffer, '}');
}

static void print_nodes(const char *mark, const struct graph *graph, const uint32_t *nodes,
                        size_t count, graph_kinds kinds, struct buffer *buffer)
{
    for (size_t i = 0; i < count; i++) {
        if (!graph_shows(kinds, graph->nodes[nodes[i]].kind))
            continue;
        buffer_append_text(buffer, mark);
        graph_tree_node(&graph->nodes[nodes[i]], buffer);
        buffer_append_char(buffer, '\n');
    }
}

static void write_diff_text(const struct call *call, const struct walk_diff *diff,
                            graph_kinds kinds, struct buffer *buffer)
{
    const char *note = cut_note(call, diff->before.cut ? &diff->before : &diff->after);

    buffer_printf(buffer, "--- %s\n+++ %s\n", diff->before.graph.nodes[0].ref,
                  diff->after.graph.nodes[0].ref);
    for (size_t i = 0; i < diff->changed_count; i++) {
        const struct walk_change *change = &diff->changed[i];

        print_nodes("~ ", &diff->before.graph, &change->before, 1, kinds, buffer);
        print_nodes("  -> ", &diff->after.graph, &change->after, 1, kinds, buffer);
    }
    print_nodes("- ", &diff->before.graph, diff->removed, diff->removed_count, kinds, buffer);
    print_nodes("+ ", &diff->after.graph, diff->added, diff->added_count, kinds, buffer);
    buffer_printf(buffer, "%zu in common\n", diff->common_count);
    if (note)
        buffer_printf(buffer, "%s\n", note);
}

/* Both ancestries as one graph: what is gone is red, what is new is green. */
static int write_diff_dot(const struct call *call, const struct walk_diff *diff, graph_kinds kinds,
                          struct buffer *buffer)
{
    CLEANUP(graph_release) struct graph both = {0};
    const char **colours;
    int r;

    r = walk_diff_join(diff, &both);
    if (r)
        return r;
    colours = arena_array(call->arena, both.node_count, sizeof(*colours));
    for (size_t i = 0; i < both.node_count; i++) {
        bool was = graph_find(&diff->before.graph, both.nodes[i].id) != GRAPH_NONE;
        bool is = graph_find(&diff->after.graph, both.nodes[i].id) != GRAPH_NONE;

        colours[i] = was && is ? NULL : was ? "red" : "green";
    }
    graph_dot(&both, kinds, colours,
              cut_note(call, diff->before.cut ? &diff->before : &diff->after), buffer);
    return 0;
}

int lineage_read_on_diff(const struct call *call, struct reply *reply)
{
    CLEANUP(walk_diff_release) struct walk_diff diff = {0};
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(LINEAGE_REPLY_MAX);
    const struct ref *unknown = NULL;
    struct lineage_ask ask;
    struct walk_query query;
    struct ref from;
    struct ref to;
    int r;

    if (!lineage_reply_ask(call, &ask, reply) || !lineage_reply_ref(call, "from", &from, reply) ||
        !lineage_reply_ref(call, "to", &to, reply))
        return 0;
    query = query_of(call, &ask, WALK_UPSTREAM);
    r = walk_diff(call->worker, &query, &from, &to, &diff, &unknown);
    if (r == WALK_E_UNKNOWN)
        return lineage_reply_unknown(unknown, reply);
    if (r)
        return r;
    if (ask.format == LINEAGE_JSON)
        write_diff_json(&diff, ask.kinds, &buffer);
    else if (ask.format == LINEAGE_TEXT)
        write_diff_text(call, &diff, ask.kinds, &buffer);
    else
        r = write_diff_dot(call, &diff, ask.kinds, &buffer);
    return r ? r : lineage_reply_send(&ask, &buffer, reply);
}
