/* SPDX-License-Identifier: Apache-2.0 */
#include "push/roster.h"

#include "base/log.h"
#include "crypto/secret.h"
#include "push/assignments.h"
#include "push/roster_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_AT_FIRST 4

/* ---- the table by id --------------------------------------------------------------------------
 */

static struct roster_shard *id_shard_of(struct roster *roster, int64_t id)
{
    return &roster->ids[(uint64_t)id % ROSTER_ID_SHARDS];
}

static struct roster_device **id_bucket(struct roster_device **buckets, size_t bucket_count,
                                        int64_t id)
{
    return &buckets[(uint64_t)id / ROSTER_ID_SHARDS & (bucket_count - 1)];
}

static struct roster_device *find_id(const struct roster_shard *shard, int64_t id)
{
    struct roster_device *device;

    if (!shard->buckets)
        return NULL;
    device = *id_bucket(shard->buckets, shard->bucket_count, id);
    while (device && device->id != id)
        device = device->chain;
    return device;
}

static bool grow_ids(struct roster_shard *shard)
{
    size_t bucket_count = shard->buckets ? shard->bucket_count * 2 : BUCKETS_AT_FIRST;
    struct roster_device **buckets = calloc(bucket_count, sizeof(struct roster_device *));

    if (!buckets)
        return shard->buckets != NULL;
    assert(shard->buckets || shard->bucket_count == 0);
    for (size_t i = 0; i < shard->bucket_count; i++) {
        struct roster_device *device = shard->buckets[i];

        while (device) {
            struct roster_device *chain = device->chain;
            struct roster_device **bucket = id_bucket(buckets, bucket_count, device->id);

            device->chain = *bucket;
            *bucket = device;
            device = chain;
        }
    }
    free(shard->buckets);
    shard->buckets = buckets;
    shard->bucket_count = bucket_count;
    return true;
}

/* ---- changes; all with the lock of the device's id shard held
 * ------------------------------------ */

static void wake_all(struct roster_device *device)
{
    struct subscription *subscription = device->subscriptions;

    while (subscription) {
        struct subscription *next = subscription->next;

        subscription->wake(subscription);
        subscription = next;
    }
}

static void drop_next_token(struct roster *roster, struct roster_device *device)
{
    if (!device->next_token)
        return;
    roster_tokens_remove(roster->tokens, device->next_token);
    free(device->next_token);
    device->next_token = NULL;
}

static void deactivate(struct roster *roster, struct roster_device *device)
{
    if (!atomic_exchange(&device->active, false))
        return;
    roster_tokens_remove(roster->tokens, &device->token);
    drop_next_token(roster, device);
    atomic_fetch_sub(&roster->active, 1);
    wake_all(device);
}

static int set_token(struct roster *roster, struct roster_device *device, const uint8_t *hash)
{
    if (secret_equal(device->token.hash, hash, ROSTER_TOKEN_SIZE))
        return 0;
    if (device->next_token && secret_equal(device->next_token->hash, hash, ROSTER_TOKEN_SIZE))
        drop_next_token(roster, device);
    roster_tokens_remove(roster->tokens, &device->token);
    memcpy(device->token.hash, hash, ROSTER_TOKEN_SIZE);
    return roster_tokens_insert(roster->tokens, &device->token);
}

static int set_next_token(struct roster *roster, struct roster_device *device, const uint8_t *hash)
{
    struct roster_token *token;
    int r;

    if (hash && device->next_token &&
        secret_equal(device->next_token->hash, hash, ROSTER_TOKEN_SIZE))
        return 0;
    drop_next_token(roster, device);
    if (!hash)
        return 0;

    token = calloc(1, sizeof(*token));
    if (!token)
        return log_fail(ERR_NO_MEMORY, "cannot remember a token: out of memory");
    memcpy(token->hash, hash, ROSTER_TOKEN_SIZE);
    token->device = device;
    token->is_next = true;
    r = roster_tokens_insert(roster->tokens, token);
    if (r) {
        free(token);
        return r;
    }
    device->next_token = token;
    return 0;
}

