/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DEVICE_GATEWAY_H
#define DEVICE_GATEWAY_H

#include "base/clock.h"
#include "core/trust/director.h"
#include "http/listener.h"

#include <stdint.h>

struct blob;
struct newcomers;
struct roster;
struct wheel;

/* What the handlers of the device listener reach through call.context. Built by app.c, which owns
 * all of it; complete before the listener serves, and constant from then on. */
struct gateway {
    const struct clock *clock;
    struct blob *blob;
    struct roster *roster;
    struct newcomers *newcomers;
    struct wheel *wheel;       /* of heartbeats and long-polls */
    struct listener *listener; /* for listener_stopping() */
    struct director_settings director;
    int64_t heartbeat_ms;    /* of event streams */
    int64_t poll_interval_s; /* what devices are told at enrolment */
};

#endif
