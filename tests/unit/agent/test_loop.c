/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loop.h"

#include "base/clock.h"
#include "world.h"

#include <poll.h>

struct order {
    struct loop *loop;
    char text[16];
    struct loop_source *source;
    int fd;
};

static void fire_a(void *state)
{
    (void)strcat(((struct order *)state)->text, "a");
}

static void fire_b(void *state)
{
    struct order *order = state;

    (void)strcat(order->text, "b");
    loop_stop(order->loop);
}

static int64_t fixed_us(void *state)
{
    return *(int64_t *)state;
}

START_TEST(fires_what_is_due_and_only_that)
{
    int64_t now_us = 1000000;
    struct clock clock = {.monotonic_us = fixed_us, .state = &now_us};
    struct loop loop = {.clock = &clock};
    struct order order = {.loop = &loop};
    struct loop_timer a = {.fire = fire_a, .state = &order};
    struct loop_timer b = {.fire = fire_b, .state = &order};
    struct loop_timer never = {.fire = fire_a, .state = &order};

    loop_arm(&loop, &never, 10);
    loop_arm(&loop, &never, 1000000);
    loop_arm(&loop, &b, 0);
    loop_arm(&loop, &a, 500);
    loop_disarm(&loop, &a);
    loop_disarm(&loop, &a);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_str_eq(order.text, "b");
    ck_assert(never.armed);
    ck_assert(!b.armed);
}
END_TEST

static void on_ready(void *state, short revents)
{
    struct order *order = state;
    char byte;

    ck_assert(revents & POLLIN);
    ck_assert_int_eq(read(order->fd, &byte, 1), 1);
    (void)strcat(order->text, "r");
    loop_remove(order->loop, order->source);
    loop_remove(order->loop, order->source);
    loop_stop(order->loop);
}

START_TEST(calls_sources_that_may_remove_themselves)
{
    struct loop loop = {.clock = clock_system()};
    struct order order = {.loop = &loop};
    struct loop_source source = {.events = POLLIN, .ready = on_ready, .state = &order};
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    order.fd = source.fd = ends[0];
    order.source = &source;
    loop_add(&loop, &source);
    loop_add(&loop, &source);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_str_eq(order.text, "r");
    ck_assert_ptr_null(loop.sources);
    (void)close(ends[0]);
    (void)close(ends[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agent/loop");
    TCase *tcase = tcase_create("loop");

    tcase_add_test(tcase, fires_what_is_due_and_only_that);
    tcase_add_test(tcase, calls_sources_that_may_remove_themselves);
    return world_run(suite, tcase);
}
