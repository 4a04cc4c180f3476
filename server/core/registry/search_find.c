/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/search_find.h"

#include "base/cleanup.h"
#include "core/registry/ids.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MIN 512
#define WINDOW_MAX 16384
#define CHUNK_MAX 4096 /* candidates that one statement is asked of */
/* Reading the key of one id costs as much as so many of a walk. */
#define WALK_A_KEY 20

/* Lists of all conditions, and what they are put together to; windows come and go. */
#define LISTS_CEILING ((size_t)256 << 20)

struct term {
    const struct query_node *node;
    struct q_search_term q;
    struct ids set; /* what it matches, where known; else of the chunk that is looked at */
    bool known;
};

struct finder {
    const struct search_find *find;
    struct q_search_order order; /* where it is not by age */
    struct term terms[QUERY_TERMS_MAX];
    size_t term_count;
    bool says_state; /* the query is about states: archived ones are not left out */
    struct arena lists;
    struct ids within; /* what is found is in here; and is whatever is in here where exact */
    bool exact;
    struct arena *arena; /* of the hits */
    struct q_search_hit *hits;
    size_t count;
};

static void finder_release(struct finder *finder)
{
    arena_release(&finder->lists);
}

/* ---- sets --------------------------------------------------------------------------------- */

struct bound {
    struct ids set;
    bool exact;
};

static const struct bound anything = {.set = {.others = true}};

static struct term *term_of(struct finder *finder, const struct query_node *node)
{
    for (size_t i = 0; i < finder->term_count; i++) {
        if (finder->terms[i].node == node)
            return &finder->terms[i];
    }
    assert(false);
    return NULL;
}

static struct bound bound_of(struct finder *finder, const struct query_node *node);

/* Halves, so that what is put together is copied a few times only, however many there are. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static struct bound join(struct finder *finder, const struct query_node *node, size_t from,
                         size_t to)
{
    struct bound left;
    struct bound right;

    if (to - from == 1)
        return bound_of(finder, node->children[from]);
    left = join(finder, node, from, from + (to - from) / 2);
    right = join(finder, node, from + (to - from) / 2, to);
    return (struct bound){
        .set = node->kind == QUERY_AND ? ids_and(left.set, right.set, &finder->lists)
                                       : ids_or(left.set, right.set, &finder->lists),
        .exact = left.exact && right.exact,
    };
}

/* What holds all that matches, from what is known. As deep as the query, which is bounded. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static struct bound bound_of(struct finder *finder, const struct query_node *node)
{
    const struct term *term;
    struct bound bound;

    switch (node->kind) {
    case QUERY_TERM:
        term = term_of(finder, node);
        if (!term->known)
            return anything;
        return (struct bound){node->op == QUERY_NE ? ids_not(term->set) : term->set, true};
    case QUERY_NOT:
        bound = bound_of(finder, node->children[0]);
        return bound.exact ? (struct bound){ids_not(bound.set), true} : anything;
    default:
        return join(finder, node, 0, node->child_count);
    }
}

/* Whether one id matches; all sets are there. NOLINTNEXTLINE(misc-no-recursion) */
static bool holds(struct finder *finder, const struct query_node *node, int64_t id)
{
    if (node->kind == QUERY_TERM)
        return ids_has(&term_of(finder, node)->set, id) != (node->op == QUERY_NE);
    if (node->kind == QUERY_NOT)
        return !holds(finder, node->children[0], id);
    for (size_t i = 0; i < node->child_count; i++) {
        if (holds(finder, node->children[i], id) == (node->kind == QUERY_OR))
            return node->kind == QUERY_OR;
    }
    return node->kind == QUERY_AND;
}

/* ---- lists -------------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(misc-no-recursion) */
static void collect_terms(struct finder *finder, const struct query_node *node)
{
    if (node->kind == QUERY_TERM) {
        assert(finder->term_count < QUERY_TERMS_MAX);
        finder->terms[finder->term_count++] = (struct term){
            .node = node,
            .q = q_search_term(finder->find->scope.of, node, &finder->lists),
        };
        finder->says_state |= node->ref.field == QUERY_STATE;
    }
    for (size_t i = 0; i < node->child_count; i++)
        collect_terms(finder, node->children[i]);
}

/* A pattern that begins with anything is looked for among all values: once is enough. */
static bool is_costly(const struct term *term)
{
    return term->q.form == Q_SEARCH_LIKE && strchr("%_", *term->q.text);
}

