/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install.h"

#include "crew.h"

struct end {
    bool happened;
    enum install_outcome outcome;
};

static void on_done(void *state, enum install_outcome outcome, int64_t retry_after_ms)
{
    struct end *end = state;

    (void)retry_after_ms;
    end->happened = true;
    end->outcome = outcome;
}

/* Two versions, of which 1.0.0 is current; a journal says what was about to happen to 1.1.0. */
static void prepare(struct crew *crew, struct journal_record *record)
{
    crew_init(crew);
    world_install(&crew->world, "main", "1.0.0", "weights", record->previous_id);
    world_install(&crew->world, "main", "1.1.0", "better", record->id);
    ck_assert_int_eq(slot_point(&crew->world.store, "main", SLOT_LINK_CURRENT, record->previous_id),
                     0);
    ck_assert_int_eq(journal_write(&crew->world.store, "main", record), 0);
}

static void recover(struct crew *crew, struct end *end)
{
    struct install install = {0};

    ck_assert_int_eq(install_recover(&install, &crew->parts, "main", on_done, end), 0);
    turning_until(&crew->turning, &end->happened);
    install_cancel(&install);
}

START_TEST(goes_on_from_every_step)
{
    static const struct {
        enum journal_step step;
        const char *error;
        const char *current; /* afterwards */
        enum install_outcome outcome;
    } rows[] = {
        {JOURNAL_ACTIVATE, "",              "1.1.0", INSTALL_DONE    },
        {JOURNAL_RELOAD,   "",              "1.0.0", INSTALL_DONE    }, /* the link is as it is */
        {JOURNAL_COMMIT,   "",              "1.0.0", INSTALL_DONE    },
        {JOURNAL_ROLLBACK, "reload-failed", "1.0.0", INSTALL_E_FAILED},
        {JOURNAL_COMMIT,   "reload-failed", "1.0.0", INSTALL_E_FAILED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct journal_record record = {
            .step = rows[i].step, .state_version = 7, .gap_us = -1, .gap_source = "none"};
        struct crew crew;
        struct end end = {0};
        char current[SLOT_ID_SIZE];
        struct report report;

        (void)snprintf(record.error_code, sizeof(record.error_code), "%s", rows[i].error);
        prepare(&crew, &record);
        recover(&crew, &end);
        ck_assert_int_eq(end.outcome, rows[i].outcome);
        ck_assert_int_eq(slot_resolve(&crew.world.store, "main", SLOT_LINK_CURRENT, current), 0);
        ck_assert_msg(strncmp(current, rows[i].current, 5) == 0, "row %zu: %s", i, current);
        report = crew_report(&crew, &arena);
        ck_assert_str_eq(report.slots[0].state, rows[i].error[0] ? "failed" : "installed");
        ck_assert(!world_has(&crew.world, "models/main/journal.json"));
        crew_release(&crew);
    }
}
END_TEST

/* A crash in between does not change how the application is told, as far as there is a rule. */
START_TEST(goes_on_by_the_kind_that_was_named)
{
    static const struct {
        const char *named;
        const char *reported;
        bool restarted;
    } rows[] = {
        {"restart", "restart", true },
        {"",        "watch",   false},
        {"signal",  "watch",   false},
        {"dance",   "watch",   false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_release) struct arena arena = {0};
        struct journal_record record = {
            .step = JOURNAL_ACTIVATE, .state_version = 7, .gap_us = -1, .gap_source = "none"};
        struct reload_rule rules[2];
        struct crew crew;
        struct end end = {0};

        (void)snprintf(record.reload, sizeof(record.reload), "%s", rows[i].named);
        prepare(&crew, &record);
        ck_assert_ptr_null(reload_parse("main: watch", &arena, &rules[0]));
        ck_assert_ptr_null(
            reload_parse(arena_printf(&arena, "main: restart touch %s/restarted", crew.world.path),
                         &arena, &rules[1]));
        crew.config.reload_rules = rules;
        crew.config.reload_rule_count = ARRAY_LEN(rules);
        recover(&crew, &end);
        ck_assert_int_eq(end.outcome, INSTALL_DONE);
        ck_assert_msg(world_has(&crew.world, "restarted") == rows[i].restarted, "row %zu", i);
        ck_assert_str_eq(crew_report(&crew, &arena).slots[0].reload, rows[i].reported);
        crew_release(&crew);
    }
}
END_TEST

START_TEST(forgets_a_journal_whose_version_is_gone)
{
    struct journal_record record = {.step = JOURNAL_ACTIVATE, .gap_source = "none"};
    struct crew crew;
    struct install install = {0};

    prepare(&crew, &record);
    ck_assert_int_eq(slot_remove_version(&crew.world.store, "main", record.id), 0);
    ck_assert_int_eq(install_recover(&install, &crew.parts, "main", on_done, NULL), JOURNAL_E_NONE);
    ck_assert(!world_has(&crew.world, "models/main/journal.json"));
    ck_assert(world_has(&crew.world, "models/main/current/model.onnx"));
    install_cancel(&install);
    crew_release(&crew);
}
END_TEST

START_TEST(tries_again_where_nobody_answers)
{
    struct crew crew;
    struct install install = {0};
    struct end end = {0};
    struct state_slot want = {
        .name = "main",
        .model = "digits",
        .version = "1.0.0",
        .role = "production",
        .variant = {"onnx", "cpu", "fp32"},
        .manifest_length = 10
    };

    const struct install_order order = {&want, 7, NULL};

    crew_init(&crew);
    ck_assert_int_eq(install_start(&install, &crew.parts, &order, on_done, &end), 0);
    ck_assert(install_is_revocable(&install));
    turning_until(&crew.turning, &end.happened);
    ck_assert_int_eq(end.outcome, INSTALL_E_RETRY);
    ck_assert_uint_eq(crew_spooled(&crew), 0);
    crew_release(&crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/install");
    TCase *tcase = tcase_create("install");

    tcase_add_test(tcase, goes_on_from_every_step);
    tcase_add_test(tcase, goes_on_by_the_kind_that_was_named);
    tcase_add_test(tcase, forgets_a_journal_whose_version_is_gone);
    tcase_add_test(tcase, tries_again_where_nobody_answers);
    return world_run(suite, tcase);
}
