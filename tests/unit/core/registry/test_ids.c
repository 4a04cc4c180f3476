/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/ids.h"

#include "suite.h"

#include <stdlib.h>

/* Sets of the ids below this are told by a table of bools, which is right beyond doubt. */
#define UNIVERSE 200
#define ROUNDS 2000

struct table {
    bool has[UNIVERSE];
};

/* Some ids in any order, some of them twice; and now and then all but these. */
static struct ids make(struct arena *arena, struct table *ret_table)
{
    size_t count = (size_t)rand() % UNIVERSE;
    int64_t *ids = arena_array(arena, count + 1, sizeof(*ids));
    bool others = rand() % 2;
    struct ids set;

    *ret_table = (struct table){0};
    for (size_t i = 0; i < count; i++) {
        ids[i] = rand() % UNIVERSE;
        ret_table->has[ids[i]] = true;
    }
    set = ids_of(ids, count);
    for (size_t i = 1; i < set.count; i++)
        ck_assert_int_lt(set.ids[i - 1], set.ids[i]);
    if (!others)
        return set;
    for (size_t i = 0; i < UNIVERSE; i++)
        ret_table->has[i] = !ret_table->has[i];
    return ids_not(set);
}

START_TEST(sets_are_put_together_as_tables_are)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena = {0};
        struct table x;
        struct table y;
        struct ids a = make(&arena, &x);
        struct ids b = make(&arena, &y);
        struct ids both = ids_and(a, b, &arena);
        struct ids any = ids_or(a, b, &arena);

        for (int64_t id = 0; id < UNIVERSE; id++) {
            ck_assert(ids_has(&a, id) == x.has[id]);
            ck_assert(ids_has(&both, id) == (x.has[id] && y.has[id]));
            ck_assert(ids_has(&any, id) == (x.has[id] || y.has[id]));
        }
        arena_release(&arena);
    }
}
END_TEST

START_TEST(ids_of_all_sizes_are_sorted_and_kept_once)
{
    int64_t ids[] = {INT64_MAX, 0, 256, 255, (int64_t)1 << 40, 256, INT64_MAX, 65536, 1};
    const int64_t sorted[] = {0, 1, 255, 256, 65536, (int64_t)1 << 40, INT64_MAX};
    struct ids set = ids_of(ids, sizeof(ids) / sizeof(ids[0]));

    ck_assert_uint_eq(set.count, sizeof(sorted) / sizeof(sorted[0]));
    ck_assert_mem_eq(set.ids, sorted, sizeof(sorted));
}
END_TEST

START_TEST(a_place_is_how_many_are_below)
{
    int64_t ids[] = {10, 20, 30};
    struct ids set = ids_of(ids, 3);
    struct ids none = {0};

    ck_assert_uint_eq(ids_place(&set, 0), 0);
    ck_assert_uint_eq(ids_place(&set, 10), 0);
    ck_assert_uint_eq(ids_place(&set, 11), 1);
    ck_assert_uint_eq(ids_place(&set, INT64_MAX), 3);
    ck_assert_uint_eq(ids_place(&none, 5), 0);
    ck_assert(!ids_has(&none, 5));
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/ids", sets_are_put_together_as_tables_are,
                     ids_of_all_sizes_are_sorted_and_kept_once, a_place_is_how_many_are_below);
}
