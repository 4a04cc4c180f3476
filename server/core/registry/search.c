/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/search.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/registry/search_find.h"
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
    query_print(plan->query, &buffer);
    buffer_append_char(&buffer, '\n');
    query_print_order(&plan->order, &buffer);
    if (buffer.failed)
        return log_fail(ERR_NO_MEMORY, "cannot read a search: out of memory");
    digest_sha256(buffer.bytes, buffer.size, digest);
    text_hex(digest, sizeof(plan->mark) / 2, plan->mark);
    return 0;
}

/* A decimal number up to the stop. */
static bool read_i64(const char *text, char stop, int64_t *ret_value, const char **ret_end)
{
    char *end;

    errno = 0;
    *ret_value = strtoll(text, &end, 10);
    *ret_end = end;
    return !errno && end != text && strchr("-0123456789", *text) && *end == stop;
}

static bool read_key(const struct search_plan *plan, const char *text, struct q_search_key *ret_key)
{
    const char *stop;
    char *end;

    ret_key->is = true;
    switch (plan->kind) {
    case Q_SEARCH_NUMBER:
        ret_key->number = strtod(text, &end);
        return *text && strchr("-0123456789", *text) && isfinite(ret_key->number) && !*end &&
               !strpbrk(text, "xXpP");
    case Q_SEARCH_TIME:
        return read_i64(text, '\0', &ret_key->time_us, &stop);
    default:
        ret_key->text = text;
        return true;
    }
}

static bool read_cursor(const char *cursor, struct search_plan *plan)
{
    size_t length = strlen(plan->mark);
    const char *key;

    if (strncmp(cursor, plan->mark, length) != 0 || cursor[length] != ':' ||
        !read_i64(cursor + length + 1, ':', &plan->behind.id, &key) || plan->behind.id < 1)
        return false;
    key++;
    if (!*key)
        return true;
    return *key == '=' && !plan->order.by_age && read_key(plan, key + 1, &plan->behind.key);
}

const char *search_cursor(const struct search_plan *plan, const struct q_search_hit *hit,
                          struct arena *arena)
{
    const char *key = "";

    if (hit->key.is && plan->kind == Q_SEARCH_NUMBER)
        key = arena_printf(arena, "=%.17g", hit->key.number);
    else if (hit->key.is && plan->kind == Q_SEARCH_TIME)
        key = arena_printf(arena, "=%" PRId64, hit->key.time_us);
    else if (hit->key.is)
        key = arena_printf(arena, "=%s", hit->key.text);
    return arena_printf(arena, "%s:%" PRId64 ":%s", plan->mark, hit->id, key);
}

/* ---- searching ---------------------------------------------------------------------------- */

int search_plan(const struct search_ask *ask, struct arena *arena, struct search_plan *ret_plan,
                struct query_error *ret_error)
{
    int r;

    *ret_plan = (struct search_plan){0};
    if (query_parse(ask->of, ask->query ? ask->query : "", arena, &ret_plan->query, ret_error))
        return SEARCH_E_QUERY;
    if (query_parse_order(ask->of, ask->order ? ask->order : "", arena, &ret_plan->order,
                          ret_error))
        return SEARCH_E_ORDER;
    if (!ret_plan->order.by_age)
        ret_plan->kind = q_search_source(ask->of, &ret_plan->order.ref, true)->kind;
    r = make_mark(ask, ret_plan);
    if (r)
        return r;
    return ask->after && !read_cursor(ask->after, ret_plan) ? SEARCH_E_CURSOR : 0;
}

struct page_ask {
    const struct search_ask *ask;
    const struct search_plan *plan;
    struct arena *arena;
    struct search_page page;
};

static int show(struct db *db, struct page_ask *page, const struct q_search_hit *hits, size_t count)
{
    int64_t *ids = arena_array(page->arena, count, sizeof(*ids));

    for (size_t i = 0; i < count; i++)
        ids[i] = hits[i].id;
    return page->ask->of == QUERY_MODELS
               ? q_search_show_models(db, ids, count, page->arena, &page->page.models,
                                      &page->page.count)
               : q_search_show_versions(db, ids, count, page->arena, &page->page.versions,
                                        &page->page.count);
}

static int fill_page(struct db *db, void *arg)
{
    struct page_ask *page = arg;
    const struct search_ask *ask = page->ask;
    const struct search_plan *plan = page->plan;
    struct search_find find = {
        .scope = {db, ask->workspace_id, ask->of},
        .query = plan->query,
        .order = &plan->order,
        .behind = plan->behind.id ? &plan->behind : NULL,
        .limit = (size_t)ask->limit + 1,
    };
    struct q_search_hit *hits;
    size_t count;
    int r;

    page->page = (struct search_page){0};
    r = q_search_settle(db);
    if (!r)
        r = search_find(&find, page->arena, &hits, &count);
    if (r)
        return r;
    if (count > (size_t)ask->limit) {
        count = (size_t)ask->limit;
        page->page.next = search_cursor(plan, &hits[count - 1], page->arena);
    }
    return show(db, page, hits, count);
}

int search_run(struct db *db, const struct search_ask *ask, struct arena *arena,
               struct search_page *ret_page, struct query_error *ret_error)
{
    struct search_plan plan;
    struct page_ask page = {.ask = ask, .plan = &plan, .arena = arena};
    int r;

    r = search_plan(ask, arena, &plan, ret_error);
    if (!r)
        r = tx_run(db, fill_page, &page);
    if (!r)
        *ret_page = page.page;
    return r;
}
