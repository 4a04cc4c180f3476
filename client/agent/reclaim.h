/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_RECLAIM_H
#define AGENT_RECLAIM_H

#include "agent/loop.h"
#include "agent/parts.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The disk of slots that the desired state names no more. Such a slot serves on for
 * slot.reclaim_after, counted while the agent runs and not by a clock that may be set; then it goes
 * as a whole, unless an application uses it: one that is connected with the slot open, one that
 * holds its lock (libmodelferry does), or any process that has a file of it open or mapped. It is
 * looked at again later then. `previous`, which nobody needs any more, goes in any case.
 */
struct reclaim {
    const struct parts *parts;
    /* whether the slot is to be kept: it is desired, or that is not known yet, or work is under
     * way */
    bool (*keeps)(void *state, const char *slot);
    void *state;
    struct loop_timer timer;
    int64_t looked_us;
};

/* keeps and state are set by the caller before. Does nothing where reclaim_after is 0. */
void reclaim_start(struct reclaim *reclaim);

void reclaim_release(struct reclaim *reclaim);

#endif
