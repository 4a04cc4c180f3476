/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/pairs.h"

struct pairs pairs_split(struct arena *arena, const struct fields_pair *pairs, size_t count)
{
    struct pairs split = {
        .keys = arena_array(arena, count, sizeof(*split.keys)),
        .values = arena_array(arena, count, sizeof(*split.values)),
        .count = count,
    };

    for (size_t i = 0; i < count; i++) {
        split.keys[i] = pairs[i].key;
        split.values[i] = pairs[i].value;
    }
    return split;
}
