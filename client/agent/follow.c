/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/follow.h"

#include "agent/identity.h"
#include "base/log.h"
#include "crypto/secret.h"

#include <inttypes.h>
#include <stdio.h>

#define POLL_MS_DEFAULT 300000
#define REFUSALS_MAX 3
#define QUICK_ANSWERS_MAX 3
#define QUICK_MS 1000
#define BETTER_MS 3600000

static void connect_stream(void *state);

const char *follow_mode_name(const struct follow *follow)
{
    static const char *const names[] = {
        [CONFIG_SYNC_AUTO] = "auto",
        [CONFIG_SYNC_EVENTS] = "events",
        [CONFIG_SYNC_LONGPOLL] = "longpoll",
        [CONFIG_SYNC_POLL] = "poll",
    };

    return names[follow->mode];
}

/* A tenth earlier or later, so that devices which started as one do not ask as one. */
static int64_t jittered(int64_t ms)
{
    uint32_t number;

    secret_random(&number, sizeof(number));
    return ms - ms / 10 + (int64_t)(number % (uint64_t)(ms / 5 + 1));
}

static void arm_poll(struct follow *follow)
{
    loop_arm(follow->parts->loop, &follow->poll, jittered(follow->poll_ms));
}

static void on_poll(void *state)
{
    struct follow *follow = state;

    arm_poll(follow);
    if (!sync_is_asking(follow->sync))
        sync_ask(follow->sync, 0);
}

static void on_reconnect(void *state)
{
    struct follow *follow = state;

    if (follow->mode == CONFIG_SYNC_EVENTS)
        connect_stream(follow);
    else if (follow->mode == CONFIG_SYNC_LONGPOLL && !sync_is_asking(follow->sync))
        sync_ask(follow->sync, follow->parts->config->long_poll_ms / 1000);
}

/* Falls back to the next way, and comes back to the best one in an hour. */
static void fall_back(struct follow *follow, enum config_sync_mode mode)
{
    if (follow->wanted != CONFIG_SYNC_AUTO)
        return;
    follow->mode = mode;
    follow->refusals = 0;
    follow->quick_answers = 0;
    log_line(LOG_INFO, "following the server by %s for now", follow_mode_name(follow));
    loop_arm(follow->parts->loop, &follow->better, BETTER_MS);
}

static void on_better(void *state)
{
    struct follow *follow = state;

    follow->mode = CONFIG_SYNC_EVENTS;
    connect_stream(follow);
}

/* ---- the event stream */

static void on_stream_changed(void *state)
{
    struct follow *follow = state;

    sync_ask(follow->sync, 0);
}

static void on_stream_opened(void *state)
{
    struct follow *follow = state;

    follow->refusals = 0;
    follow->refused_status = 0;
    retry_succeeded(&follow->retry);
    log_line(LOG_DEBUG, "following the server's events");
}

static void on_stream_ended(void *state, bool was_open, int status, bool goodbye)
{
    struct follow *follow = state;
    int64_t asked_ms = follow->events.parser.retry_ms;
    int64_t wait_ms;

    if (!was_open && status >= 400 && status != follow->refused_status) {
        log_line(LOG_WARN, "the server refuses the event stream with %d%s", status,
                 status == 401 ? ": was this device revoked? Enrol it again" : "");
        follow->refused_status = status;
    }
    if (!was_open && follow->sync->online && status != 401 && status != 503)
        follow->refusals++;
    if (follow->refusals >= REFUSALS_MAX)
        fall_back(follow, CONFIG_SYNC_LONGPOLL);
    wait_ms = retry_failed(&follow->retry, -1);
    if (goodbye && asked_ms > 0 && wait_ms > asked_ms) /* it is coming back; jitter is enough */
        wait_ms = asked_ms;
    log_line(LOG_DEBUG, "the event stream ended, connecting again in %" PRId64 " ms", wait_ms);
    loop_arm(follow->parts->loop, &follow->reconnect, wait_ms);
}

static void connect_stream(void *state)
{
    struct follow *follow = state;
    const struct events_callbacks callbacks = {.changed = on_stream_changed,
                                               .opened = on_stream_opened,
                                               .ended = on_stream_ended,
                                               .state = follow};
    char url[IDENTITY_URL_SIZE + 64];
    char id[32] = "";

    if (follow->events.transfer)
        return;
    if (sync_version(follow->sync) >= 0)
        (void)snprintf(id, sizeof(id), "%" PRId64, sync_version(follow->sync));
    (void)snprintf(url, sizeof(url), "%s/device/v1/events", follow->parts->url);
    if (events_start(&follow->events, follow->parts->loop, url, follow->parts->identity->token, id,
                     follow->parts->config->silence_ms / 1000, &callbacks))
        loop_arm(follow->parts->loop, &follow->reconnect, retry_failed(&follow->retry, -1));
}

/* ---- long polls */

void follow_answered(struct follow *follow, int status, int64_t waited_ms)
{
    if (follow->mode != CONFIG_SYNC_LONGPOLL)
        return;
    if (status == 304)
        follow->quick_answers = waited_ms < QUICK_MS ? follow->quick_answers + 1 : 0;
    if (follow->quick_answers >= QUICK_ANSWERS_MAX)
        fall_back(follow, CONFIG_SYNC_POLL);
    if (follow->mode != CONFIG_SYNC_LONGPOLL)
        return;
    if (status == 200 || status == 304)
        retry_succeeded(&follow->retry);
    loop_arm(follow->parts->loop, &follow->reconnect,
             status == 200 || (status == 304 && !follow->quick_answers)
                 ? 0
                 : retry_failed(&follow->retry, -1));
}

/* ---- */

void follow_init(struct follow *follow, const struct parts *parts, struct sync *sync)
{
    const struct config *config = parts->config;

    *follow = (struct follow){.parts = parts, .sync = sync};
    follow->wanted = (enum config_sync_mode)config->sync_mode;
    follow->mode = follow->wanted == CONFIG_SYNC_AUTO ? CONFIG_SYNC_EVENTS : follow->wanted;
    follow->retry.base_ms = config->retry_base_ms;
    follow->retry.cap_ms = config->retry_cap_ms;
    follow->poll_ms = config->poll_interval_ms ? config->poll_interval_ms
                      : parts->identity->poll_interval_s > 0
                          ? parts->identity->poll_interval_s * 1000
                          : POLL_MS_DEFAULT;
    follow->reconnect = (struct loop_timer){.fire = on_reconnect, .state = follow};
    follow->poll = (struct loop_timer){.fire = on_poll, .state = follow};
    follow->better = (struct loop_timer){.fire = on_better, .state = follow};
}

void follow_start(struct follow *follow)
{
    arm_poll(follow);
    sync_ask(follow->sync, 0);
    if (follow->mode == CONFIG_SYNC_EVENTS)
        connect_stream(follow);
}

void follow_release(struct follow *follow)
{
    if (!follow->parts)
        return;
    events_stop(&follow->events);
    loop_disarm(follow->parts->loop, &follow->reconnect);
    loop_disarm(follow->parts->loop, &follow->poll);
    loop_disarm(follow->parts->loop, &follow->better);
    *follow = (struct follow){0};
}