static int insert_device(struct roster_shard *shard, const struct roster_row *row,
                         struct roster_device **ret_device)
{
    size_t name_size = strlen(row->name) + 1;
    struct roster_device *device;
    struct roster_device **bucket;

    if (shard->count >= shard->bucket_count && !grow_ids(shard))
        return log_fail(ERR_NO_MEMORY, "cannot remember a device: out of memory");
    device = calloc(1, sizeof(*device) + name_size);
    if (!device)
        return log_fail(ERR_NO_MEMORY, "cannot remember a device: out of memory");
    device->id = row->id;
    device->workspace_id = row->workspace_id;
    device->revision = INT64_MIN;
    device->token.device = device;
    memcpy(device->name, row->name, name_size);

    bucket = id_bucket(shard->buckets, shard->bucket_count, device->id);
    device->chain = *bucket;
    *bucket = device;
    shard->count++;
    *ret_device = device;
    return 0;
}

static int set_assignment(struct roster *roster, struct roster_device *device, int64_t id)
{
    struct assignment *assignment = NULL;

    if ((device->assignment ? device->assignment->id : 0) == id)
        return 0;
    if (id != 0) {
        assignment = assignments_hold(roster->assignments, id);
        if (!assignment)
            return log_fail(ERR_INTERNAL,
                            "device %" PRId64 " names the unknown assignment %" PRId64, device->id,
                            id);
    }
    assignments_drop(roster->assignments, device->assignment);
    device->assignment = assignment;
    return 0;
}

static int activate(struct roster *roster, struct roster_device *device,
                    const struct roster_row *row)
{
    int r = set_token(roster, device, row->token);

    if (r == 0)
        r = set_next_token(roster, device, row->next_token);
    if (r)
        return r;
    if (!atomic_exchange(&device->active, true))
        atomic_fetch_add(&roster->active, 1);
    return 0;
}

static void set_version(struct roster_device *device, int64_t version)
{
    if (atomic_exchange(&device->version, version) != version)
        wake_all(device);
}

static int change_device(struct roster *roster, struct roster_device *device,
                         const struct roster_row *row)
{
    int r;

    r = set_assignment(roster, device, row->assignment_id);
    if (r)
        return r;
    if (row->active) {
        r = activate(roster, device, row);
        if (r)
            return r;
    } else {
        deactivate(roster, device);
    }
    device->revision = row->revision;
    set_version(device, row->version);
    return 0;
}

