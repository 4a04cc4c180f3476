/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_AGENT_TURNING_H
#define UNIT_AGENT_TURNING_H

#include "agent/loop.h"
#include "base/clock.h"
#include "lib/http.h"

#include <check.h>

/* A loop with an HTTP client, turned until something has happened. */
struct turning {
    struct loop loop;
    struct http *http;
};

static inline void turning_init(struct turning *turning)
{
    const struct http_settings settings = {.connect_timeout_ms = 1000};

    *turning = (struct turning){.loop = {.clock = clock_system()}};
    ck_assert_int_eq(http_new(&settings, &turning->http), 0);
    turning->loop.http = turning->http;
}

static inline void turning_until(struct turning *turning, const bool *happened)
{
    while (!*happened)
        ck_assert_int_eq(loop_turn(&turning->loop), 0);
}

#endif
