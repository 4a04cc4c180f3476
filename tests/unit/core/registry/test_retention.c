/* SPDX-License-Identifier: Apache-2.0 */
#include "core/registry/retention.h"

#include "base/cleanup.h"
#include "suite.h"

#include <string.h>

#define DAY ((int64_t)86400 * 1000)
#define NOW (1000 * DAY)

static const struct q_life_use role[] = {
    {"role", "model-digits"},
};
static const struct q_life_use alias_and_role[] = {
    {"alias", "champion"    },
    {"role",  "model-digits"},
};
static const struct q_life_use previous[] = {
    {"previous", "cam-1"},
};

#define USES(array)                                                                                \
    {                                                                                              \
        (struct q_life_use *)(uintptr_t)(array), ARRAY_LEN(array), ARRAY_LEN(array)                \
    }
#define KEEPS_3                                                                                    \
    {                                                                                              \
        .newest = 3                                                                                \
    }
#define KEEPS_3_OR_90_DAYS                                                                         \
    {                                                                                              \
        .newest = 3, .days = 90, .grace_days = 30                                                  \
    }

/* Published long ago, beyond the newest three. */
#define OLD .published_ms = NOW - 400 * DAY, .rank = 4
#define RETIRED(days)                                                                              \
    OLD, .archived = true, .retired = true, .archived_ms = NOW - (days)*DAY,                       \
         .archived_by = "modelferryd"

static const struct {
    struct q_retention_rule rule;
    struct q_retention_version version;
    struct q_life_uses uses;
    enum retention_action action;
    const char *why;
    int64_t due_ms;
} cases[] = {
  /* clang-format off */
    {{0},                {OLD},                                      {0}, RETENTION_KEEP,    "there is no rule", 0},
    {KEEPS_3,            {OLD},                                      {0}, RETENTION_ARCHIVE, "not one of the newest 3", 0},
    {KEEPS_3,            {.published_ms = NOW, .rank = 3},           {0}, RETENTION_KEEP,    "one of the newest 3", 0},
    {KEEPS_3_OR_90_DAYS, {OLD},                                      {0}, RETENTION_ARCHIVE, "not one of the newest 3, older than 90 days", 0},
    {KEEPS_3_OR_90_DAYS, {.published_ms = NOW - 90 * DAY + 1, .rank = 9}, {0}, RETENTION_KEEP, "younger than 90 days", 0},
    {KEEPS_3_OR_90_DAYS, {.published_ms = NOW - 90 * DAY, .rank = 9}, {0}, RETENTION_ARCHIVE, "not one of the newest 3, older than 90 days", 0},
    {KEEPS_3_OR_90_DAYS, {OLD, .restored = true},                    {0}, RETENTION_KEEP,    "a person restored it", 0},
    {KEEPS_3_OR_90_DAYS, {OLD},                    USES(alias_and_role),  RETENTION_KEEP,    "used by alias 'champion' and 1 more", 0},
    {KEEPS_3_OR_90_DAYS, {OLD},                    USES(previous),        RETENTION_KEEP,    "used by previous 'cam-1'", 0},
    {KEEPS_3_OR_90_DAYS, {OLD},                    USES(role),            RETENTION_ARCHIVE, "not one of the newest 3, older than 90 days", 0},
    {KEEPS_3_OR_90_DAYS, {.published_ms = 1, .archived = true, .archived_ms = 1, .archived_by = "ann"}, {0}, RETENTION_KEEP, "archived by 'ann', not by a rule", 0},
    {KEEPS_3_OR_90_DAYS, {RETIRED(1)},                               {0}, RETENTION_WAIT,    "archived by the rule, to be deleted after 30 days", NOW + 29 * DAY},
    {KEEPS_3_OR_90_DAYS, {RETIRED(30)},                              {0}, RETENTION_DELETE,  "archived by the rule 30 days ago or more", 0},
    {KEEPS_3_OR_90_DAYS, {RETIRED(30)},            USES(role),            RETENTION_WAIT,    "role 'model-digits' lists it: yank it", 0},
    {KEEPS_3_OR_90_DAYS, {RETIRED(30)},            USES(previous),        RETENTION_KEEP,    "used by previous 'cam-1'", 0},
    {KEEPS_3,            {RETIRED(300)},                             {0}, RETENTION_KEEP,    "archived by the rule, which deletes nothing", 0},
    {{.newest = 9, .grace_days = 30}, {RETIRED(300)},                {0}, RETENTION_KEEP,    "one of the newest 9", 0},
    {{.newest = 3, .days = 500, .grace_days = 30}, {RETIRED(300)},   {0}, RETENTION_KEEP,    "younger than 500 days", 0},
  /* clang-format on */
};

START_TEST(says_what_a_rule_means_for_a_version_and_why)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct retention_verdict verdict;

        retention_decide(&cases[i].rule, &cases[i].version, &cases[i].uses, NOW, &verdict);
        ck_assert_msg(verdict.action == cases[i].action, "case %zu: %s: %s", i,
                      retention_actions[verdict.action], verdict.why);
        ck_assert_str_eq(verdict.why, cases[i].why);
        ck_assert_int_eq(verdict.due_ms, cases[i].due_ms);
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("core/retention", says_what_a_rule_means_for_a_version_and_why);
}
