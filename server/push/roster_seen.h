/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_ROSTER_SEEN_H
#define PUSH_ROSTER_SEEN_H

#include "push/roster.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When devices were seen, taken from the roster in batches for the database. */

struct roster_seen {
    int64_t device_id;
    int64_t seen_s;
    bool connected;     /* has a subscription here */
    bool was_connected; /* as it was taken before */
};

/*
 * Takes at most capacity devices that were seen at least min_age_s after what was taken of them
 * before, or whose connection came or went since. Scans from *cursor (start at 0) and leaves it 0
 * when it came round. Returns how many.
 */
size_t roster_seen_take(struct roster *roster, int64_t min_age_s, size_t *cursor,
                        struct roster_seen *ret_seen, size_t capacity);

#endif
