/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_SEARCH_FIND_H
#define CORE_REGISTRY_SEARCH_FIND_H

#include "base/arena.h"
#include "db/q_search.h"
#include "query/query.h"

#include <stddef.h>
#include <stdint.h>

/*
 * How a search finds a page. What conditions match is listed, as sets of ids, while it is not too
 * much, and the sets are put together as the query says. What lies in them is taken in its order,
 * or where they say nothing all there is, a window at a time; conditions that match too much to be
 * listed are asked of the candidates only, until the page is full.
 */

#define SEARCH_FIND_FEW 1000   /* a list of so many costs less than what it saves */
#define SEARCH_FIND_SOME 8192  /* so many are listed though there is another list to start from */
#define SEARCH_FIND_MANY 32768 /* what matches more is never listed */

struct search_find {
    struct q_search_scope scope;
    const struct query_node *query; /* NULL: all */
    const struct query_order *order;
    const struct q_search_hit *behind; /* NULL: from the start */
    size_t limit;
};

/* At most limit, in their order. In a transaction after q_search_settle. */
int search_find(const struct search_find *find, struct arena *arena, struct q_search_hit **ret_hits,
                size_t *ret_count) MUST_CHECK;

#endif
