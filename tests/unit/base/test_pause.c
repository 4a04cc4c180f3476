/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pause.h"

#include "base/clock.h"
#include "suite.h"

/* Longer than a test may take: who waits it out fails by the suite's own limit. */
#define FOR_EVER_MS (INT64_C(3600) * 1000)

static void *wait_for_ever(void *arg)
{
    struct pause *pause = arg;

    return pause_ms(pause, FOR_EVER_MS) ? pause : NULL;
}

START_TEST(waits_as_long_as_it_was_told)
{
    struct pause pause;
    int64_t before_us = clock_monotonic_us(clock_system());

    pause_init(&pause);
    ck_assert(pause_ms(&pause, 5));
    ck_assert_int_ge(clock_monotonic_us(clock_system()) - before_us, 5000);
    ck_assert(pause_ms(&pause, 0));
    ck_assert(pause_ms(&pause, -1));
    ck_assert(!pause_ended(&pause));
    pause_release(&pause);
}
END_TEST

START_TEST(is_ended_by_another_thread)
{
    struct pause pause;
    pthread_t thread;
    void *goes_on;

    pause_init(&pause);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, &pause), 0);
    pause_end(&pause);
    ck_assert_int_eq(pthread_join(thread, &goes_on), 0);
    ck_assert_ptr_null(goes_on);
    pause_release(&pause);
}
END_TEST

START_TEST(an_end_stays)
{
    struct pause pause;

    pause_init(&pause);
    pause_end(&pause);
    ck_assert(pause_ended(&pause));
    ck_assert(!pause_ms(&pause, FOR_EVER_MS));
    ck_assert(!pause_ms(&pause, 0));
    pause_release(&pause);
}
END_TEST

int main(void)
{
    return SUITE_RUN("base/pause", waits_as_long_as_it_was_told, is_ended_by_another_thread,
                     an_end_stays);
}
