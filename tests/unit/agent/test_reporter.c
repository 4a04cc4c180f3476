/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reporter.h"

#include "crew.h"

START_TEST(signs_and_spools)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct crew crew;
    struct report_error error = {"reload-failed", "it said \xff\xfe no"};
    struct report_slot slot = {.name = "main",
                               .state = "failed",
                               .model = "digits",
                               .version = "1.0.0",
                               .gap_us = REPORT_GAP_NONE,
                               .duration_ms = REPORT_GAP_NONE,
                               .error = &error};
    struct report report;
    int64_t first;
    int64_t second;

    crew_init(&crew);
    ck_assert_int_eq(reporter_sequence(&crew.reporter, &first), 0);
    ck_assert_int_eq(reporter_put(&crew.reporter, first, 7, &slot), 0);
    ck_assert_int_eq(reporter_put(&crew.reporter, first, 7, &slot), 0);
    ck_assert_uint_eq(reporter_waiting(&crew.reporter), 1);
    report = crew_report(&crew, &arena);
    ck_assert_int_eq(report.state_version, 7);
    ck_assert_str_eq(report.slots[0].error->detail, "it said ?? no");
    ck_assert_int_eq(reporter_sequence(&crew.reporter, &second), 0);
    ck_assert_int_gt(second, first);
    crew_release(&crew);
}
END_TEST

static void on_idle(void *state)
{
    *(bool *)state = true;
}

START_TEST(keeps_what_cannot_be_delivered)
{
    struct crew crew;
    struct report_slot slot = {.name = "main",
                               .state = "removed",
                               .gap_us = REPORT_GAP_NONE,
                               .duration_ms = REPORT_GAP_NONE};
    bool idle = false;

    crew_init(&crew);
    crew.reporter.idle = on_idle;
    crew.reporter.state = &idle;
    ck_assert_int_eq(reporter_put(&crew.reporter, 5, 7, &slot), 0);
    reporter_deliver(&crew.reporter, true);
    ck_assert(reporter_busy(&crew.reporter));
    turning_until(&crew.turning, &idle);
    ck_assert_uint_eq(reporter_waiting(&crew.reporter), 1);
    ck_assert(crew.reporter.timer.armed);
    ck_assert(!crew.reporter.online);
    crew_release(&crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/reporter");
    TCase *tcase = tcase_create("reporter");

    tcase_add_test(tcase, signs_and_spools);
    tcase_add_test(tcase, keeps_what_cannot_be_delivered);
    return world_run(suite, tcase);
}
