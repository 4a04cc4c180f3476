/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_EXTENTS_H
#define FORMAT_EXTENTS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Stretches of a file that must not overlap, in whatever order they are met. */
#define EXTENTS_MAX ((size_t)262144) /* 4 MiB of memory */

struct extents_item {
    uint64_t start;
    uint64_t end;
};

/* A zeroed struct is an empty list; extents_release() it. */
struct extents {
    struct extents_item *items;
    size_t count;
    size_t capacity;
};

enum {
    EXTENTS_E_FULL = 1, /* more than EXTENTS_MAX */
    EXTENTS_E_OVERLAP,
    EXTENTS_E_HOLE,
};

/* start <= end. An empty one takes no room and is forgotten. Returns 0, EXTENTS_E_FULL, or
 * negative. */
int extents_add(struct extents *extents, uint64_t start, uint64_t end) MUST_CHECK;

/*
 * Sort them and say whether no two overlap, and, of the second, whether they fill
 * everything from start to end.
 *
 * ret_at  where it is not so
 */
int extents_check(struct extents *extents, uint64_t *ret_at) MUST_CHECK;
int extents_check_whole(struct extents *extents, uint64_t start, uint64_t end,
                        uint64_t *ret_at) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void extents_release(struct extents *extents);

#endif
