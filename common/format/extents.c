/* SPDX-License-Identifier: Apache-2.0 */
#include "format/extents.h"

#include "base/log.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_MIN ((size_t)64)

int extents_add(struct extents *extents, uint64_t start, uint64_t end)
{
    assert(start <= end);
    if (start == end)
        return 0;
    if (extents->count == EXTENTS_MAX)
        return EXTENTS_E_FULL;
    if (extents->count == extents->capacity) {
        size_t capacity = extents->capacity ? extents->capacity * 2 : CAPACITY_MIN;
        struct extents_item *items =
            reallocarray(extents->items, capacity, sizeof(*extents->items));

        if (!items)
            return log_fail(ERR_NO_MEMORY, "out of memory for the parts of a file");
        extents->items = items;
        extents->capacity = capacity;
    }
    extents->items[extents->count++] = (struct extents_item){start, end};
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct extents_item *)a)->start;
    uint64_t y = ((const struct extents_item *)b)->start;

    return (x > y) - (x < y);
}

int extents_check(struct extents *extents, uint64_t *ret_at)
{
    if (extents->count > 0)
        qsort(extents->items, extents->count, sizeof(*extents->items), compare);
    for (size_t i = 1; i < extents->count; i++) {
        if (extents->items[i].start < extents->items[i - 1].end) {
            *ret_at = extents->items[i].start;
            return EXTENTS_E_OVERLAP;
        }
    }
    return 0;
}

int extents_check_whole(struct extents *extents, uint64_t start, uint64_t end, uint64_t *ret_at)
{
    uint64_t at = start;
    int r;

    r = extents_check(extents, ret_at);
    if (r)
        return r;
    for (size_t i = 0; i < extents->count; i++) {
        if (extents->items[i].start != at) {
            *ret_at = at;
            return EXTENTS_E_HOLE;
        }
        at = extents->items[i].end;
    }
    *ret_at = at;
    return at == end ? 0 : EXTENTS_E_HOLE;
}

void extents_release(struct extents *extents)
{
    if (!extents)
        return;
    free(extents->items);
    *extents = (struct extents){0};
}
