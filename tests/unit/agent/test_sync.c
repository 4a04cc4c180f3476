/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sync.h"

#include "crew.h"

static void on_settled(void *state)
{
    *(bool *)state = true;
}

START_TEST(starts_with_the_state_that_it_kept)
{
    static const struct {
        const char *text; /* NULL: none */
        int64_t version;
    } rows[] = {
        {NULL,                           -1},
        {"damaged",                      -1},
        {"{\"version\":7}",              -1},
        {"{\"version\":7,\"slots\":{}}", 7 }
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct retry retry = {.base_ms = 60000, .cap_ms = 60000};
        struct crew crew;
        struct sync sync;

        crew_init(&crew);
        if (rows[i].text)
            world_write(&crew.world, "metadata/state.json", rows[i].text);
        sync_init(&sync, &crew.parts, &retry);
        ck_assert_int_eq(sync_begin(&sync), 0);
        ck_assert_int_eq(sync_version(&sync), rows[i].version);
        ck_assert(sync_is_idle(&sync));
        sync_release(&sync);
        crew_release(&crew);
    }
}
END_TEST

START_TEST(backs_off_when_nobody_answers)
{
    const struct retry retry = {.base_ms = 60000, .cap_ms = 60000};
    struct crew crew;
    struct sync sync;
    bool settled = false;

    crew_init(&crew);
    sync_init(&sync, &crew.parts, &retry);
    sync.settled = on_settled;
    sync.state_of_owner = &settled;
    ck_assert_int_eq(sync_begin(&sync), 0);
    sync_ask(&sync, 0);
    ck_assert(sync_is_asking(&sync));
    turning_until(&crew.turning, &settled);
    ck_assert(!sync.online);
    ck_assert(sync.retry_timer.armed);
    sync_release(&sync);
    crew_release(&crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/sync");
    TCase *tcase = tcase_create("sync");

    tcase_add_test(tcase, starts_with_the_state_that_it_kept);
    tcase_add_test(tcase, backs_off_when_nobody_answers);
    return world_run(suite, tcase);
}
