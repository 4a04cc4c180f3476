/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/pairs.h"

#include "suite.h"

START_TEST(keys_and_values_are_told_apart_in_their_order)
{
    const struct fields_pair given[] = {
        {"b", "2"},
        {"a", "1"},
    };
    struct arena arena = {0};
    struct pairs pairs = pairs_split(&arena, given, 2);

    ck_assert_uint_eq(pairs.count, 2);
    ck_assert_str_eq(pairs.keys[0], "b");
    ck_assert_str_eq(pairs.values[0], "2");
    ck_assert_str_eq(pairs.keys[1], "a");
    ck_assert_str_eq(pairs.values[1], "1");
    ck_assert_uint_eq(pairs_split(&arena, NULL, 0).count, 0);
    arena_release(&arena);
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/pairs", keys_and_values_are_told_apart_in_their_order);
}
