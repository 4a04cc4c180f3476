/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_WHEEL_H
#define PUSH_WHEEL_H

#include "base/clock.h"
#include "base/error.h"

#include <stdint.h>

/*
 * Timers for very many waits at once (heartbeats, long-polls): one thread for all, arming and
 * disarming cost a few pointers. Resolution is a tenth of a second; a timer never fires early.
 * Thread-safe.
 */
struct wheel;

#define WHEEL_TICK_MS 100

/*
 * Embedded in whatever waits; zeroed before first use. fire runs on the wheel's thread with a lock
 * of the wheel held: it must not block, nor call the wheel. A timer fires once for each arming.
 */
struct wheel_timer {
    void (*fire)(struct wheel_timer *timer);
    struct wheel_timer *next;
    struct wheel_timer **link; /* NULL: not armed */
    int64_t due_tick;
};

int wheel_new(const struct clock *clock, struct wheel **ret_wheel) MUST_CHECK;
/* Stops the thread. No timer may be armed any more. Accepts NULL. */
void wheel_free(struct wheel *wheel);

/* Arms a timer, or arms it anew, to fire in delay_ms. */
void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, int64_t delay_ms);

/* Afterwards it is not firing and will not fire. A timer that is not armed is fine. */
void wheel_disarm(struct wheel *wheel, struct wheel_timer *timer);

/* Fires what is due by the clock. The thread does this once a tick; tests do it by hand. */
void wheel_turn(struct wheel *wheel);

#endif
