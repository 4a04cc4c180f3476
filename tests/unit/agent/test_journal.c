/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal.h"

#include "world.h"

START_TEST(gives_back_what_was_written)
{
    struct world world;
    struct journal_record read;
    struct journal_record record = {.step = JOURNAL_ROLLBACK,
                                    .id = "1.0.0-0123456789abcdef",
                                    .previous_id = "0.9.0-0123456789abcdef",
                                    .state_version = 7,
                                    .started_ms = 1767323045678,
                                    .sequence = 42,
                                    .gap_us = -1,
                                    .duration_ms = 912,
                                    .reload = "restart",
                                    .gap_source = "none",
                                    .error_code = "reload-failed",
                                    .error_detail = "it said \"no\"\n"};

    world_init(&world);
    ck_assert_int_eq(slot_create(&world.store, "main"), 0);
    ck_assert_int_eq(journal_read(&world.store, "main", &read), JOURNAL_E_NONE);
    ck_assert_int_eq(journal_write(&world.store, "main", &record), 0);
    ck_assert_int_eq(journal_read(&world.store, "main", &read), 0);
    ck_assert_mem_eq(&read, &record, sizeof(read));
    ck_assert_int_eq(journal_clear(&world.store, "main"), 0);
    ck_assert_int_eq(journal_clear(&world.store, "main"), 0);
    ck_assert_int_eq(journal_read(&world.store, "main", &read), JOURNAL_E_NONE);
    world_release(&world);
}
END_TEST

/* An agent that was updated in mid-switch goes on by the slot's own rule. */
START_TEST(reads_what_an_agent_of_old_wrote)
{
    struct world world;
    struct journal_record read;

    world_init(&world);
    ck_assert_int_eq(slot_create(&world.store, "main"), 0);
    world_write(&world, "models/main/journal.json",
                "{\"step\":\"reload\",\"id\":\"1.0.0-0123456789abcdef\",\"previous_id\":\"\","
                "\"older_id\":\"\",\"state_version\":7,\"started_ms\":1,\"sequence\":0,"
                "\"gap_us\":-1,\"duration_ms\":9,\"gap_source\":\"none\",\"error_code\":\"\","
                "\"error_detail\":\"\"}");
    ck_assert_int_eq(journal_read(&world.store, "main", &read), 0);
    ck_assert_int_eq(read.step, JOURNAL_RELOAD);
    ck_assert_str_eq(read.reload, "");
    world_release(&world);
}
END_TEST

START_TEST(ignores_what_it_did_not_write)
{
    static const char *const texts[] = {
        "", "{", "[]", "{}", "{\"step\":\"activate\"}", "{\"step\":\"dance\",\"id\":\"x\"}"};
    struct world world;
    struct journal_record read;

    world_init(&world);
    ck_assert_int_eq(slot_create(&world.store, "main"), 0);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        world_write(&world, "models/main/journal.json", texts[i]);
        ck_assert_int_eq(journal_read(&world.store, "main", &read), JOURNAL_E_NONE);
    }
    world_release(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/journal");
    TCase *tcase = tcase_create("journal");

    tcase_add_test(tcase, gives_back_what_was_written);
    tcase_add_test(tcase, reads_what_an_agent_of_old_wrote);
    tcase_add_test(tcase, ignores_what_it_did_not_write);
    return world_run(suite, tcase);
}
