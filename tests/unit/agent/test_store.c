/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store.h"

#include "world.h"

START_TEST(lets_one_agent_in)
{
    struct world world;
    struct store second = STORE_NONE;

    world_init(&world);
    ck_assert_int_eq(store_open(world.path, &second), STORE_E_BUSY);
    store_release(&world.store);
    ck_assert_int_eq(store_open(world.path, &second), 0);
    world.store = second;
    world_release(&world);
}
END_TEST

START_TEST(peeks_without_making_anything)
{
    struct store store = STORE_NONE;

    ck_assert_int_eq(store_peek("/nonexistent/state", &store), STORE_E_MISSING);
}
END_TEST

START_TEST(tells_missing_from_broken)
{
    struct world world;
    json_t *object = NULL;
    json_t *saved = json_pack("{s:i}", "a", 1);

    world_init(&world);
    ck_assert_int_eq(store_load(&world.store, "metadata/x.json", &object), STORE_E_MISSING);
    world_write(&world, "metadata/x.json", "{\"a\":1,\"a\":2}");
    ck_assert_int_eq(store_load(&world.store, "metadata/x.json", &object), STORE_E_BROKEN);
    ck_assert_int_eq(store_save(&world.store, "metadata/x.json", saved, 0600), 0);
    ck_assert_int_eq(store_load(&world.store, "metadata/x.json", &object), 0);
    ck_assert(json_equal(object, saved));
    ck_assert_int_eq(store_remove(&world.store, "metadata/x.json"), 0);
    ck_assert_int_eq(store_remove(&world.store, "metadata/x.json"), 0);
    json_decref(object);
    json_decref(saved);
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/store");
    TCase *tcase = tcase_create("store");

    tcase_add_test(tcase, lets_one_agent_in);
    tcase_add_test(tcase, peeks_without_making_anything);
    tcase_add_test(tcase, tells_missing_from_broken);
    return world_run(suite, tcase);
}
