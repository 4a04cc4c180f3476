/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LINEAGE_WALK_DIFF_H
#define CORE_LINEAGE_WALK_DIFF_H

#include "core/lineage/walk.h"

/*
 * How the ancestries of two nodes differ: what only one of them was made from. What is of one name
 * on both sides, and differs in its version only, is a change: another version of the same dataset,
 * another revision of the same code, another run of the same job.
 */

struct walk_change {
    uint32_t before; /* index of a node of `before` */
    uint32_t after;  /* of `after` */
};

/* Release it. Indexes are of the graphs of the two walks; both nodes themselves are left out. */
struct walk_diff {
    struct walk before;
    struct walk after;
    uint32_t *removed; /* only in `before` */
    size_t removed_count;
    uint32_t *added; /* only in `after` */
    size_t added_count;
    struct walk_change *changed;
    size_t changed_count;
    size_t common_count;
    struct arena arena;
};

/* Returns 0, WALK_E_UNKNOWN (with *ret_unknown the one that is not known), or negative. */
int walk_diff(struct db *db, const struct walk_query *query, const struct ref *before,
              const struct ref *after, struct walk_diff *ret_diff,
              const struct ref **ret_unknown) MUST_CHECK;

/* Both ancestries as one graph, to be released. Returns 0, or negative. */
int walk_diff_join(const struct walk_diff *diff, struct graph *ret_graph) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void walk_diff_release(struct walk_diff *diff);

#endif
