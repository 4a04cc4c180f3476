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
