/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/graph_json.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

void graph_json_text(const char *text, struct buffer *buffer)
{
    buffer_append_char(buffer, '"');
    while (*text) {
        size_t plain = 0;

        while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\')
            plain++;
        buffer_append(buffer, text, plain);
        text += plain;
        if (!*text)
            break;
        if (*text == '"' || *text == '\\')
            buffer_printf(buffer, "\\%c", *text);
        else
            buffer_printf(buffer, "\\u%04x", (unsigned char)*text);
        text++;
    }
    buffer_append_char(buffer, '"');
}

static void append_member(const char *name, const char *text, struct buffer *buffer)
{
    buffer_append_text(buffer, ",\"");
    buffer_append_text(buffer, name);
    buffer_append_text(buffer, "\":");
    graph_json_text(text, buffer);
}

static void append_time(const char *name, int64_t ms, struct buffer *buffer)
{
    char text[CLOCK_RFC3339_SIZE];

    clock_format_rfc3339(ms, text);
    append_member(name, text, buffer);
}

void graph_json_node(const struct graph_node *node, struct buffer *buffer)
{
    const struct graph_run *run = node->run;

    buffer_append_text(buffer, "{\"ref\":");
    graph_json_text(node->ref, buffer);
    buffer_append_text(buffer, ",\"kind\":\"");
    buffer_append_text(buffer, ref_kind_name(node->kind));
    buffer_append_text(buffer, "\",\"depth\":");
    buffer_append_u64(buffer, node->depth);
    if (node->label)
        append_member("label", node->label, buffer);
    if (run) {
        append_member("job", run->job, buffer);
        append_member("state", run->state, buffer);
        append_time("started_at", run->started_ms ? run->started_ms : run->first_ms, buffer);
        if (run->ended)
            append_time("ended_at", run->state_ms, buffer);
    }
    buffer_append_char(buffer, '}');
}

/* Places of the shown nodes; GRAPH_NONE for the others. NULL where memory ends. */
static uint32_t *number(const struct graph *graph, graph_kinds kinds)
{
    uint32_t *places = calloc(graph->node_count + 1, sizeof(*places));
    uint32_t next = 0;

    for (size_t i = 0; places && i < graph->node_count; i++)
        places[i] = graph_shows(kinds, graph->nodes[i].kind) ? next++ : GRAPH_NONE;
    return places;
}

static void append_edge(const char *comma, uint32_t from, uint32_t to, enum claims_edge_kind kind,
                        struct buffer *buffer)
{
    buffer_append_text(buffer, comma);
    buffer_append_text(buffer, "{\"from\":");
    buffer_append_u64(buffer, from);
    buffer_append_text(buffer, ",\"to\":");
    buffer_append_u64(buffer, to);
    buffer_append_text(buffer, ",\"kind\":\"");
    buffer_append_text(buffer, claims_edge_name(kind));
    buffer_append_text(buffer, "\"}");
}

void graph_json_members(const struct graph *graph, graph_kinds kinds, struct buffer *buffer)
{
    AUTO_FREE uint32_t *places = number(graph, kinds);
    const char *comma = "";

    buffer->failed = buffer->failed || !places;
    if (buffer->failed)
        return;
    buffer_append_text(buffer, "\"nodes\":[");
    for (size_t i = 0; i < graph->node_count; i++) {
        if (places[i] == GRAPH_NONE)
            continue;
        buffer_append_text(buffer, comma);
        graph_json_node(&graph->nodes[i], buffer);
        comma = ",";
    }
    buffer_append_text(buffer, "],\"edges\":[");
    comma = "";
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];

        if (places[edge->source] == GRAPH_NONE || places[edge->target] == GRAPH_NONE)
            continue;
        append_edge(comma, places[edge->source], places[edge->target], edge->kind, buffer);
        comma = ",";
    }
    buffer_append_char(buffer, ']');
}
