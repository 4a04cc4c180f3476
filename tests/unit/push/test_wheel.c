/* SPDX-License-Identifier: Apache-2.0 */
#include "push/wheel.h"

#include "suite.h"

#include <stdatomic.h>

/* The wheel's own thread turns too: only what the clock says may fire. */
static _Atomic int64_t now_us;

static int64_t read_clock(void *state)
{
    (void)state;
    return atomic_load(&now_us);
}

static const struct clock clock = {.monotonic_us = read_clock};

struct bell {
    struct wheel_timer timer; /* first */
    atomic_int rung;
};

static void ring(struct wheel_timer *timer)
{
    atomic_fetch_add(&((struct bell *)timer)->rung, 1);
}

static void advance(struct wheel *wheel, int64_t ms)
{
    atomic_fetch_add(&now_us, ms * 1000);
    wheel_turn(wheel);
}

START_TEST(fires_once_and_never_early)
{
    static struct bell bell = {.timer.fire = ring};
    struct wheel *wheel;

    ck_assert_int_eq(wheel_new(&clock, &wheel), 0);
    wheel_arm(wheel, &bell.timer, 1000);
    advance(wheel, 1000);
    ck_assert_int_eq(bell.rung, 0);
    advance(wheel, 2 * WHEEL_TICK_MS);
    ck_assert_int_eq(bell.rung, 1);
    advance(wheel, 600000);
    ck_assert_int_eq(bell.rung, 1);
    wheel_free(wheel);
}
END_TEST

START_TEST(a_disarmed_timer_stays_silent_and_may_be_armed_again)
{
    static struct bell bell = {.timer.fire = ring};
    struct wheel *wheel;

    ck_assert_int_eq(wheel_new(&clock, &wheel), 0);
    wheel_disarm(wheel, &bell.timer);
    wheel_arm(wheel, &bell.timer, 500);
    wheel_disarm(wheel, &bell.timer);
    advance(wheel, 2000);
    ck_assert_int_eq(bell.rung, 0);
    wheel_arm(wheel, &bell.timer, 500);
    wheel_arm(wheel, &bell.timer, 5000);
    advance(wheel, 2000);
    ck_assert_int_eq(bell.rung, 0);
    advance(wheel, 4000);
    ck_assert_int_eq(bell.rung, 1);
    wheel_free(wheel);
}
END_TEST

START_TEST(waits_longer_than_a_round_and_catches_up_after_a_pause)
{
    enum {
        COUNT = 3000
    };
    static struct bell bells[COUNT];
    struct wheel *wheel;

    ck_assert_int_eq(wheel_new(&clock, &wheel), 0);
    for (int i = 0; i < COUNT; i++) {
        bells[i].timer.fire = ring;
        wheel_arm(wheel, &bells[i].timer, (int64_t)i * WHEEL_TICK_MS);
    }
    advance(wheel, 150000 + 2 * WHEEL_TICK_MS);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(bells[i].rung, i <= 1500 ? 1 : bells[i].rung);
    ck_assert_int_eq(bells[2000].rung, 0);
    advance(wheel, 300000);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(bells[i].rung, 1);
    wheel_free(wheel);
    wheel_free(NULL);
}
END_TEST

int main(void)
{
    return SUITE_RUN("push/wheel", fires_once_and_never_early,
                     a_disarmed_timer_stays_silent_and_may_be_armed_again,
                     waits_longer_than_a_round_and_catches_up_after_a_pause);
}
