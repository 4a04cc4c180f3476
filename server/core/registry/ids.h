/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_IDS_H
#define CORE_REGISTRY_IDS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sets of ids, also of all ids but some: what conditions of a search match, and how they are put
 * together. Values; the ids are borrowed and live in the caller's arena. {0} is the empty set.
 */
struct ids {
    const int64_t *ids; /* ascending, each once */
    size_t count;
    bool others; /* all that are not among ids */
};

/* Takes ids in any order, none negative, and sorts them in place; each stays once. */
struct ids ids_of(int64_t *ids, size_t count);

/* How many of the ids that are listed are below id. */
size_t ids_place(const struct ids *set, int64_t id);
bool ids_has(const struct ids *set, int64_t id);
struct ids ids_not(struct ids set);
struct ids ids_and(struct ids a, struct ids b, struct arena *arena);
struct ids ids_or(struct ids a, struct ids b, struct arena *arena);

#endif
