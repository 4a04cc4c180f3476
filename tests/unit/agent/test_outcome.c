/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outcome.h"

#include "crew.h"

static const struct state_slot want = {
    .name = "main",
    .model = "digits",
    .version = "1.0.0",
    .role = "production",
    .variant = {"onnx",  "cpu", "fp32"},
    .manifest_sha256 = {1}
};

START_TEST(says_once_why_it_takes_longer)
{
    struct crew crew;
    struct outcome_attempt attempt = {"main", &want, 7, 12};

    crew_init(&crew);
    ck_assert_int_eq(outcome_delayed(&crew.parts, &attempt, "disk-full", "no space"), 0);
    ck_assert_int_eq(outcome_delayed(&crew.parts, &attempt, "disk-full", "no space"), 0);
    ck_assert_uint_eq(crew_spooled(&crew), 1);
    ck_assert_int_eq(outcome_delayed(&crew.parts, &attempt, "wrong-bytes", "bytes"), 0);
    ck_assert_uint_eq(crew_spooled(&crew), 2);
    attempt.state_version = 8;
    ck_assert_int_eq(outcome_delayed(&crew.parts, &attempt, "wrong-bytes", "bytes"), 0);
    ck_assert_uint_eq(crew_spooled(&crew), 3);
    crew_release(&crew);
}
END_TEST

START_TEST(remembers_what_failed)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct crew crew;
    struct outcome_attempt attempt = {"main", &want, 7, 12};
    struct slot_status status;
    struct report report;

    crew_init(&crew);
    ck_assert_int_eq(outcome_failed(&crew.parts, &attempt, "arbitrary-software", "by nobody"), 0);
    ck_assert_int_eq(slot_load_status(&crew.world.store, "main", &status), 0);
    ck_assert_int_eq(strncmp(status.failed_manifest, "0100", 4), 0);
    ck_assert_int_eq(status.failed_state_version, 7);
    report = crew_report(&crew, &arena);
    ck_assert_str_eq(report.slots[0].state, "failed");
    ck_assert_str_eq(report.slots[0].error->code, "arbitrary-software");
    crew_release(&crew);
}
END_TEST

START_TEST(reports_what_serves_and_what_served_before)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct crew crew;
    struct journal_record record = {.state_version = 7,
                                    .gap_us = 184,
                                    .duration_ms = 912,
                                    .gap_source = "application",
                                    .sequence = 42};
    struct slot_status status;
    struct report report;
    char old[SLOT_ID_SIZE];

    crew_init(&crew);
    world_install(&crew.world, "main", "1.0.0", "weights", old);
    world_install(&crew.world, "main", "1.1.0", "better", record.id);
    ck_assert_int_eq(slot_point(&crew.world.store, "main", SLOT_LINK_PREVIOUS, old), 0);
    ck_assert_int_eq(slot_point(&crew.world.store, "main", SLOT_LINK_CURRENT, record.id), 0);
    ck_assert_int_eq(outcome_commit(&crew.parts, "main", &record), 0);
    ck_assert_int_eq(outcome_commit(&crew.parts, "main", &record), 0);
    ck_assert_uint_eq(crew_spooled(&crew), 1);
    report = crew_report(&crew, &arena);
    ck_assert_int_eq(report.sequence, 42);
    ck_assert_str_eq(report.slots[0].state, "installed");
    ck_assert_str_eq(report.slots[0].version, "1.1.0");
    ck_assert_str_eq(report.slots[0].previous->version, "1.0.0");
    ck_assert_int_eq(report.slots[0].gap_us, 184);
    ck_assert_int_eq(slot_load_status(&crew.world.store, "main", &status), 0);
    ck_assert(status.managed);
    ck_assert_int_eq(status.gap_us, 184);
    crew_release(&crew);
}
END_TEST

START_TEST(lets_go_of_a_slot)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct crew crew;
    struct report report;
    struct slot_status status;

    crew_init(&crew);
    ck_assert_int_eq(slot_create(&crew.world.store, "main"), 0);
    ck_assert_int_eq(outcome_removed(&crew.parts, "main", 8), 0);
    report = crew_report(&crew, &arena);
    ck_assert_str_eq(report.slots[0].state, "removed");
    ck_assert_int_eq(slot_load_status(&crew.world.store, "main", &status), 0);
    ck_assert(!status.managed);
    crew_release(&crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/outcome");
    TCase *tcase = tcase_create("outcome");

    tcase_add_test(tcase, says_once_why_it_takes_longer);
    tcase_add_test(tcase, remembers_what_failed);
    tcase_add_test(tcase, reports_what_serves_and_what_served_before);
    tcase_add_test(tcase, lets_go_of_a_slot);
    return world_run(suite, tcase);
}
