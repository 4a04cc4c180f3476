/* SPDX-License-Identifier: Apache-2.0 */
#include "api/search.h"

#include "api/encode.h"
#include "base/log.h"
#include "core/registry/search.h"
#include "http/page.h"
#include "http/problems.h"

#include <string.h>

static const struct problem invalid_query = {"invalid-query", 400, "Invalid query"};

static json_t *encode_version(const struct q_search_show_version *version)
{
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "model", version->model, "version",
        version->version, "state", version->state, "created_at", encode_time(version->created_ms),
        "created_by", version->created_by, "published_at", encode_time(version->published_ms),
        "tags", encode_stored(version->tags_json), "metrics", encode_stored(version->metrics_json),
        "variants", encode_stored(version->variants_json), "aliases",
        encode_stored(version->aliases_json));
}

static json_t *encode_model(const struct q_search_show_model *model)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "name", model->name, "state",
                     model->archived ? "archived" : "active", "description", model->description,
                     "created_at", encode_time(model->created_ms), "created_by", model->created_by,
                     "tags", encode_stored(model->tags_json), "aliases",
                     encode_stored(model->aliases_json));
}

static int refuse(int outcome, const struct query_error *error, struct reply *reply)
{
    const char *where = outcome == SEARCH_E_ORDER ? "order_by" : "q";

    switch (outcome) {
    case SEARCH_E_QUERY:
    case SEARCH_E_ORDER:
        reply_problem(reply, &invalid_query, "%s, column %zu: %s", where, error->column,
                      error->text);
        reply_problem_member(reply, "in", json_string(where));
        reply_problem_member(reply, "column", json_integer((json_int_t)error->column));
        return 0;
    case SEARCH_E_CURSOR:
        reply_problem(reply, &problems_invalid_field,
                      "after: not a cursor of this search; use 'next' of the page before, with the "
                      "same q, of and order_by");
        return 0;
    default:
        return outcome < 0 ? outcome
                           : log_fail(ERR_INTERNAL, "unexpected outcome %d of a search", outcome);
    }
}

int search_on_get(const struct call *call, struct reply *reply)
{
    const char *of = request_query(call->request, "of");
    struct search_ask ask = {
        .workspace_id = call->principal->workspace_id,
        .query = request_query(call->request, "q"),
        .order = request_query(call->request, "order_by"),
    };
    struct query_error error = {0};
    struct search_page found;
    struct page page;
    int r;

    if (of && strcmp(of, "versions") != 0 && strcmp(of, "models") != 0) {
        reply_problem(reply, &problems_invalid_field, "of: versions or models expected");
        return 0;
    }
    r = page_parse(call, &page, reply);
    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    ask.of = of && strcmp(of, "models") == 0 ? QUERY_MODELS : QUERY_VERSIONS;
    ask.after = page.after;
    ask.limit = page.limit;
    r = search_run(call->worker, &ask, call->arena, &found, &error);
    if (r)
        return refuse(r, &error, reply);
    json_t *items = json_array();
    for (size_t i = 0; i < found.count; i++)
        (void)json_array_append_new(items, ask.of == QUERY_MODELS
                                               ? encode_model(&found.models[i])
                                               : encode_version(&found.versions[i]));
    page_reply(reply, items, found.next);
    return 0;
}
