/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state_query.h"

#include "crew.h"

static struct crew crew;
static struct state_query query;

struct end {
    bool happened;
    struct state_query_answer answer;
};

static void on_answered(void *owner, const struct state_query_answer *answer)
{
    struct end *end = owner;

    end->happened = true;
    end->answer = *answer;
}

static void set_up(void)
{
    crew_init(&crew);
}

static void tear_down(void)
{
    state_query_release(&query);
    crew_release(&crew);
}

START_TEST(takes_up_what_was_kept)
{
    static const struct {
        const char *text; /* NULL: nothing */
        bool has_state;
    } rows[] = {
        {NULL,                           false},
        {"damaged",                      false},
        {"{\"version\":7}",              false},
        {"{\"version\":7,\"slots\":{}}", true }
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].text)
            world_write(&crew.world, "metadata/state.json", rows[i].text);
        state_query_init(&query, &crew.parts, on_answered, NULL);
        ck_assert_int_eq(state_query_load(&query), 0);
        ck_assert_int_eq(query.has_state, rows[i].has_state);
        state_query_release(&query);
    }
}
END_TEST

START_TEST(says_that_nobody_answered)
{
    struct detection list[REPORT_DETECTIONS_MAX];
    struct end end = {0};

    state_query_init(&query, &crew.parts, on_answered, &end);
    ck_assert_int_eq(state_query_ask(&query, 0), 0);
    ck_assert_int_eq(state_query_ask(&query, 0), 0);
    ck_assert(state_query_is_asking(&query));
    turning_until(&crew.turning, &end.happened);
    ck_assert_int_eq(end.answer.outcome, STATE_QUERY_FAILED);
    ck_assert_int_eq(end.answer.status, 0);
    ck_assert_int_eq(end.answer.retry_after_ms, -1);
    ck_assert_uint_eq(detections_list(&crew.detections, list), 1);
    ck_assert_str_eq(list[0].check, "unreachable");
    ck_assert_str_eq(list[0].file, "state");
    end.happened = false; /* it asks once more, as it was told to */
    turning_until(&crew.turning, &end.happened);
    ck_assert(!state_query_is_asking(&query));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/state_query");
    TCase *tcase = tcase_create("state_query");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, takes_up_what_was_kept);
    tcase_add_test(tcase, says_that_nobody_answered);
    return world_run(suite, tcase);
}
