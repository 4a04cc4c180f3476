/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/search_find.h"

#include "base/cleanup.h"
#include "core/registry/search_terms.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_MIN 512
#define WINDOW_MAX 16384
#define CHUNK_MAX 4096 /* candidates that one statement is asked of */
/* Reading the key of one id costs as much as so many of a walk. */
#define WALK_A_KEY 20
/* Of SEARCH_TERMS_MANY keys, each a tag of the greatest size. */
#define KEYS_CEILING ((size_t)256 << 20)

struct finder {
    const struct search_find *find;
    struct search_terms terms;
    struct q_search_order order; /* where it is not by age */
    struct arena *arena;         /* of the hits */
    struct q_search_hit *hits;
    size_t count;
};

static void finder_release(struct finder *finder)
{
    search_terms_release(&finder->terms);
}

/* ---- candidates --------------------------------------------------------------------------- */

static bool is_full(const struct finder *finder)
{
    return finder->count == finder->find->limit;
}

/* in_use gets those of a chunk that are not archived, or the query says more of it. */
static int read_in_use(struct finder *finder, const int64_t *ids, size_t count,
                       struct arena *scratch, struct ids *in_use)
{
    int64_t *some;
    size_t some_count;
    int r;

    *in_use = (struct ids){.others = true};
    if (finder->terms.says_state)
        return 0;
    r = q_search_in_use(&finder->find->scope, ids, count, scratch, &some, &some_count);
    if (!r)
        *in_use = ids_of(some, some_count);
    return r;
}

static int take_chunk(struct finder *finder, const struct q_search_hit *hits, size_t count)
{
    CLEANUP(arena_release) struct arena scratch = {0};
    int64_t *ids = arena_array(&scratch, count, sizeof(*ids));
    struct ids in_use;
    int r;

    for (size_t i = 0; i < count; i++)
        ids[i] = hits[i].id;
    r = search_terms_test(&finder->terms, ids, count, &scratch);
    if (!r)
        r = read_in_use(finder, ids, count, &scratch, &in_use);
    for (size_t i = 0; r == 0 && i < count && !is_full(finder); i++) {
        if (!ids_has(&in_use, ids[i]) || !search_terms_hold(&finder->terms, ids[i]))
            continue;
        finder->hits[finder->count] = hits[i];
        finder->hits[finder->count++].key.text = arena_strdup(finder->arena, hits[i].key.text);
    }
    return r;
}

/* Takes candidates, in their order, until the page is full. */
static int take(struct finder *finder, struct q_search_hit *hits, size_t count)
{
    size_t chunk = 2 * finder->find->limit;
    size_t kept = 0;
    int r = 0;

    for (size_t i = 0; i < count; i++) {
        if (ids_has(&finder->terms.within, hits[i].id))
            hits[kept++] = hits[i];
    }
    for (size_t done = 0; r == 0 && done < kept && !is_full(finder); done += chunk) {
        if (done > 0)
            chunk = 2 * chunk < CHUNK_MAX ? 2 * chunk : CHUNK_MAX;
        r = take_chunk(finder, hits + done, kept - done < chunk ? kept - done : chunk);
    }
    return r;
}

/* ---- by age ------------------------------------------------------------------------------- */

/* Leaves out what has a key, where it is sorted by one. */
static int drop_keyed(struct finder *finder, struct q_search_hit *hits, size_t *count)
{
    CLEANUP(arena_release) struct arena scratch = {0};
    int64_t *ids = arena_array(&scratch, *count, sizeof(*ids));
    struct q_search_hit *keyed;
    struct ids have;
    size_t keyed_count;
    size_t kept = 0;
    int r;

    if (finder->find->order->by_age || *count == 0)
        return 0;
    for (size_t i = 0; i < *count; i++)
        ids[i] = hits[i].id;
    r = q_search_keys(&finder->find->scope, &finder->order, ids, *count, &scratch, &keyed,
                      &keyed_count);
    if (r)
        return r;
    for (size_t i = 0; i < keyed_count; i++)
        ids[i] = keyed[i].id;
    have = ids_of(ids, keyed_count);
    for (size_t i = 0; i < *count; i++) {
        if (!ids_has(&have, hits[i].id))
            hits[kept++] = hits[i];
    }
    *count = kept;
    return 0;
}

/* The next ids of `within`, of which there is an end. */
static void next_within(const struct finder *finder, bool descending, int64_t behind, size_t window,
                        struct q_search_hit *hits, size_t *ret_count)
{
    const struct ids *within = &finder->terms.within;
    size_t at = ids_place(within, descending ? behind : behind + 1);
    size_t count = 0;

    while (count < window && (descending ? at > 0 : at < within->count))
        hits[count++] = (struct q_search_hit){.id = within->ids[descending ? --at : at++]};
    *ret_count = count;
}

