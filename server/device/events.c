/* SPDX-License-Identifier: Apache-2.0 */
#include "device/events.h"

#include "base/log.h"
#include "device/gateway.h"
#include "push/roster.h"
#include "push/wheel.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 5000
#define BLOCK_BYTES 192
#define LINE_MAX 96

/* One open stream. Tens of thousands of these sit idle: every byte counts. */
struct stream {
    struct source source; /* first */
    struct subscription subscription;
    struct wheel_timer timer;
    const struct gateway *gateway;
    struct waker *waker;
    int64_t told_version; /* -1: none yet */
    atomic_bool beat;     /* the timer fired */
    bool opened;          /* "retry" is out */
    bool over;            /* "goodbye" is out */
    uint8_t pending_at;
    uint8_t pending_size;
    char pending[LINE_MAX];
};

static void on_change(struct subscription *subscription)
{
    struct stream *stream =
        (struct stream *)(void *)((char *)subscription - offsetof(struct stream, subscription));

    waker_wake(stream->waker);
}

static void on_beat(struct wheel_timer *timer)
{
    struct stream *stream =
        (struct stream *)(void *)((char *)timer - offsetof(struct stream, timer));

    atomic_store(&stream->beat, true);
    waker_wake(stream->waker);
}

__attribute__((format(printf, 2, 3))) static bool say(struct stream *stream, const char *format,
                                                      ...)
{
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(stream->pending, sizeof(stream->pending), format, args);
    va_end(args);
    stream->pending_at = 0;
    stream->pending_size = size > 0 ? (uint8_t)size : 0;
    return true;
}

static bool say_goodbye(struct stream *stream, const char *reason)
{
    stream->over = true;
    return say(stream, "event: goodbye\ndata: {\"reason\":\"%s\"}\n\n", reason);
}

/* Makes the next thing to say, if there is one. */
static bool say_next(struct stream *stream)
{
    const struct gateway *gateway = stream->gateway;
    struct roster_device *device = stream->subscription.device;
    bool beat = atomic_exchange(&stream->beat, false);
    int64_t version;

    if (!stream->opened) {
        stream->opened = true;
        return say(stream, "retry: %d\n\n", RETRY_MS);
    }
    if (!roster_device_active(device))
        return say_goodbye(stream, "this device was revoked");
    if (atomic_load(&stream->subscription.evicted))
        return say_goodbye(stream, "newer streams of this device took its place");
    version = roster_device_version(device);
    if (version != stream->told_version) {
        stream->told_version = version;
        return say(stream, "event: state\nid: %" PRId64 "\ndata: {\"version\":%" PRId64 "}\n\n",
                   version, version);
    }
    if (listener_stopping(gateway->listener))
        return say_goodbye(stream, "server is stopping");
    if (!beat)
        return false;
    roster_device_seen(device, clock_wall_ms(gateway->clock) / 1000);
    return say(stream, ":\n\n");
}

static ptrdiff_t read_stream(struct source *source, char *bytes, size_t capacity)
{
    struct stream *stream = (struct stream *)source;
    size_t size;

    if (stream->pending_at == stream->pending_size) {
        if (stream->over)
            return SOURCE_END;
        if (!say_next(stream))
            return SOURCE_WAIT;
        /* Whatever was said shows that the line is alive: the next beat counts from here. */
        wheel_arm(stream->gateway->wheel, &stream->timer, stream->gateway->heartbeat_ms);
    }
    size = (size_t)(stream->pending_size - stream->pending_at);
    if (size > capacity)
        size = capacity;
    memcpy(bytes, stream->pending + stream->pending_at, size);
    stream->pending_at = (uint8_t)(stream->pending_at + size);
    return (ptrdiff_t)size;
}

static void release_stream(struct source *source)
{
    struct stream *stream = (struct stream *)source;

    roster_unsubscribe(stream->gateway->roster, &stream->subscription);
    wheel_disarm(stream->gateway->wheel, &stream->timer);
    waker_unref(stream->waker);
    free(stream);
}

/* What the device has heard of already; -1: nothing that we understand. */
static int64_t parse_last_id(const char *text)
{
    char *end;
    long long id;

    if (!text)
        return -1;
    id = strtoll(text, &end, 10);
    return end != text && !*end && id >= 0 ? id : -1;
}

int events_get(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;
    struct stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return log_fail(ERR_NO_MEMORY, "cannot open an event stream: out of memory");
    stream->source = (struct source){read_stream, release_stream};
    stream->gateway = gateway;
    stream->waker = request_waker(call->request);
    stream->told_version = parse_last_id(request_header(call->request, "Last-Event-ID"));
    stream->subscription.wake = on_change;
    stream->timer.fire = on_beat;
    roster_subscribe(gateway->roster, call->principal->subject, &stream->subscription);

    reply_header(reply, "Cache-Control", "no-store");
    reply_header(reply, "X-Accel-Buffering", "no");
    reply_source(reply, 200, "text/event-stream", REPLY_LENGTH_UNKNOWN, BLOCK_BYTES,
                 &stream->source);
    return 0;
}
