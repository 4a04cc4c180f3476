/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_PULSE_H
#define DB_PULSE_H

#include "base/error.h"
#include "db/db.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the database answers. A thread asks it something trivial again and again, on a connection
 * of its own. A server that is frozen, or behind a network that swallows what is sent, closes no
 * connection: where the answer stays out, all who wait on a connection that knows this pulse
 * (db_config.pulse) give up with ERR_UNAVAILABLE, and who comes later does not even ask, until it
 * answers again.
 */
struct pulse;

struct pulse_config {
    const struct db_config *db; /* copied */
    int answer_timeout_ms;      /* how long an answer may stay out */
    atomic_bool *is_up;         /* set to whether it answered when last asked; may be NULL */
};

int pulse_new(const struct pulse_config *config, struct pulse **ret_pulse) MUST_CHECK;

/* Ends the thread, which takes answer_timeout_ms at most. Accepts NULL. */
void pulse_free(struct pulse *pulse);

/* Whether its answer stays out. Any thread; NULL: no. */
bool pulse_is_silent(const struct pulse *pulse);

/* Somebody's connection was made just now: an outage that others met is over. Any thread; accepts
 * NULL. */
void pulse_connected(struct pulse *pulse);

/* When pulse_connected() was called last, in monotonic microseconds; 0: never. NULL: never. */
int64_t pulse_connected_us(const struct pulse *pulse);

#endif