static int list_term(struct finder *finder, struct term *term, size_t limit)
{
    CLEANUP(arena_release) struct arena scratch = {0};
    int64_t *ids;
    size_t count;
    int r;

    r = q_search_list(&finder->find->scope, &term->q, (int64_t)limit + 1, &scratch, &ids, &count);
    if (r || count > limit)
        return r;
    term->known = true;
    term->set = ids_of(arena_memdup(&finder->lists, ids, count * sizeof(*ids)), count);
    return 0;
}

static void look_again(struct finder *finder)
{
    struct bound bound = anything;

    if (finder->find->query)
        bound = bound_of(finder, finder->find->query);
    else
        bound.exact = true;
    finder->within = bound.set;
    finder->exact = bound.exact;
}

/* Lists what is not more than the limit; until there is something to start from, where asked to. */
static int list_up_to(struct finder *finder, size_t limit, bool until)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < finder->term_count; i++) {
        struct term *term = &finder->terms[i];

        if (term->known || (is_costly(term) && limit < SEARCH_FIND_MANY))
            continue;
        if (until && !finder->within.others)
            return 0;
        r = list_term(finder, term, limit);
        if (until && term->known)
            look_again(finder);
    }
    if (!r)
        look_again(finder);
    return r;
}

static int list_terms(struct finder *finder)
{
    int r;

    look_again(finder);
    if (!finder->find->query)
        return 0;
    r = list_up_to(finder, SEARCH_FIND_FEW, false);
    if (r || finder->exact || (!finder->within.others && finder->within.count <= SEARCH_FIND_FEW))
        return r;
    r = list_up_to(finder, SEARCH_FIND_SOME, false);
    if (r || finder->exact || !finder->within.others)
        return r;
    return list_up_to(finder, SEARCH_FIND_MANY, true);
}

/* ---- candidates --------------------------------------------------------------------------- */

static bool is_full(const struct finder *finder)
{
    return finder->count == finder->find->limit;
}

/* Asks the database of a chunk what no list says. in_use gets those that are not archived. */
static int test_chunk(struct finder *finder, const int64_t *ids, size_t count,
                      struct arena *scratch, struct ids *in_use)
{
    int64_t *some;
    size_t some_count;
    int r = 0;

    for (size_t i = 0; r == 0 && !finder->exact && i < finder->term_count; i++) {
        struct term *term = &finder->terms[i];

        if (term->known)
            continue;
        r = q_search_test(&finder->find->scope, &term->q, ids, count, scratch, &some, &some_count);
        if (!r)
            term->set = ids_of(some, some_count);
    }
    *in_use = anything.set;
    if (r || finder->says_state)
        return r;
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
    r = test_chunk(finder, ids, count, &scratch, &in_use);
    for (size_t i = 0; r == 0 && i < count && !is_full(finder); i++) {
        if (!ids_has(&in_use, ids[i]) ||
            (!finder->exact && !holds(finder, finder->find->query, ids[i])))
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
        if (ids_has(&finder->within, hits[i].id))
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
    const struct ids *within = &finder->within;
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

        if (finder->within.others) {
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
    CLEANUP(arena_release) struct arena scratch = {.ceiling_bytes = LISTS_CEILING};
    struct q_search_hit *hits;
    size_t count;
    size_t first = 0;
    int r;

    r = q_search_keys(&finder->find->scope, &finder->order, finder->within.ids,
                      finder->within.count, &scratch, &hits, &count);
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
        if (!finder->within.others && finder->within.count <= SEARCH_FIND_MANY &&
            walked / WALK_A_KEY >= finder->within.count) {
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
        r = !finder->within.others && finder->within.count <= SEARCH_FIND_FEW ? sort_within(finder)
                                                                              : walk_keyed(finder);
    return r || is_full(finder) ? r : walk_by_age(finder, descending, after);
}

int search_find(const struct search_find *find, struct arena *arena, struct q_search_hit **ret_hits,
                size_t *ret_count)
{
    CLEANUP(finder_release)
    struct finder finder = {
        .find = find,
        .lists = {.ceiling_bytes = LISTS_CEILING},
        .arena = arena,
        .hits = arena_array(arena, find->limit, sizeof(*finder.hits)),
    };
    int r;

    if (find->query)
        collect_terms(&finder, find->query);
    r = list_terms(&finder);
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
