/* SPDX-License-Identifier: Apache-2.0 */
#include "device/state.h"

#include "base/log.h"
#include "device/gateway.h"
#include "http/etag.h"
#include "http/problems.h"
#include "push/roster.h"
#include "push/wheel.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#define WAIT_MAX_S 300

/* A long-poll. */
struct poll {
    struct subscription subscription;
    struct wheel_timer timer;
    const struct gateway *gateway;
    struct waker *waker;
    atomic_bool expired;
};

static void on_change(struct subscription *subscription)
{
    struct poll *poll =
        (struct poll *)(void *)((char *)subscription - offsetof(struct poll, subscription));

    waker_wake(poll->waker);
}

static void on_time(struct wheel_timer *timer)
{
    struct poll *poll = (struct poll *)(void *)((char *)timer - offsetof(struct poll, timer));

    atomic_store(&poll->expired, true);
    waker_wake(poll->waker);
}

static void poll_free(void *state)
{
    struct poll *poll = state;

    roster_unsubscribe(poll->gateway->roster, &poll->subscription);
    wheel_disarm(poll->gateway->wheel, &poll->timer);
    waker_unref(poll->waker);
    free(poll);
}

static int poll_begin(const struct call *call, long wait_s)
{
    const struct gateway *gateway = call->context;
    struct poll *poll = calloc(1, sizeof(*poll));

    if (!poll)
        return log_fail(ERR_NO_MEMORY, "cannot hold a poll: out of memory");
    poll->gateway = gateway;
    poll->waker = request_waker(call->request);
    poll->subscription.wake = on_change;
    poll->timer.fire = on_time;
    request_set_state(call->request, poll, poll_free);
    roster_subscribe(gateway->roster, call->principal->subject, &poll->subscription);
    wheel_arm(gateway->wheel, &poll->timer, wait_s * 1000);
    return 0;
}

/* Seconds; 0: not asked for; -1: nonsense. */
static long parse_wait(const struct call *call)
{
    const char *text = request_query(call->request, "wait");
    char *end;
    long wait_s;

    if (!text)
        return 0;
    wait_s = strtol(text, &end, 10);
    if (end == text || *end || wait_s < 1 || wait_s > WAIT_MAX_S)
        return -1;
    return wait_s;
}

/* Whether there is nothing to wait for any more. */
static bool poll_is_over(const struct call *call)
{
    const struct gateway *gateway = call->context;
    const struct poll *poll = request_state(call->request);

    return listener_stopping(gateway->listener) ||
           (poll && (atomic_load(&poll->expired) || atomic_load(&poll->subscription.evicted)));
}

static void add_etag(struct reply *reply, int64_t version)
{
    char tag[ETAG_NUMBER_SIZE];

    etag_print_number(version, tag);
    reply_header(reply, "ETag", tag);
}

static int answer(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;
    int64_t version;
    size_t size;
    const char *state = roster_device_state(gateway->roster, call->principal->subject, call->arena,
                                            &size, &version);

    add_etag(reply, version);
    reply_bytes(reply, 200, "application/json", state, size);
    return 0;
}

int state_get(const struct call *call, struct reply *reply)
{
    const struct roster_device *device = call->principal->subject;
    const char *known = request_header(call->request, "If-None-Match");
    long wait_s = parse_wait(call);
    int64_t version;
    int r;

    if (wait_s < 0) {
        reply_problem(reply, &problems_bad_request,
                      "'wait' must be a whole number of seconds from 1 to %d", WAIT_MAX_S);
        return 0;
    }
    /* Before the version is looked at: a change in between wakes. */
    if (wait_s > 0 && known && !request_state(call->request)) {
        r = poll_begin(call, wait_s);
        if (r)
            return r;
    }
    if (!roster_device_active(device)) {
        reply_problem(reply, &problems_unauthenticated, "this device was revoked");
        return 0;
    }
    version = roster_device_version(device);
    if (!known || !etag_lists_number(known, version))
        return answer(call, reply);
    if (wait_s > 0 && !poll_is_over(call)) {
        reply_wait(reply);
        return 0;
    }
    add_etag(reply, version);
    reply_empty(reply, 304);
    return 0;
}
