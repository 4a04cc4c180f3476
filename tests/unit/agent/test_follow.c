/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/follow.h"

#include "crew.h"

START_TEST(polls_where_long_polls_are_not_held)
{
    struct crew crew;
    struct sync sync;
    struct follow follow;
    const struct retry retry = {.base_ms = 60000, .cap_ms = 60000};

    crew_init(&crew);
    sync_init(&sync, &crew.parts, &retry);
    follow_init(&follow, &crew.parts, &sync);
    ck_assert_str_eq(follow_mode_name(&follow), "events");
    follow.mode = CONFIG_SYNC_LONGPOLL;
    follow_answered(&follow, 304, 60000);
    follow_answered(&follow, 304, 1);
    follow_answered(&follow, 304, 1);
    ck_assert_str_eq(follow_mode_name(&follow), "longpoll");
    follow_answered(&follow, 304, 1);
    ck_assert_str_eq(follow_mode_name(&follow), "poll");
    ck_assert(follow.better.armed);
    follow_release(&follow);
    sync_release(&sync);
    crew_release(&crew);
}
END_TEST

START_TEST(does_as_it_is_told)
{
    struct crew crew;
    struct sync sync;
    struct follow follow;
    const struct retry retry = {.base_ms = 60000, .cap_ms = 60000};

    crew_init(&crew);
    crew.config.sync_mode = CONFIG_SYNC_LONGPOLL;
    sync_init(&sync, &crew.parts, &retry);
    follow_init(&follow, &crew.parts, &sync);
    for (int i = 0; i < 10; i++)
        follow_answered(&follow, 304, 1);
    ck_assert_str_eq(follow_mode_name(&follow), "longpoll");
    follow_release(&follow);
    sync_release(&sync);
    crew_release(&crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/follow");
    TCase *tcase = tcase_create("follow");

    tcase_add_test(tcase, polls_where_long_polls_are_not_held);
    tcase_add_test(tcase, does_as_it_is_told);
    return world_run(suite, tcase);
}
