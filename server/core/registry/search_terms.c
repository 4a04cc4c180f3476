/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/search_terms.h"

#include "base/cleanup.h"

#include <assert.h>
#include <string.h>

/* Each id of a list is copied once, at most, where two parts of the query meet. */
#define SUMS_CEILING ((size_t)2 * QUERY_TERMS_MAX * SEARCH_TERMS_ALL * sizeof(int64_t))

/* ---- sets --------------------------------------------------------------------------------- */

struct bound {
    struct ids set;
    bool exact;
};

static const struct bound anything = {.set = {.others = true}};

static const struct search_term *term_of(const struct search_terms *terms,
                                         const struct query_node *node)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->terms[i].node == node)
            return &terms->terms[i];
    }
    assert(false);
    return NULL;
}

static struct bound bound_of(struct search_terms *terms, const struct query_node *node);

/* Halves, so that what is put together is copied a few times only, however many there are. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static struct bound join(struct search_terms *terms, const struct query_node *node, size_t from,
                         size_t to)
{
    struct bound left;
    struct bound right;

    if (to - from == 1)
        return bound_of(terms, node->children[from]);
    left = join(terms, node, from, from + (to - from) / 2);
    right = join(terms, node, from + (to - from) / 2, to);
    return (struct bound){
        .set = node->kind == QUERY_AND ? ids_and(left.set, right.set, &terms->sums)
                                       : ids_or(left.set, right.set, &terms->sums),
        .exact = left.exact && right.exact,
    };
}

/* What holds all that matches, from what is known. As deep as the query, which is bounded. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static struct bound bound_of(struct search_terms *terms, const struct query_node *node)
{
    const struct search_term *term;
    struct bound bound;

    switch (node->kind) {
    case QUERY_TERM:
        term = term_of(terms, node);
        if (!term->known)
            return anything;
        return (struct bound){node->op == QUERY_NE ? ids_not(term->set) : term->set, true};
    case QUERY_NOT:
        bound = bound_of(terms, node->children[0]);
        return bound.exact ? (struct bound){ids_not(bound.set), true} : anything;
    default:
        return join(terms, node, 0, node->child_count);
    }
}

/* ---- lists -------------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(misc-no-recursion) */
static void collect(struct search_terms *terms, const struct query_node *node)
{
    if (node->kind == QUERY_TERM) {
        assert(terms->count < QUERY_TERMS_MAX);
        terms->terms[terms->count++] = (struct search_term){
            .node = node,
            .q = q_search_term(terms->scope->of, node, &terms->lists),
        };
        terms->says_state |= node->ref.field == QUERY_STATE;
    }
    for (size_t i = 0; i < node->child_count; i++)
        collect(terms, node->children[i]);
}

/* A pattern that begins with anything is looked for among all values: once is enough. */
static bool is_costly(const struct search_term *term)
{
    return term->q.form == Q_SEARCH_LIKE && strchr("%_", *term->q.text);
}

static int list_term(struct search_terms *terms, struct search_term *term, size_t limit)
{
    CLEANUP(arena_release) struct arena scratch = {0};
    int64_t *ids;
    size_t count;
    int r;

    if (terms->listed + limit > SEARCH_TERMS_ALL)
        return 0;
    r = q_search_list(terms->scope, &term->q, (int64_t)limit + 1, &scratch, &ids, &count);
    if (r || count > limit)
        return r;
    terms->listed += count;
    term->known = true;
    term->set = ids_of(arena_memdup(&terms->lists, ids, count * sizeof(*ids)), count);
    return 0;
}

static void look_again(struct search_terms *terms)
{
    struct bound bound = {.set = anything.set, .exact = true};

    arena_release(&terms->sums);
    terms->sums.ceiling_bytes = SUMS_CEILING;
    if (terms->query)
        bound = bound_of(terms, terms->query);
    terms->within = bound.set;
    terms->exact = bound.exact;
}

/* Lists what is not more than the limit; until there is something to start from, where asked to. */
static int list_up_to(struct search_terms *terms, size_t limit, bool until)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < terms->count; i++) {
        struct search_term *term = &terms->terms[i];

        if (term->known || (is_costly(term) && limit < SEARCH_TERMS_MANY))
            continue;
        if (until && !terms->within.others)
            return 0;
        r = list_term(terms, term, limit);
        if (until && term->known)
            look_again(terms);
    }
    if (!r)
        look_again(terms);
    return r;
}

int search_terms_read(struct search_terms *terms, const struct q_search_scope *scope,
                      const struct query_node *query)
{
    int r;

    terms->scope = scope;
    terms->query = query;
    if (query)
        collect(terms, query);
    look_again(terms);
    if (!query)
        return 0;
    r = list_up_to(terms, SEARCH_TERMS_FEW, false);
    if (r || terms->exact || (!terms->within.others && terms->within.count <= SEARCH_TERMS_FEW))
        return r;
    r = list_up_to(terms, SEARCH_TERMS_SOME, false);
    if (r || terms->exact || !terms->within.others)
        return r;
    return list_up_to(terms, SEARCH_TERMS_MANY, true);
}

void search_terms_release(struct search_terms *terms)
{
    arena_release(&terms->lists);
    arena_release(&terms->sums);
}

/* ---- candidates --------------------------------------------------------------------------- */

int search_terms_test(struct search_terms *terms, const int64_t *ids, size_t count,
                      struct arena *arena)
{
    int r = 0;

    for (size_t i = 0; r == 0 && !terms->exact && i < terms->count; i++) {
        struct search_term *term = &terms->terms[i];
        int64_t *some;
        size_t some_count;

        if (term->known)
            continue;
        r = q_search_test(terms->scope, &term->q, ids, count, arena, &some, &some_count);
        if (!r)
            term->set = ids_of(some, some_count);
    }
    return r;
}

/* Whether one id matches; all sets are there. NOLINTNEXTLINE(misc-no-recursion) */
static bool holds(const struct search_terms *terms, const struct query_node *node, int64_t id)
{
    if (node->kind == QUERY_TERM)
        return ids_has(&term_of(terms, node)->set, id) != (node->op == QUERY_NE);
    if (node->kind == QUERY_NOT)
        return !holds(terms, node->children[0], id);
    for (size_t i = 0; i < node->child_count; i++) {
        if (holds(terms, node->children[i], id) == (node->kind == QUERY_OR))
            return node->kind == QUERY_OR;
    }
    return node->kind == QUERY_AND;
}

bool search_terms_hold(const struct search_terms *terms, int64_t id)
{
    return ids_has(&terms->within, id) && (terms->exact || holds(terms, terms->query, id));
}
