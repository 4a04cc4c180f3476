/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct clock;
struct http;

/*
 * The agent's only poll(2): descriptors, timers and the HTTP client's sockets. Nothing runs a
 * thread; with nothing to do the process sleeps until the next timer.
 *
 * Sources and timers are the caller's storage and stay linked until removed. Callbacks may add and
 * remove any of them, themselves included.
 */
struct loop_source {
    int fd;
    short events; /* may be changed while it is linked */
    void (*ready)(void *state, short revents);
    void *state;
    struct loop_source *next;
    bool linked;
};

struct loop_timer {
    void (*fire)(void *state);
    void *state;
    int64_t due_us;
    struct loop_timer *next;
    bool armed;
};

struct loop {
    const struct clock *clock;
    struct http *http; /* may be NULL */
    struct loop_source *sources;
    struct loop_timer *timers;
    bool stopped;
};

#define LOOP_SOURCES_MAX 64

/* A zeroed loop with its clock set is ready for use; there is nothing to release. */

void loop_add(struct loop *loop, struct loop_source *source);
void loop_remove(struct loop *loop, struct loop_source *source);

/* Arms, or arms anew; it fires once. 0 ms: as soon as the loop comes around. */
void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t delay_ms);
void loop_disarm(struct loop *loop, struct loop_timer *timer);

/* Waits for something to happen and handles it. Returns 0 or negative when fatal. */
int loop_turn(struct loop *loop) MUST_CHECK;

/* Turns until loop_stop(). */
int loop_run(struct loop *loop) MUST_CHECK;
void loop_stop(struct loop *loop);

#endif
