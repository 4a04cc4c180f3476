/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_SEARCH_H
#define CORE_REGISTRY_SEARCH_H

#include "base/arena.h"
#include "db/q_search.h"
#include "db/q_search_show.h"
#include "query/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Finding versions and models by what is known of them: docs/SEARCH.md. */

enum {
    SEARCH_E_QUERY = 64,  /* the query is wrong; ret_error says where */
    SEARCH_E_ORDER = 65,  /* likewise what it is sorted by */
    SEARCH_E_CURSOR = 66, /* no cursor of this search */
};

struct search_ask {
    int64_t workspace_id;
    enum query_of of;
    const char *query; /* NULL or "": all */
    const char *order; /* NULL or "": newest first */
    const char *after; /* cursor key of the page before; NULL: from the start */
    int64_t limit;
};

struct search_page {
    struct q_search_show_version *versions; /* of QUERY_VERSIONS */
    struct q_search_show_model *models;     /* of QUERY_MODELS */
    size_t count;
    const char *next; /* cursor key of the page behind it; NULL: there is none */
};

/* A query parsed, with its order and cursor; what search_run asks. */
struct search_plan {
    struct query_node *query; /* NULL: all */
    struct query_order order;
    struct q_search_hit behind; /* id 0: from the start */
    enum q_search_kind kind;    /* of keys */
    char mark[17];              /* of query and order: a cursor of another search is refused */
};

/* Pure. Returns 0 or SEARCH_E_*. */
int search_plan(const struct search_ask *ask, struct arena *arena, struct search_plan *ret_plan,
                struct query_error *ret_error) MUST_CHECK;

/* The cursor key behind a hit, in the arena. */
const char *search_cursor(const struct search_plan *plan, const struct q_search_hit *hit,
                          struct arena *arena);

/*
 * A page: newest first, or as the order says, equals by age. Pages go on where the one before
 * ended, whatever was published meanwhile: nothing comes twice, and nothing that was there from the
 * first page on is left out.
 *
 * Returns 0, SEARCH_E_*, or negative.
 */
int search_run(struct db *db, const struct search_ask *ask, struct arena *arena,
               struct search_page *ret_page, struct query_error *ret_error) MUST_CHECK;

#endif
