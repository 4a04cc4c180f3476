/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_PAIRS_H
#define CORE_REGISTRY_PAIRS_H

#include "base/arena.h"
#include "json/fields.h"

#include <stddef.h>

/* Tags, metrics and parameters as the two arrays that a statement takes. */
struct pairs {
    const char **keys;
    const char **values;
    size_t count;
};

/* The strings are borrowed, the arrays live in the arena. */
struct pairs pairs_split(struct arena *arena, const struct fields_pair *pairs, size_t count);

#endif
