/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PUSH_ROSTER_STATE_H
#define PUSH_ROSTER_STATE_H

#include "push/assignments.h"
#include "push/roster.h"
#include "push/roster_promotions.h"
#include "push/roster_tokens.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * Two tables over the same devices: by id, which also guards what a device holds, and by token.
 * Locks are taken in this order: an id shard, a token shard or the assignments, never two of a
 * kind. A poll takes one token shard's lock to find its device and none to compare versions.
 */
#define ROSTER_ID_SHARDS 1024

/* What a poll reads stands first: of ten thousands that ask in turn, none is in the CPU's caches.
 */
struct roster_device {
    struct roster_token token;
    _Atomic int64_t version;
    int64_t id;
    int64_t workspace_id;
    _Atomic uint32_t seen_s;
    atomic_bool active;
    bool connected_taken;
    uint16_t generation;
    uint32_t taken_s;                /* seen_s, as roster_seen_take last told it */
    struct roster_token *next_token; /* NULL: none was issued */
    struct roster_device *chain;     /* in the id shard */
    int64_t revision;
    struct assignment *assignment; /* NULL: no slots */
    struct subscription *subscriptions;
    char name[];
};

struct roster_shard {
    pthread_mutex_t lock;
    struct roster_device **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

struct roster {
    struct assignments *assignments;
    atomic_bool ready;
    atomic_size_t active;
    atomic_size_t subscribed;
    _Atomic uint16_t generation;

    struct roster_promotions promotions;
    struct roster_shard ids[ROSTER_ID_SHARDS];
    struct roster_tokens *tokens;
};

#endif
