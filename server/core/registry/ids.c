/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/ids.h"

#include <stdlib.h>
#include <string.h>

#define RADIX 256

/* ---- sorting ------------------------------------------------------------------------------ */

static bool is_sorted(const int64_t *ids, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (ids[i - 1] >= ids[i])
            return false;
    }
    return true;
}

/* One byte of all ids, those with equal ones in the order that they have. */
static void sort_byte(const int64_t *from, int64_t *to, size_t count, int shift)
{
    size_t starts[RADIX + 1] = {0};

    for (size_t i = 0; i < count; i++)
        starts[((uint64_t)from[i] >> shift) % RADIX + 1]++;
    for (size_t i = 1; i < RADIX; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < count; i++)
        to[starts[((uint64_t)from[i] >> shift) % RADIX]++] = from[i];
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void sort(int64_t *ids, size_t count)
{
    int64_t *other = malloc(count * sizeof(*other));
    int64_t *from = ids;
    int64_t *to = other;
    uint64_t differ = 0;

    if (!other) {
        qsort(ids, count, sizeof(*ids), compare);
        return;
    }
    for (size_t i = 1; i < count; i++)
        differ |= (uint64_t)(ids[i] ^ ids[0]);
    for (int shift = 0; shift < 64; shift += 8) {
        int64_t *swap = from;

        if ((differ >> shift) % RADIX == 0)
            continue;
        sort_byte(from, to, count, shift);
        from = to;
        to = swap;
    }
    if (from != ids)
        memcpy(ids, from, count * sizeof(*ids));
    free(other);
}

struct ids ids_of(int64_t *ids, size_t count)
{
    size_t kept = 0;

    if (is_sorted(ids, count))
        return (struct ids){.ids = ids, .count = count};
    sort(ids, count);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    }
    return (struct ids){.ids = ids, .count = kept};
}

/* ---- sets --------------------------------------------------------------------------------- */

/* The first place from `from` on whose id is not below id. */
static size_t place_of(const struct ids *set, size_t from, int64_t id)
{
    size_t step = 1;
    size_t end;

    while (from + step <= set->count && set->ids[from + step - 1] < id) {
        from += step;
        step *= 2;
    }
    end = from + step < set->count ? from + step : set->count;
    while (from < end) {
        size_t middle = from + (end - from) / 2;

        if (set->ids[middle] < id)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

size_t ids_place(const struct ids *set, int64_t id)
{
    return place_of(set, 0, id);
}

bool ids_has(const struct ids *set, int64_t id)
{
    size_t place = place_of(set, 0, id);

    return (place < set->count && set->ids[place] == id) != set->others;
}

struct ids ids_not(struct ids set)
{
    set.others = !set.others;
    return set;
}

/* The ids of a that b has. */
static struct ids pick(struct ids a, struct ids b, struct arena *arena)
{
    int64_t *picked = arena_array(arena, a.count, sizeof(*picked));
    size_t count = 0;
    size_t place = 0;

    for (size_t i = 0; i < a.count; i++) {
        place = place_of(&b, place, a.ids[i]);
        if ((place < b.count && b.ids[place] == a.ids[i]) != b.others)
            picked[count++] = a.ids[i];
    }
    return (struct ids){.ids = picked, .count = count};
}

static struct ids merge(struct ids a, struct ids b, struct arena *arena)
{
    int64_t *merged = arena_array(arena, a.count + b.count, sizeof(*merged));
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;

    while (i < a.count || j < b.count) {
        int64_t id = j == b.count || (i < a.count && a.ids[i] < b.ids[j]) ? a.ids[i] : b.ids[j];

        merged[count++] = id;
        i += i < a.count && a.ids[i] == id;
        j += j < b.count && b.ids[j] == id;
    }
    return (struct ids){.ids = merged, .count = count};
}

struct ids ids_and(struct ids a, struct ids b, struct arena *arena)
{
    if (a.others && b.others)
        return ids_not(merge(a, b, arena));
    if (a.others || (!b.others && b.count < a.count))
        return pick(b, a, arena);
    return pick(a, b, arena);
}

struct ids ids_or(struct ids a, struct ids b, struct arena *arena)
{
    return ids_not(ids_and(ids_not(a), ids_not(b), arena));
}
