/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loop.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/http.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>

void loop_add(struct loop *loop, struct loop_source *source)
{
    if (source->linked)
        return;
    source->linked = true;
    source->next = loop->sources;
    loop->sources = source;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
    if (!source->linked)
        return;
    for (struct loop_source **link = &loop->sources; *link; link = &(*link)->next) {
        if (*link != source)
            continue;
        *link = source->next;
        break;
    }
    source->linked = false;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t delay_ms)
{
    timer->due_us = clock_monotonic_us(loop->clock) + delay_ms * 1000;
    if (timer->armed)
        return;
    timer->armed = true;
    timer->next = loop->timers;
    loop->timers = timer;
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
    if (!timer->armed)
        return;
    for (struct loop_timer **link = &loop->timers; *link; link = &(*link)->next) {
        if (*link != timer)
            continue;
        *link = timer->next;
        break;
    }
    timer->armed = false;
}

static int timeout_ms(const struct loop *loop)
{
    int64_t now_us = clock_monotonic_us(loop->clock);
    int timeout = loop->http ? http_poll_timeout_ms(loop->http) : -1;

    for (const struct loop_timer *timer = loop->timers; timer; timer = timer->next) {
        int64_t left_ms = timer->due_us <= now_us ? 0 : (timer->due_us - now_us + 999) / 1000;

        if (left_ms > INT_MAX)
            left_ms = INT_MAX;
        if (timeout < 0 || left_ms < timeout)
            timeout = (int)left_ms;
    }
    return timeout;
}

/* One at a time from the front: a timer's callback may change the list. */
static void fire_timers(struct loop *loop)
{
    int64_t now_us = clock_monotonic_us(loop->clock);
    struct loop_timer *timer = loop->timers;

    while (timer) {
        if (timer->due_us > now_us) {
            timer = timer->next;
            continue;
        }
        loop_disarm(loop, timer);
        timer->fire(timer->state);
        if (loop->stopped)
            return;
        /* what it armed for now waits for the next turn, or descriptors would starve */
        timer = NULL;
        for (struct loop_timer *other = loop->timers; other && !timer; other = other->next)
            if (other->due_us < now_us)
                timer = other;
    }
}

/* A source may be gone by the time its turn comes: it is looked up again by its descriptor. */
static void call_source(struct loop *loop, const struct pollfd *fd)
{
    struct loop_source *source = loop->sources;

    while (source && source->fd != fd->fd)
        source = source->next;
    if (source)
        source->ready(source->state, fd->revents);
}

int loop_turn(struct loop *loop)
{
    struct pollfd fds[LOOP_SOURCES_MAX + HTTP_POLL_MAX];
    size_t own = 0;
    size_t count;

    for (struct loop_source *source = loop->sources; source; source = source->next) {
        assert(own < LOOP_SOURCES_MAX);
        fds[own++] = (struct pollfd){.fd = source->fd, .events = source->events};
    }
    count = own + (loop->http ? http_poll(loop->http, fds + own) : 0);
    if (poll(fds, count, timeout_ms(loop)) < 0) {
        if (errno != EINTR)
            return log_fail_errno("cannot wait for events");
        return 0;
    }
    for (size_t i = 0; i < own && !loop->stopped; i++)
        if (fds[i].revents)
            call_source(loop, &fds[i]);
    if (loop->http && !loop->stopped)
        http_dispatch(loop->http, fds + own, count - own);
    if (!loop->stopped)
        fire_timers(loop);
    return 0;
}

int loop_run(struct loop *loop)
{
    while (!loop->stopped) {
        int r = loop_turn(loop);

        if (r)
            return r;
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
