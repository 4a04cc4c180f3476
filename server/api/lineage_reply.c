/* SPDX-License-Identifier: Apache-2.0 */
#include "api/lineage_reply.h"

#include "base/cleanup.h"
#include "core/lineage/walk.h"
#include "http/problems.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct problem unknown_node = {"unknown-node", 404, "Unknown node"};

static const struct {
    const char *name;
    const char *content_type;
} formats[] = {
    [LINEAGE_JSON] = {"json", "application/json"         },
    [LINEAGE_DOT] = {"dot",  "text/vnd.graphviz"        },
    [LINEAGE_TEXT] = {"text", "text/plain; charset=utf-8"},
};

static bool refuse(struct reply *reply, const char *argument, const char *expected)
{
    reply_problem(reply, &problems_invalid_field, "%s: %s expected", argument, expected);
    return false;
}

static bool read_format(const struct call *call, enum lineage_format *ret_format,
                        struct reply *reply)
{
    const char *text = request_query(call->request, "format");

    *ret_format = LINEAGE_JSON;
    if (!text)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (strcmp(formats[i].name, text) != 0)
            continue;
        *ret_format = (enum lineage_format)i;
        return true;
    }
    return refuse(reply, "format", "json, dot or text");
}

static bool read_number(const struct call *call, const char *argument, long long max,
                        long long fallback, long long *ret_number, struct reply *reply)
{
    const char *text = request_query(call->request, argument);
    char *end;

    *ret_number = fallback;
    if (!text)
        return true;
    errno = 0;
    *ret_number = strtoll(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *ret_number >= 1 && *ret_number <= max)
        return true;
    reply_problem(reply, &problems_invalid_field, "%s: a number from 1 to %lld expected", argument,
                  max);
    return false;
}

static bool read_bool(const struct call *call, const char *argument, bool *ret_value,
                      struct reply *reply)
{
    const char *text = request_query(call->request, argument);

    *ret_value = text && strcmp(text, "true") == 0;
    if (!text || *ret_value || strcmp(text, "false") == 0)
        return true;
    return refuse(reply, argument, "true or false");
}

static bool read_kinds(const struct call *call, graph_kinds *ret_kinds, struct reply *reply)
{
    const char *text = request_query(call->request, "kinds");
    graph_kinds kinds = 0;
    char *rest;

    *ret_kinds = GRAPH_KINDS_ALL;
    if (!text)
        return true;
    rest = arena_strdup(call->arena, text);
    for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ",")) {
        enum ref_kind kind;

        if (!ref_kind_parse(word, &kind))
            return refuse(reply, "kinds",
                          "a list of dataset, dataset-version, code, job, run, version, variant, "
                          "artifact, deployment, device");
        kinds |= 1U << kind;
    }
    *ret_kinds = kinds;
    return true;
}

bool lineage_reply_ask(const struct call *call, struct lineage_ask *ret_ask, struct reply *reply)
{
    struct lineage_ask ask;
    long long depth;
    long long limit;

    if (!read_format(call, &ask.format, reply) ||
        !read_number(call, "depth", WALK_DEPTH_MAX, 0, &depth, reply) ||
        !read_number(call, "limit", WALK_NODES_MAX, WALK_NODES_DEFAULT, &limit, reply) ||
        !read_bool(call, "declared", &ask.declared, reply) ||
        !read_bool(call, "directed", &ask.directed, reply) || !read_kinds(call, &ask.kinds, reply))
        return false;
    ask.depth = (uint32_t)depth;
    ask.limit = (size_t)limit;
    *ret_ask = ask;
    return true;
}

bool lineage_reply_ref(const struct call *call, const char *argument, struct ref *ret_ref,
                       struct reply *reply)
{
    const char *text = request_query(call->request, argument);
    const char *why;

    if (!text) {
        reply_problem(reply, &problems_invalid_field,
                      "%s: missing; name a node, such as digits@1.0.0 or dataset:faces@3",
                      argument);
        return false;
    }
    if (ref_parse(text, call->arena, ret_ref, &why) == 0)
        return true;
    reply_problem(reply, &problems_invalid_field, "%s: '%.200s' names no node: %s", argument, text,
                  why);
    return false;
}

int lineage_reply_unknown(const struct ref *ref, struct reply *reply)
{
    reply_problem(reply, &unknown_node,
                  "nothing is known of '%.400s' in this workspace; names are exact, with namespace "
                  "and version",
                  ref->text);
    return 0;
}

int lineage_reply_send(const struct lineage_ask *ask, const struct buffer *buffer,
                       struct reply *reply)
{
    if (buffer->failed)
        reply_problem(reply, &problems_too_large,
                      "the answer would be larger than %zu bytes; ask with a lower limit",
                      LINEAGE_REPLY_MAX);
    else
        reply_bytes(reply, 200, formats[ask->format].content_type, buffer->bytes, buffer->size);
    return 0;
}
