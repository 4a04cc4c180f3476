/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/counters.h"

#include "world.h"

static struct world world;

static void set_up(void)
{
    world_init(&world);
}

static void tear_down(void)
{
    world_release(&world);
}

START_TEST(rises_and_never_falls)
{
    ck_assert_int_eq(counters_floor(&world.store, "digits"), 0);
    ck_assert_int_eq(counters_raise(&world.store, "digits", 0), 0);
    ck_assert(!world_has(&world, "metadata/counters.json"));
    ck_assert_int_eq(counters_raise(&world.store, "digits", 3), 0);
    ck_assert_int_eq(counters_raise(&world.store, "digits", 2), 0);
    ck_assert_int_eq(counters_floor(&world.store, "digits"), 3);
    ck_assert_int_eq(counters_floor(&world.store, "letters"), 0);
}
END_TEST

START_TEST(what_is_installed_speaks_where_the_file_is_lost)
{
    char id[SLOT_ID_SIZE];

    world_install(&world, "main", "1.0.0", "weights", id);
    ck_assert_int_eq(slot_point(&world.store, "main", SLOT_LINK_CURRENT, id), 0);
    ck_assert_int_eq(counters_floor(&world.store, "digits"), WORLD_COUNTER);
    world_write(&world, "metadata/counters.json", "damaged");
    ck_assert_int_eq(counters_floor(&world.store, "digits"), WORLD_COUNTER);
    ck_assert_int_eq(counters_raise(&world.store, "digits", 9), 0);
    ck_assert_int_eq(counters_floor(&world.store, "digits"), 9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/counters");
    TCase *tcase = tcase_create("counters");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, rises_and_never_falls);
    tcase_add_test(tcase, what_is_installed_speaks_where_the_file_is_lost);
    return world_run(suite, tcase);
}
