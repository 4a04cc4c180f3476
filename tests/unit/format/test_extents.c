/* SPDX-License-Identifier: Apache-2.0 */
#include "format/extents.h"

#include "base/cleanup.h"
#include "suite.h"

static int add_all(struct extents *extents, const uint64_t pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(extents_add(extents, pairs[i][0], pairs[i][1]), 0);
    return 0;
}

START_TEST(finds_overlaps_in_any_order)
{
    static const uint64_t apart[][2] = {
        {50, 60},
        {0,  10},
        {10, 20},
        {30, 30},
        {30, 40}
    };
    CLEANUP(extents_release) struct extents extents = {0};
    uint64_t at = 0;

    add_all(&extents, apart, ARRAY_LEN(apart));
    ck_assert_int_eq(extents_check(&extents, &at), 0);
    ck_assert_int_eq(extents_add(&extents, 19, 25), 0);
    ck_assert_int_eq(extents_check(&extents, &at), EXTENTS_E_OVERLAP);
    ck_assert_uint_eq(at, 19);
}
END_TEST

START_TEST(finds_holes)
{
    static const struct {
        uint64_t pairs[3][2];
        uint64_t end;
        int result;
        uint64_t at;
    } rows[] = {
        {{{5, 9}, {0, 5}, {9, 12}}, 12, 0,                 12},
        {{{5, 9}, {0, 4}, {9, 12}}, 12, EXTENTS_E_HOLE,    4 },
        {{{5, 9}, {1, 5}, {9, 12}}, 12, EXTENTS_E_HOLE,    0 },
        {{{5, 9}, {0, 5}, {9, 12}}, 13, EXTENTS_E_HOLE,    12},
        {{{5, 9}, {0, 6}, {9, 12}}, 12, EXTENTS_E_OVERLAP, 5 },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(extents_release) struct extents extents = {0};
        uint64_t at = 99;

        add_all(&extents, rows[i].pairs, 3);
        ck_assert_int_eq(extents_check_whole(&extents, 0, rows[i].end, &at), rows[i].result);
        ck_assert_uint_eq(at, rows[i].at);
    }
}
END_TEST

START_TEST(takes_so_many_and_no_more)
{
    CLEANUP(extents_release) struct extents extents = {0};

    for (uint64_t i = 0; i < EXTENTS_MAX; i++)
        ck_assert_int_eq(extents_add(&extents, i, i + 1), 0);
    ck_assert_int_eq(extents_add(&extents, 0, 1), EXTENTS_E_FULL);
    ck_assert_int_eq(extents_add(&extents, 1, 1), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/extents", finds_overlaps_in_any_order, finds_holes,
                     takes_so_many_and_no_more);
}
