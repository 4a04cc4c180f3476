/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/search.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "crypto/text.h"
#include "query/query_print.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cursors: "MARK:ID:" and, where it has one, "=" and its key ----------------------------- */

static int make_mark(const struct search_ask *ask, struct search_plan *plan)
{
    CLEANUP(buffer_release) struct buffer buffer = BUFFER((size_t)1 << 20);
    uint8_t digest[DIGEST_SHA256_SIZE];

    buffer_printf(&buffer, "%d\n", (int)ask->of);
    query_print(plan->search.query, &buffer);
    buffer_append_char(&buffer, '\n');
    query_print_order(&plan->order, &buffer);
    if (buffer.failed)
        return log_fail(ERR_NO_MEMORY, "cannot read a search: out of memory");
    digest_sha256(buffer.bytes, buffer.size, digest);
    text_hex(digest, sizeof(plan->mark) / 2, plan->mark);
    return 0;
}

/* A key goes into SQL as a text that is cast: it must be what the field has. */
static bool is_key(const struct search_plan *plan, const char *key)
{
    int64_t ms;
    char *end;

    if (plan->order.by_age)
        return false;
    switch (q_search_source(plan->search.of, &plan->order.ref, true)->kind) {
    case Q_SEARCH_NUMBER:
        if (!strchr("-0123456789", *key))
            return false;
        return isfinite(strtod(key, &end)) && end != key && !*end && !strpbrk(key, "xXpP");
    case Q_SEARCH_TIME:
        return strlen(key) < 40 && clock_parse_rfc3339(key, &ms);
    default:
        return true;
    }
}

static bool read_cursor(const char *cursor, struct search_plan *plan)
{
    size_t length = strlen(plan->mark);
    const char *key;
    char *end;

    if (strncmp(cursor, plan->mark, length) != 0 || cursor[length] != ':')
        return false;
    cursor += length + 1;
    errno = 0;
    plan->search.after.id = strtoll(cursor, &end, 10);
    if (errno || *cursor < '0' || *cursor > '9' || plan->search.after.id < 1 || *end != ':')
        return false;
    key = end + 1;
    if (!*key)
        return true;
    plan->search.after.key = key + 1;
    return *key == '=' && is_key(plan, key + 1);
}

const char *search_cursor(const struct search_plan *plan, const struct q_search_hit *hit,
                          struct arena *arena)
{
    return arena_printf(arena, "%s:%" PRId64 ":%s%s", plan->mark, hit->id, hit->key ? "=" : "",
                        hit->key ? hit->key : "");
}

/* ---- searching ---------------------------------------------------------------------------- */

int search_plan(const struct search_ask *ask, struct arena *arena, struct search_plan *ret_plan,
                struct query_error *ret_error)
{
    struct query_node *query = NULL;
    int r;

    *ret_plan = (struct search_plan){0};
    if (query_parse(ask->of, ask->query ? ask->query : "", arena, &query, ret_error))
        return SEARCH_E_QUERY;
    if (query_parse_order(ask->of, ask->order ? ask->order : "", arena, &ret_plan->order,
                          ret_error))
        return SEARCH_E_ORDER;
    ret_plan->search = (struct q_search){
        .workspace_id = ask->workspace_id,
        .of = ask->of,
        .query = query,
        .order = &ret_plan->order,
        .limit = ask->limit + 1,
    };
    r = make_mark(ask, ret_plan);
    if (r)
        return r;
    return ask->after && !read_cursor(ask->after, ret_plan) ? SEARCH_E_CURSOR : 0;
}

int search_run(struct db *db, const struct search_ask *ask, struct arena *arena,
               struct search_page *ret_page, struct query_error *ret_error)
{
    struct search_page page = {0};
    struct search_plan plan;
    struct q_search_hit *hits;
    size_t count;
    int r;

    r = search_plan(ask, arena, &plan, ret_error);
    if (!r)
        r = q_search_find(db, &plan.search, arena, &hits, &count);
    if (r)
        return r;
    if (count > (size_t)ask->limit) {
        count = (size_t)ask->limit;
        page.next = search_cursor(&plan, &hits[count - 1], arena);
    }
    r = ask->of == QUERY_MODELS
            ? q_search_models(db, hits, count, arena, &page.models, &page.count)
            : q_search_versions(db, hits, count, arena, &page.versions, &page.count);
    if (!r)
        *ret_page = page;
    return r;
}
