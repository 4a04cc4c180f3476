/* SPDX-License-Identifier: Apache-2.0 */
#include "device/events.h"

#include "base/log.h"
#include "device/gateway.h"
#include "push/roster.h"
#include "push/wheel.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 5000
/* Of the buffer that libmicrohttpd keeps for peers that cannot take chunks (HTTP/1.0). */
#define BLOCK_BYTES 16
#define TEXT_MAX 128

/* What a stream says; the text is made again for each piece that the socket takes. */
enum saying {
    SAYING_NOTHING,
    SAYING_HELLO, /* retry, and the state where it differs from what the device knows */
    SAYING_STATE,
    SAYING_BEAT,
    SAYING_REVOKED, /* from here on: goodbyes */
    SAYING_EVICTED,
    SAYING_STOPPING,
};

static const char *const goodbyes[] = {
    [SAYING_REVOKED] = "this device was revoked",
    [SAYING_EVICTED] = "newer streams of this device took its place",
    [SAYING_STOPPING] = "server is stopping",
};

/* One open stream. Tens of thousands of these sit idle: every byte counts. */
struct stream {
    struct source source; /* first */
    struct subscription subscription;
    struct wheel_timer timer;
    const struct gateway *gateway;
    struct waker *waker;
    int64_t told_version; /* -1: none yet */
    atomic_bool beat;     /* the timer fired */
    bool opened;
    bool tells;     /* SAYING_HELLO: the state, too */
    uint8_t saying; /* enum saying */
    uint8_t said;   /* how many bytes of it are out */
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

/* The whole text of what the stream is saying. */
static size_t write_saying(const struct stream *stream, char text[static TEXT_MAX])
{
    char state[TEXT_MAX / 2];
    int size = 0;

    (void)snprintf(state, sizeof(state),
                   "event: state\nid: %" PRId64 "\ndata: {\"version\":%" PRId64 "}\n\n",
                   stream->told_version, stream->told_version);
    switch ((enum saying)stream->saying) {
    case SAYING_NOTHING:
        break;
    case SAYING_HELLO:
        size = snprintf(text, TEXT_MAX, "retry: %d\n\n%s", RETRY_MS, stream->tells ? state : "");
        break;
    case SAYING_STATE:
        size = snprintf(text, TEXT_MAX, "%s", state);
        break;
    case SAYING_BEAT:
        size = snprintf(text, TEXT_MAX, ":\n\n");
        break;
    case SAYING_REVOKED:
    case SAYING_EVICTED:
    case SAYING_STOPPING:
        size = snprintf(text, TEXT_MAX, "event: goodbye\ndata: {\"reason\":\"%s\"}\n\n",
                        goodbyes[stream->saying]);
        break;
    }
    return (size_t)size;
}

/* What to say next. */
static enum saying decide(struct stream *stream)
{
    const struct gateway *gateway = stream->gateway;
    struct roster_device *device = stream->subscription.device;
    bool beat = atomic_exchange(&stream->beat, false);
    int64_t version = roster_device_version(device);
    bool news = version != stream->told_version;

    stream->told_version = version;
    if (!roster_device_active(device))
        return SAYING_REVOKED;
    if (!stream->opened) {
        stream->opened = true;
        stream->tells = news;
        return SAYING_HELLO;
    }
    if (news)
        return SAYING_STATE;
    if (atomic_load(&stream->subscription.evicted))
        return SAYING_EVICTED;
    if (listener_stopping(gateway->listener))
        return SAYING_STOPPING;
    if (!beat)
        return SAYING_NOTHING;
    roster_device_seen(device, clock_wall_ms(gateway->clock) / 1000);
    return SAYING_BEAT;
}

static ptrdiff_t read_stream(struct source *source, char *bytes, size_t capacity)
{
    struct stream *stream = (struct stream *)source;
    char text[TEXT_MAX];
    size_t whole;
    size_t size;

    if (stream->saying == SAYING_NOTHING) {
        stream->saying = (uint8_t)decide(stream);
        if (stream->saying == SAYING_NOTHING)
            return SOURCE_WAIT;
        /* Whatever is said shows that the line is alive: the next beat counts from here. */
        wheel_arm(stream->gateway->wheel, &stream->timer, stream->gateway->heartbeat_ms);
    }
    whole = write_saying(stream, text);
    if (stream->said == whole) /* a goodbye was said: nothing follows */
        return SOURCE_END;
    size = whole - stream->said;
    if (size > capacity)
        size = capacity;
    memcpy(bytes, text + stream->said, size);
    stream->said = (uint8_t)(stream->said + size);
    if (stream->saying < SAYING_REVOKED && stream->said == whole) {
        stream->saying = SAYING_NOTHING;
        stream->said = 0;
    }
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
