/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_DELEGATION_H
#define TUF_DELEGATION_H

#include "base/arena.h"
#include "tuf/metadata.h"
#include "tuf/role.h"

#include <stdbool.h>
#include <stddef.h>

/* A targets file's word that another role may speak for some paths (TUF 1.0.33, 4.5). */
struct delegation {
    const char *name; /* of the delegated role */
    struct tuf_role role;
    bool terminating;
};

/* How many a targets file has, in order of appearance; succinct hash bins (TAP 15) count as one. */
size_t delegation_count(const struct metadata *targets);

/*
 * Whether delegation `index` covers a target's path. ret_delegation borrows from the file, and the
 * name of a hash bin from the arena.
 */
bool delegation_covers(const struct metadata *targets, size_t index, const char *path,
                       struct arena *arena, struct delegation *ret_delegation);

/* The delegation to a role of that name; hash bins are not looked at. False: there is none. */
bool delegation_named(const struct metadata *targets, const char *name,
                      struct delegation *ret_delegation);

#endif
