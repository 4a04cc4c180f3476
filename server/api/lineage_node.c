/* SPDX-License-Identifier: Apache-2.0 */
#include "api/lineage_node.h"

#include "api/lineage_reply.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/lineage/walk.h"
#include "crypto/text.h"
#include "db/q_facet.h"
#include "http/problems.h"
#include "lineage/pick.h"

#include <string.h>

#define FACETS_MAX 500
#define EVENTS_MAX 100

static void append_time(const char *name, int64_t ms, struct buffer *buffer)
{
    char text[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(ms, text);
    buffer_printf(buffer, ",\"%s\":\"%s\"", name, text);
}

/* One facet; its text is copied from the event as it stands there. */
static int append_facet(const struct db_rows *rows, int row, const char *body,
                        struct buffer *buffer)
{
    static const char *const scopes[] = {"", "own", "input", "output"};
    const char *of = db_text(rows, row, 3);
    const char *part;
    size_t size;

    if (!pick_part(body, strlen(body), db_text(rows, row, 1), &part, &size))
        return log_fail(ERR_INTERNAL, "a facet is not where it was in its event");
    buffer_append_text(buffer, "{\"name\":");
    graph_json_text(db_text(rows, row, 4), buffer);
    buffer_printf(buffer, ",\"scope\":\"%s\"", scopes[db_i64(rows, row, 2)]);
    if (of) {
        buffer_append_text(buffer, ",\"of\":");
        graph_json_text(of, buffer);
    }
    append_time("at", db_i64(rows, row, 5), buffer);
    buffer_printf(buffer, ",\"event\":\"%s\",\"facet\":", db_text(rows, row, 6));
    buffer_append(buffer, part, size);
    buffer_append_char(buffer, '}');
    return 0;
}

/* Facets come in the order of their events, so that one event at a time is in memory. */
static int append_facets(struct db *db, int64_t node_id, struct buffer *buffer)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    CLEANUP(arena_release) struct arena arena = {0};
    const char *body = NULL;
    int64_t event_id = 0;
    int r;

    r = q_facet_list(db, node_id, FACETS_MAX + 1, &rows);
    buffer_append_text(buffer, ",\"facets\":[");
    for (int i = 0; r == 0 && i < rows.count && i < FACETS_MAX; i++) {
        if (db_i64(&rows, i, 0) != event_id) {
            arena_release(&arena);
            event_id = db_i64(&rows, i, 0);
            r = q_facet_event(db, event_id, &arena, &body);
            if (r)
                return r > 0 ? log_fail(ERR_INTERNAL, "the event of a facet is gone") : r;
        }
        buffer_append_text(buffer, i ? "," : "");
        r = append_facet(&rows, i, body, buffer);
    }
    buffer_printf(buffer, "],\"more_facets\":%s", rows.count > FACETS_MAX ? "true" : "false");
    return r;
}

static int append_events(struct db *db, int64_t node_id, struct buffer *buffer)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = q_facet_events(db, node_id, EVENTS_MAX, &rows);
    if (r)
        return r;
    buffer_append_text(buffer, ",\"events\":[");
    for (int i = 0; i < rows.count; i++) {
        buffer_printf(buffer, "%s{\"sha256\":\"%s\",\"type\":\"%s\"", i ? "," : "",
                      db_text(&rows, i, 0), db_text(&rows, i, 1));
        append_time("at", db_i64(&rows, i, 2), buffer);
        append_time("received_at", db_i64(&rows, i, 3), buffer);
        buffer_append_text(buffer, ",\"received_by\":");
        graph_json_text(db_text(&rows, i, 4), buffer);
        buffer_append_char(buffer, '}');
    }
    buffer_append_char(buffer, ']');
    return 0;
}

int lineage_node_on_get(const struct call *call, struct reply *reply)
{
    CLEANUP(graph_release) struct graph graph = {0};
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(LINEAGE_REPLY_MAX);
    const struct lineage_ask ask = {.format = LINEAGE_JSON};
    const struct graph_node *node;
    struct ref ref;
    int r;

    if (!lineage_reply_ref(call, "ref", &ref, reply))
        return 0;
    r = walk_node(call->worker, call->principal->workspace_id, &ref, &graph);
    if (r)
        return r == WALK_E_UNKNOWN ? lineage_reply_unknown(&ref, reply) : r;
    node = &graph.nodes[0];
    graph_json_node(node, &buffer);
    buffer.size--; /* the object goes on */
    if (graph_is_rim(node->id)) {
        buffer_append_text(&buffer, ",\"facets\":[],\"more_facets\":false}");
        return lineage_reply_send(&ask, &buffer, reply);
    }
    r = append_facets(call->worker, node->id, &buffer);
    if (!r && node->kind == REF_RUN)
        r = append_events(call->worker, node->id, &buffer);
    if (r)
        return r;
    buffer_append_char(&buffer, '}');
    return lineage_reply_send(&ask, &buffer, reply);
}

int lineage_node_on_event(const struct call *call, struct reply *reply)
{
    const char *name = request_param(call->request, "sha256");
    uint8_t sha256[DIGEST_SHA256_SIZE];
    const char *body;
    int r = Q_FACET_E_MISSING;

    if (strlen(name) == 2 * sizeof(sha256) && text_unhex(name, sha256, sizeof(sha256)))
        r = q_facet_event_by_digest(call->worker, call->principal->workspace_id, sha256,
                                    call->arena, &body);
    if (r == Q_FACET_E_MISSING) {
        reply_problem(reply, &problems_not_found, "no event has the digest '%s'", name);
        return 0;
    }
    if (r)
        return r;
    reply_bytes(reply, 200, "application/json", body, strlen(body));
    return 0;
}
