/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detections.h"

#include "world.h"

static struct world world;
static struct detections detections;
static int64_t now_ms = 1000;

static int64_t wall(void *state)
{
    (void)state;
    return now_ms;
}

static const struct clock clock_of_test = {.wall_ms = wall};

static void set_up(void)
{
    world_init(&world);
    detections_load(&detections, &world.store, &clock_of_test);
}

static void tear_down(void)
{
    world_release(&world);
}

static void find_rollback(const char *detail)
{
    detections_add(&detections, DETECTION_ROLLBACK, "director", "timestamp.json", detail);
}

START_TEST(what_is_found_again_stays_and_the_rest_goes)
{
    struct detection list[REPORT_DETECTIONS_MAX];

    detections_begin(&detections);
    find_rollback("version 3 is older than 5");
    detections_add(&detections, DETECTION_FREEZE, NULL, "bundle", NULL);
    detections_settle(&detections);
    ck_assert_uint_eq(detections_list(&detections, list), 2);
    ck_assert_ptr_null(list[1].repository);

    now_ms = 2000;
    detections_begin(&detections);
    find_rollback("version 4 is older than 5");
    ck_assert_uint_eq(detections_list(&detections, list), 2);
    detections_settle(&detections);
    ck_assert_uint_eq(detections_list(&detections, list), 1);
    ck_assert_str_eq(list[0].check, "rollback");
    ck_assert_str_eq(list[0].repository, "director");
    ck_assert_str_eq(list[0].detail, "version 4 is older than 5");
    ck_assert_int_eq(list[0].time_ms, 1000);

    detections_begin(&detections);
    detections_settle(&detections);
    ck_assert_uint_eq(detections_list(&detections, list), 0);
}
END_TEST

START_TEST(only_a_round_that_was_begun_settles)
{
    struct detection list[REPORT_DETECTIONS_MAX];

    detections_begin(&detections);
    find_rollback("old");
    detections_settle(&detections);
    detections_settle(&detections);
    ck_assert_uint_eq(detections_list(&detections, list), 1);
}
END_TEST

START_TEST(outside_of_rounds_one_file_has_one_fault)
{
    struct detection list[REPORT_DETECTIONS_MAX];

    detections_begin(&detections);
    find_rollback("old");
    detections_settle(&detections);
    detections_replace(&detections, DETECTION_UNREACHABLE, NULL, "state", "nobody answers");
    detections_replace(&detections, DETECTION_SLOW_RETRIEVAL, NULL, "state", "a byte a second");
    ck_assert_uint_eq(detections_list(&detections, list), 2);
    ck_assert_str_eq(list[1].check, "slow-retrieval");
    detections_resolve(&detections, "image", "state");
    ck_assert_uint_eq(detections_list(&detections, list), 2);
    detections_resolve(&detections, NULL, "state");
    ck_assert_uint_eq(detections_list(&detections, list), 1);
    ck_assert_str_eq(list[0].check, "rollback");
}
END_TEST

START_TEST(the_server_is_told_once)
{
    ck_assert(!detections_are_news(&detections));
    detections_begin(&detections);
    find_rollback("version 3 is older than 5");
    detections_settle(&detections);
    ck_assert(detections_are_news(&detections));
    detections_told(&detections);
    ck_assert(!detections_are_news(&detections));
    detections_begin(&detections);
    find_rollback("in other words");
    detections_settle(&detections);
    ck_assert(!detections_are_news(&detections));
    detections_begin(&detections);
    detections_settle(&detections);
    ck_assert(detections_are_news(&detections));
}
END_TEST

START_TEST(a_restart_forgets_nothing)
{
    static struct detections again;
    struct detection list[REPORT_DETECTIONS_MAX];

    detections_begin(&detections);
    find_rollback("version 3 is older than 5");
    detections_settle(&detections);
    detections_load(&again, &world.store, &clock_of_test);
    ck_assert_uint_eq(detections_list(&again, list), 1);
    ck_assert_str_eq(list[0].detail, "version 3 is older than 5");
    ck_assert(detections_are_news(&again));
    detections_told(&detections);
    detections_load(&again, &world.store, &clock_of_test);
    ck_assert(!detections_are_news(&again));
}
END_TEST

START_TEST(a_damaged_file_is_none)
{
    static const char *const damages[] = {"", "[]",
                                          "{\"told\":7,\"detected\":[{\"check\":\"x\"}]}"};

    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        struct detection list[REPORT_DETECTIONS_MAX];

        world_write(&world, "metadata/detected.json", damages[i]);
        detections_load(&detections, &world.store, &clock_of_test);
        ck_assert_uint_eq(detections_list(&detections, list), 0);
    }
}
END_TEST

START_TEST(texts_are_cut_and_made_valid)
{
    struct detection list[REPORT_DETECTIONS_MAX];
    char text[2000];

    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    text[0] = '\xff';
    detections_begin(&detections);
    detections_add(&detections, DETECTION_BAD_PATH, "image", text, text);
    for (size_t i = 0; i < 2 * REPORT_DETECTIONS_MAX; i++) {
        char file[16];

        (void)snprintf(file, sizeof(file), "%zu", i);
        detections_add(&detections, DETECTION_MISSING, NULL, file, "it is not there");
    }
    detections_settle(&detections);
    ck_assert_uint_eq(detections_list(&detections, list), REPORT_DETECTIONS_MAX);
    ck_assert_uint_le(strlen(list[0].file), DETECTION_FILE_MAX);
    ck_assert_int_eq(list[0].file[0], '?');
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        json_auto_t *value = detection_encode(&list[i]);

        ck_assert_ptr_nonnull(value);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/detections");
    TCase *tcase = tcase_create("detections");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_is_found_again_stays_and_the_rest_goes);
    tcase_add_test(tcase, only_a_round_that_was_begun_settles);
    tcase_add_test(tcase, outside_of_rounds_one_file_has_one_fault);
    tcase_add_test(tcase, the_server_is_told_once);
    tcase_add_test(tcase, a_restart_forgets_nothing);
    tcase_add_test(tcase, a_damaged_file_is_none);
    tcase_add_test(tcase, texts_are_cut_and_made_valid);
    return world_run(suite, tcase);
}
