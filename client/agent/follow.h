/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FOLLOW_H
#define AGENT_FOLLOW_H

#include "agent/config.h"
#include "agent/events.h"
#include "agent/parts.h"
#include "agent/sync.h"
#include "lib/retry.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * When to ask. By the event stream where it gets through; where it does not (a proxy that buffers,
 * a server that has none) by long polls; where those do not either by polls alone. A poll now and
 * then happens in any case: push is speed, never correctness.
 */
struct follow {
    const struct parts *parts;
    struct sync *sync;
    enum config_sync_mode wanted;
    enum config_sync_mode mode; /* what is in use: never CONFIG_SYNC_AUTO */
    int64_t poll_ms;
    struct retry retry;
    struct loop_timer reconnect;
    struct loop_timer poll;
    struct loop_timer better; /* when to try the better way again */
    struct events events;
    int refused_status;     /* what the stream was last refused with, and said */
    unsigned refusals;      /* streams in a row that never opened while polls got through */
    unsigned quick_answers; /* long polls in a row that were not held back */
};

void follow_init(struct follow *follow, const struct parts *parts, struct sync *sync);

/* Asks at once, and then follows. */
void follow_start(struct follow *follow);

/* To be called when the server answered, or did not, as of struct sync. */
void follow_answered(struct follow *follow, int status, int64_t waited_ms);

const char *follow_mode_name(const struct follow *follow);

void follow_release(struct follow *follow);

#endif
