/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_REPORTER_H
#define AGENT_REPORTER_H

#include "agent/identity.h"
#include "agent/loop.h"
#include "agent/spool.h"
#include "base/error.h"
#include "lib/http.h"
#include "lib/retry.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Reports: signed with the device's key, spooled durably, delivered in order, one at a time, with
 * backoff, for as long as it takes. What cannot be spooled (the disk is full) is kept in memory
 * and delivered first.
 */

#define REPORTER_HELD_MAX 4

struct reporter {
    struct loop *loop;
    const struct store *store;
    struct identity *identity;
    struct detections *detections; /* every report holds them; may be NULL */
    const char *url;               /* base of the device listener */
    struct spool spool;
    struct retry retry;
    struct loop_timer timer;
    struct http_transfer *transfer;
    char *sending; /* the body that is on its way */
    int64_t sending_sequence;
    bool sending_held;
    struct {
        char *bytes;
        int64_t sequence;
    } held[REPORTER_HELD_MAX];
    size_t held_count;
    void (*idle)(void *state); /* nothing is left, or it could not be delivered now */
    void (*unauthorized)(void *state);
    void *state;
    bool online;           /* the last delivery got through */
    int64_t last_sequence; /* given since the start */
};

void reporter_init(struct reporter *reporter, struct loop *loop, const struct store *store,
                   struct identity *identity, const char *url, const struct retry *retry);

/* The next sequence number, kept durably. */
int reporter_sequence(struct reporter *reporter, int64_t *ret_sequence) MUST_CHECK;

/*
 * Signs and spools a report on one slot, and on what is wrong at the moment; the same sequence
 * again replaces what is spooled.
 *
 * slot  NULL: there is no news of any; its strings are borrowed; bytes that are not UTF-8 in the
 * error's detail are replaced
 */
int reporter_put(struct reporter *reporter, int64_t sequence, int64_t state_version,
                 const struct report_slot *slot) MUST_CHECK;

/* Delivers what waits; now: without waiting for the backoff to end. */
void reporter_deliver(struct reporter *reporter, bool now);

/* How many wait. */
size_t reporter_waiting(const struct reporter *reporter);

bool reporter_busy(const struct reporter *reporter);

void reporter_release(struct reporter *reporter);

#endif