static int walk_by_age(struct finder *finder, bool descending, int64_t behind)
{
    size_t window = WINDOW_MIN;
    int r = 0;

    while (!is_full(finder)) {
        CLEANUP(arena_release) struct arena scratch = {0};
        struct q_search_hit *hits;
        size_t count;
        size_t left;

        if (finder->terms.within.others) {
            r = q_search_by_age(&finder->find->scope, descending, behind, (int64_t)window, &scratch,
                                &hits, &count);
        } else {
            hits = arena_array(&scratch, window, sizeof(*hits));
            next_within(finder, descending, behind, window, hits, &count);
        }
        if (r || count == 0)
            return r;
        behind = hits[count - 1].id;
        left = count;
        r = drop_keyed(finder, hits, &left);
        if (!r)
            r = take(finder, hits, left);
        if (r || count < window)
            return r;
        window = 2 * window < WINDOW_MAX ? 2 * window : WINDOW_MAX;
    }
    return r;
}

/* ---- by a key ----------------------------------------------------------------------------- */

static int compare_hits(const struct q_search_hit *a, const struct q_search_hit *b,
                        enum q_search_kind kind)
{
    int order;

    if (kind == Q_SEARCH_NUMBER)
        order = (a->key.number > b->key.number) - (a->key.number < b->key.number);
    else if (kind == Q_SEARCH_TIME)
        order = (a->key.time_us > b->key.time_us) - (a->key.time_us < b->key.time_us);
    else
        order = strcmp(a->key.text, b->key.text);
    return order ? order : (a->id > b->id) - (a->id < b->id);
}

static int compare(const void *a, const void *b, void *finder_)
{
    const struct finder *finder = finder_;
    int order = compare_hits(a, b, finder->order.source->kind);

    return finder->order.descending ? -order : order;
}

/* Those of `within`, of which there is an end, that have a key: read whole and then sorted. */
static int sort_within(struct finder *finder)
{
    const struct q_search_hit *behind = finder->find->behind;
    CLEANUP(arena_release) struct arena scratch = {.ceiling_bytes = KEYS_CEILING};
    struct q_search_hit *hits;
    size_t count;
    size_t first = 0;
    int r;

    r = q_search_keys(&finder->find->scope, &finder->order, finder->terms.within.ids,
                      finder->terms.within.count, &scratch, &hits, &count);
    if (r)
        return r;
    qsort_r(hits, count, sizeof(*hits), compare, finder);
    while (behind && first < count && compare(&hits[first], behind, finder) <= 0)
        first++;
    return take(finder, hits + first, count - first);
}

static int walk_keyed(struct finder *finder)
{
    const struct q_search_hit *behind = finder->find->behind;
    CLEANUP(arena_release) struct arena last = {0};
    struct q_search_hit here;
    size_t window = WINDOW_MIN;
    size_t walked = 0;
    int r = 0;

    while (!is_full(finder)) {
        CLEANUP(arena_release) struct arena scratch = {0};
        struct q_search_hit *hits;
        size_t count;

        /* Where they lie too far apart in this order, their keys cost less than the way. */
        if (!finder->terms.within.others && finder->terms.within.count <= SEARCH_TERMS_MANY &&
            walked / WALK_A_KEY >= finder->terms.within.count) {
            finder->count = 0;
            return sort_within(finder);
        }
        r = q_search_walk(&finder->find->scope, &finder->order, behind, (int64_t)window, &scratch,
                          &hits, &count);
        if (r || count == 0)
            return r;
        here = hits[count - 1];
        arena_release(&last);
        here.key.text = arena_strdup(&last, here.key.text);
        behind = &here;
        r = take(finder, hits, count);
        if (r || count < window)
            return r;
        walked += count;
        window = 2 * window < WINDOW_MAX ? 2 * window : WINDOW_MAX;
    }
    return r;
}

/* What has no key comes last, by age. */
static int find_sorted(struct finder *finder)
{
    const struct q_search_hit *behind = finder->find->behind;
    bool descending = finder->order.descending;
    int64_t after = descending ? INT64_MAX : 0;
    int r = 0;

    if (behind && !behind->key.is)
        after = behind->id;
    else
        r = !finder->terms.within.others && finder->terms.within.count <= SEARCH_TERMS_FEW
                ? sort_within(finder)
                : walk_keyed(finder);
    return r || is_full(finder) ? r : walk_by_age(finder, descending, after);
}

int search_find(const struct search_find *find, struct arena *arena, struct q_search_hit **ret_hits,
                size_t *ret_count)
{
    CLEANUP(finder_release)
    struct finder finder = {
        .find = find,
        .arena = arena,
        .hits = arena_array(arena, find->limit, sizeof(*finder.hits)),
    };
    int r;

    r = search_terms_read(&finder.terms, &find->scope, find->query);
    if (r)
        return r;
    if (find->order->by_age) {
        r = walk_by_age(&finder, true, find->behind ? find->behind->id : INT64_MAX);
    } else {
        finder.order = q_search_order(find->scope.of, find->order);
        r = find_sorted(&finder);
    }
    if (r)
        return r;
    *ret_hits = finder.hits;
    *ret_count = finder.count;
    return 0;
}
