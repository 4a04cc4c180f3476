/* SPDX-License-Identifier: Apache-2.0 */
#include "push/roster_seen.h"

#include "push/roster_state.h"

/* Whether there is news of the device; then it counts as told. */
static bool take_device(struct roster_device *device, int64_t min_age_s,
                        struct roster_seen *ret_seen)
{
    uint32_t seen_s = atomic_load_explicit(&device->seen_s, memory_order_relaxed);
    bool connected = device->subscriptions != NULL;

    if (connected == device->connected_taken && (int64_t)seen_s - device->taken_s < min_age_s)
        return false;
    *ret_seen = (struct roster_seen){device->id, seen_s, connected, device->connected_taken};
    device->taken_s = seen_s;
    device->connected_taken = connected;
    return true;
}

/* Returns whether the whole shard was looked at. */
static bool take_shard(struct roster_shard *shard, int64_t min_age_s, struct roster_seen *ret_seen,
                       size_t capacity, size_t *taken)
{
    for (size_t b = 0; b < shard->bucket_count; b++) {
        for (struct roster_device *device = shard->buckets[b]; device; device = device->chain) {
            if (*taken == capacity)
                return false;
            if (take_device(device, min_age_s, &ret_seen[*taken]))
                (*taken)++;
        }
    }
    return true;
}

size_t roster_seen_take(struct roster *roster, int64_t min_age_s, size_t *cursor,
                        struct roster_seen *ret_seen, size_t capacity)
{
    size_t taken = 0;

    while (*cursor < ROSTER_ID_SHARDS) {
        struct roster_shard *shard = &roster->ids[*cursor];
        bool whole;

        (void)pthread_mutex_lock(&shard->lock);
        whole = take_shard(shard, min_age_s, ret_seen, capacity, &taken);
        (void)pthread_mutex_unlock(&shard->lock);
        if (!whole)
            return taken;
        (*cursor)++;
    }
    *cursor = 0;
    return taken;
}
