/* SPDX-License-Identifier: Apache-2.0 */
#include "push/wheel.h"

#include "base/log.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS 1024 /* a power of two; later timers go round more than once */

struct wheel {
    const struct clock *clock;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stop;
    pthread_t thread;
    int64_t turned_tick; /* all that were due by this tick have fired */
    struct wheel_timer *slots[SLOTS];
};

static int64_t tick_now(const struct wheel *wheel)
{
    return clock_monotonic_us(wheel->clock) / (WHEEL_TICK_MS * 1000);
}

static void unlink_timer(struct wheel_timer *timer)
{
    if (!timer->link)
        return;
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    timer->link = NULL;
}

static void link_timer(struct wheel *wheel, struct wheel_timer *timer)
{
    struct wheel_timer **slot = &wheel->slots[(size_t)timer->due_tick & (SLOTS - 1)];

    timer->next = *slot;
    timer->link = slot;
    if (timer->next)
        timer->next->link = &timer->next;
    *slot = timer;
}

static void fire_slot(struct wheel *wheel, int64_t tick, int64_t now)
{
    struct wheel_timer *timer = wheel->slots[(size_t)tick & (SLOTS - 1)];

    while (timer) {
        struct wheel_timer *next = timer->next;

        if (timer->due_tick <= now) {
            unlink_timer(timer);
            timer->fire(timer);
        }
        timer = next;
    }
}

void wheel_turn(struct wheel *wheel)
{
    int64_t now = tick_now(wheel);
    int64_t from;

    /* One lock a slot: whoever arms meanwhile waits for one slot at most. */
    (void)pthread_mutex_lock(&wheel->lock);
    from = wheel->turned_tick + 1;
    if (now - from >= SLOTS)
        from = now - SLOTS + 1;
    for (int64_t tick = from; tick <= now; tick++) {
        fire_slot(wheel, tick, now);
        wheel->turned_tick = tick;
        (void)pthread_mutex_unlock(&wheel->lock);
        (void)pthread_mutex_lock(&wheel->lock);
    }
    (void)pthread_mutex_unlock(&wheel->lock);
}

static bool wait_a_tick(struct wheel *wheel)
{
    struct timespec until;
    bool stop;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WHEEL_TICK_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_mutex_lock(&wheel->lock);
    if (!wheel->stop)
        (void)pthread_cond_timedwait(&wheel->stopped, &wheel->lock, &until);
    stop = wheel->stop;
    (void)pthread_mutex_unlock(&wheel->lock);
    return !stop;
}

static void *run(void *arg)
{
    struct wheel *wheel = arg;

    while (wait_a_tick(wheel))
        wheel_turn(wheel);
    return NULL;
}

int wheel_new(const struct clock *clock, struct wheel **ret_wheel)
{
    struct wheel *wheel = calloc(1, sizeof(*wheel));
    pthread_condattr_t monotonic;

    if (!wheel)
        return log_fail(ERR_NO_MEMORY, "cannot make the timer wheel: out of memory");
    wheel->clock = clock;
    wheel->turned_tick = tick_now(wheel);
    (void)pthread_mutex_init(&wheel->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&wheel->stopped, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);

    if (pthread_create(&wheel->thread, NULL, run, wheel) != 0) {
        (void)pthread_cond_destroy(&wheel->stopped);
        (void)pthread_mutex_destroy(&wheel->lock);
        free(wheel);
        return log_fail(ERR_NO_MEMORY, "cannot start the timer thread");
    }
    (void)pthread_setname_np(wheel->thread, "timers");
    *ret_wheel = wheel;
    return 0;
}

void wheel_free(struct wheel *wheel)
{
    if (!wheel)
        return;
    (void)pthread_mutex_lock(&wheel->lock);
    wheel->stop = true;
    (void)pthread_cond_signal(&wheel->stopped);
    (void)pthread_mutex_unlock(&wheel->lock);
    (void)pthread_join(wheel->thread, NULL);
    (void)pthread_cond_destroy(&wheel->stopped);
    (void)pthread_mutex_destroy(&wheel->lock);
    free(wheel);
}

void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, int64_t delay_ms)
{
    int64_t ticks = (delay_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;

    (void)pthread_mutex_lock(&wheel->lock);
    unlink_timer(timer);
    /* The current tick has partly passed: one more, so that none fires early. */
    timer->due_tick = tick_now(wheel) + ticks + 1;
    link_timer(wheel, timer);
    (void)pthread_mutex_unlock(&wheel->lock);
}

void wheel_disarm(struct wheel *wheel, struct wheel_timer *timer)
{
    (void)pthread_mutex_lock(&wheel->lock);
    unlink_timer(timer);
    (void)pthread_mutex_unlock(&wheel->lock);
}