int roster_put(struct roster *roster, const struct roster_row *row)
{
    struct roster_shard *shard = id_shard_of(roster, row->id);
    struct roster_device *device;
    int r = 0;

    (void)pthread_mutex_lock(&shard->lock);
    device = find_id(shard, row->id);
    if (!device && row->active)
        r = insert_device(shard, row, &device);
    if (r == 0 && device) {
        device->generation = atomic_load(&roster->generation);
        if (row->revision > device->revision)
            r = change_device(roster, device, row);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return r;
}

int roster_move(struct roster *roster, const struct roster_row *row)
{
    struct roster_shard *shard = id_shard_of(roster, row->id);
    struct roster_device *device;
    int r = ROSTER_E_GAP;

    (void)pthread_mutex_lock(&shard->lock);
    device = find_id(shard, row->id);
    if (device && device->revision >= row->revision)
        r = 0;
    else if (device && device->revision + 1 == row->revision)
        r = set_assignment(roster, device, row->assignment_id);
    if (r == 0 && device->revision < row->revision) {
        device->revision = row->revision;
        set_version(device, row->version);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return r;
}

void roster_revoke(struct roster *roster, int64_t device_id)
{
    struct roster_shard *shard = id_shard_of(roster, device_id);
    struct roster_device *device;

    (void)pthread_mutex_lock(&shard->lock);
    device = find_id(shard, device_id);
    if (device) {
        deactivate(roster, device);
        device->revision = INT64_MAX; /* final: a row that was read before must not revive it */
    }
    (void)pthread_mutex_unlock(&shard->lock);
}

struct assignments *roster_assignments(struct roster *roster)
{
    return roster->assignments;
}

void roster_load_begin(struct roster *roster)
{
    atomic_fetch_add(&roster->generation, 1);
}

void roster_load_end(struct roster *roster)
{
    uint16_t generation = atomic_load(&roster->generation);

    for (size_t i = 0; i < ROSTER_ID_SHARDS; i++) {
        struct roster_shard *shard = &roster->ids[i];

        (void)pthread_mutex_lock(&shard->lock);
        for (size_t b = 0; b < shard->bucket_count; b++)
            for (struct roster_device *device = shard->buckets[b]; device; device = device->chain)
                if (device->generation != generation)
                    deactivate(roster, device);
        (void)pthread_mutex_unlock(&shard->lock);
    }
    atomic_store(&roster->ready, true);
}

bool roster_ready(const struct roster *roster)
{
    return atomic_load(&roster->ready);
}

size_t roster_count(const struct roster *roster)
{
    return atomic_load(&roster->active);
}

/* ---- tokens that were used for the first time
 * ----------------------------------------------------- */

void roster_put_promotion(struct roster *roster, const struct roster_promotion *promotion)
{
    roster_promotions_put(&roster->promotions, promotion);
}

bool roster_take_promotion(struct roster *roster, struct roster_promotion *ret_promotion)
{
    return roster_promotions_take(&roster->promotions, ret_promotion);
}

void roster_on_promotion(struct roster *roster, void (*hook)(void *arg), void *arg)
{
    roster_promotions_on_put(&roster->promotions, hook, arg);
}

static void promote(struct roster *roster, struct roster_device *device, const uint8_t *hash)
{
    struct roster_shard *shard = id_shard_of(roster, device->id);
    struct roster_promotion promotion = {.device_id = device->id};
    bool promoted = false;

    (void)pthread_mutex_lock(&shard->lock);
    if (device->next_token && secret_equal(device->next_token->hash, hash, ROSTER_TOKEN_SIZE))
        promoted = set_token(roster, device, hash) == 0;
    (void)pthread_mutex_unlock(&shard->lock);
    if (!promoted)
        return;
    memcpy(promotion.token, hash, ROSTER_TOKEN_SIZE);
    roster_put_promotion(roster, &promotion);
}

/* ---- asked by the gateway
 * ------------------------------------------------------------------------- */

void roster_device_seen(struct roster_device *device, int64_t now_s)
{
    atomic_store_explicit(&device->seen_s, (uint32_t)now_s, memory_order_relaxed);
}

int roster_authenticate(struct roster *roster, const uint8_t token[static ROSTER_TOKEN_SIZE],
                        int64_t now_s, struct roster_device **ret_device)
{
    bool next = false;
    struct roster_device *device = roster_tokens_find(roster->tokens, token, &next);

    if (!device)
        return roster_ready(roster) ? ROSTER_E_TOKEN : ROSTER_E_LOADING;
    if (next)
        promote(roster, device, token);
    roster_device_seen(device, now_s);
    *ret_device = device;
    return 0;
}

int64_t roster_device_id(const struct roster_device *device)
{
    return device->id;
}

int64_t roster_device_workspace(const struct roster_device *device)
{
    return device->workspace_id;
}

const char *roster_device_name(const struct roster_device *device)
{
    return device->name;
}

bool roster_device_active(const struct roster_device *device)
{
    return atomic_load(&device->active);
}

int64_t roster_device_version(const struct roster_device *device)
{
    return atomic_load(&device->version);
}

char *roster_device_state(struct roster *roster, struct roster_device *device, struct arena *arena,
                          size_t *ret_size, int64_t *ret_version)
{
    struct roster_shard *shard = id_shard_of(roster, device->id);
    char head[64];
    const char *slots = "{}";
    size_t slots_size = 2;
    size_t head_size;
    char *state;

    (void)pthread_mutex_lock(&shard->lock);
    *ret_version = atomic_load(&device->version);
    if (device->assignment) {
        slots = device->assignment->slots;
        slots_size = device->assignment->size;
    }
    head_size =
        (size_t)snprintf(head, sizeof(head), "{\"version\":%" PRId64 ",\"slots\":", *ret_version);
    *ret_size = head_size + slots_size + 1;
    state = arena_alloc(arena, *ret_size + 1);
    memcpy(state, head, head_size);
    memcpy(state + head_size, slots, slots_size);
    state[head_size + slots_size] = '}';
    (void)pthread_mutex_unlock(&shard->lock);
    return state;
}

static void evict_oldest(struct roster_device *device)
{
    struct subscription *subscription = device->subscriptions;

    /* Newest first; at most one more than the limit is not evicted yet. */
    for (int i = 0; subscription && i < ROSTER_SUBSCRIPTIONS_MAX; i++)
        subscription = subscription->next;
    if (!subscription || atomic_exchange(&subscription->evicted, true))
        return;
    subscription->wake(subscription);
}

void roster_subscribe(struct roster *roster, struct roster_device *device,
                      struct subscription *subscription)
{
    struct roster_shard *shard = id_shard_of(roster, device->id);

    subscription->device = device;
    (void)pthread_mutex_lock(&shard->lock);
    subscription->next = device->subscriptions;
    subscription->link = &device->subscriptions;
    if (subscription->next)
        subscription->next->link = &subscription->next;
    device->subscriptions = subscription;
    evict_oldest(device);
    (void)pthread_mutex_unlock(&shard->lock);
    atomic_fetch_add(&roster->subscribed, 1);
}

void roster_unsubscribe(struct roster *roster, struct subscription *subscription)
{
    struct roster_shard *shard;

    if (!subscription->device)
        return;
    shard = id_shard_of(roster, subscription->device->id);
    (void)pthread_mutex_lock(&shard->lock);
    *subscription->link = subscription->next;
    if (subscription->next)
        subscription->next->link = subscription->link;
    (void)pthread_mutex_unlock(&shard->lock);
    subscription->device = NULL;
    atomic_fetch_sub(&roster->subscribed, 1);
}

size_t roster_subscribed(const struct roster *roster)
{
    return atomic_load(&roster->subscribed);
}

bool roster_connected(struct roster *roster, int64_t device_id)
{
    struct roster_shard *shard = id_shard_of(roster, device_id);
    struct roster_device *device;
    bool connected;

    (void)pthread_mutex_lock(&shard->lock);
    device = find_id(shard, device_id);
    connected = device && device->subscriptions;
    (void)pthread_mutex_unlock(&shard->lock);
    return connected;
}

/* ---- life
 * ----------------------------------------------------------------------------------------- */

int roster_new(struct roster **ret_roster)
{
    struct roster *roster = calloc(1, sizeof(*roster));
    int r;

    if (!roster)
        return log_fail(ERR_NO_MEMORY, "cannot make the roster: out of memory");
    r = assignments_new(&roster->assignments);
    if (r == 0)
        r = roster_tokens_new(&roster->tokens);
    if (r) {
        assignments_free(roster->assignments);
        free(roster);
        return r;
    }
    roster_promotions_init(&roster->promotions);
    for (size_t i = 0; i < ROSTER_ID_SHARDS; i++)
        (void)pthread_mutex_init(&roster->ids[i].lock, NULL);
    *ret_roster = roster;
    return 0;
}

static void free_shard(struct roster_shard *shard)
{
    for (size_t b = 0; b < shard->bucket_count; b++) {
        struct roster_device *device = shard->buckets[b];

        while (device) {
            struct roster_device *chain = device->chain;

            free(device->next_token);
            free(device);
            device = chain;
        }
    }
    free(shard->buckets);
    (void)pthread_mutex_destroy(&shard->lock);
}

void roster_free(struct roster *roster)
{
    if (!roster)
        return;
    for (size_t i = 0; i < ROSTER_ID_SHARDS; i++)
        free_shard(&roster->ids[i]);
    roster_promotions_release(&roster->promotions);
    roster_tokens_free(roster->tokens);
    assignments_free(roster->assignments);
    free(roster);
}
