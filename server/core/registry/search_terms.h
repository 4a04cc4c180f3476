/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_SEARCH_TERMS_H
#define CORE_REGISTRY_SEARCH_TERMS_H

#include "base/arena.h"
#include "core/registry/ids.h"
#include "db/q_search.h"
#include "query/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is known of a search's conditions, of which the query makes one set. Those that match few
 * are listed at once; of the others the database is asked, for some candidates at a time.
 */

#define SEARCH_TERMS_FEW 1000   /* a list of so many costs less than what it saves */
#define SEARCH_TERMS_SOME 8192  /* so many are listed though there is another list to start from */
#define SEARCH_TERMS_MANY 32768 /* what matches more is never listed */
#define SEARCH_TERMS_ALL 262144 /* nor is what would bring all lists together beyond this */

struct search_term {
    const struct query_node *node;
    struct q_search_term q;
    struct ids set; /* what it matches, where known; else of the ids that were asked of last */
    bool known;
};

struct search_terms {
    const struct q_search_scope *scope;
    const struct query_node *query; /* NULL: all */
    struct search_term terms[QUERY_TERMS_MAX];
    size_t count;
    bool says_state; /* the query is about states: archived ones are not left out */

    struct ids within; /* what matches is in here */
    bool exact;        /* and whatever is in here matches */

    struct arena lists;
    size_t listed; /* ids of all lists */
    struct arena sums;
};

/* Lists what is worth it. scope and query outlive it. */
int search_terms_read(struct search_terms *terms, const struct q_search_scope *scope,
                      const struct query_node *query) MUST_CHECK;

/* Asks the database which of some ids the conditions match that no list is of. */
int search_terms_test(struct search_terms *terms, const int64_t *ids, size_t count,
                      struct arena *arena) MUST_CHECK;

/* Whether the query holds for an id: one of those that were asked of last. */
bool search_terms_hold(const struct search_terms *terms, int64_t id);

void search_terms_release(struct search_terms *terms);

#endif
