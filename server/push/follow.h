/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_FOLLOW_H
#define PUSH_FOLLOW_H

#include "base/clock.h"
#include "base/error.h"
#include "db/db.h"
#include "push/roster.h"

#include <stdint.h>

/*
 * Keeps a roster as the database is, on a thread and a connection of its own: loads every device
 * at first, then reads what changed whenever PostgreSQL notifies, and once in a while without
 * being told, so that a lost notification delays a change but never loses it. While PostgreSQL is
 * away the roster stays as it is. It also takes back to the database what the roster gathers:
 * when devices were seen, and which new tokens were used.
 */
struct follow;

struct follow_config {
    const struct db_config *db; /* copied */
    const struct clock *clock;
    struct roster *roster;
    int sweep_interval_ms;   /* a notification that was lost is repaired within this */
    int seen_interval_ms;    /* how often last-seen times are written */
    int64_t poll_interval_s; /* devices that poll count as online for twice this */
};

int follow_new(const struct follow_config *config, struct follow **ret_follow) MUST_CHECK;

/* Writes what the roster has gathered, where the database is there, and ends the thread. Accepts
 * NULL. */
void follow_free(struct follow *follow);

#endif
