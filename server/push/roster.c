/* SPDX-License-Identifier: Apache-2.0 */
#include "push/roster.h"

#include "base/log.h"
#include "crypto/secret.h"
#include "push/assignments.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Two tables over the same devices: by id, which also guards what a device holds, and by token.
 * Locks are taken in this order: an id shard, a token shard or the assignments, never two of a
 * kind. A poll takes one token shard's lock to find its device and none to compare versions.
 */
#define ID_SHARDS 1024
#define TOKEN_SHARDS 256

/* A token that works. SHA-256 is uniform: its first byte picks the shard, the next the bucket. */
struct token {
    uint8_t hash[ROSTER_TOKEN_SIZE];
    struct roster_device *device;
    struct token *chain;
};

struct roster_device {
    struct token token;
    struct token *next_token;    /* NULL: none was issued */
    struct roster_device *chain; /* in the id shard */
    int64_t id;
    int64_t workspace_id;
    int64_t revision;
    _Atomic int64_t version;
    struct assignment *assignment; /* NULL: no slots */
    struct subscription *subscriptions;
    _Atomic uint32_t seen_s;
    uint32_t taken_s; /* seen_s, as roster_take_seen last told it */
    uint16_t generation;
    bool connected_taken;
    atomic_bool active;
    char name[];
};

struct id_shard {
    pthread_mutex_t lock;
    struct roster_device **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

struct token_shard {
    pthread_mutex_t lock;
    struct token **buckets;
    size_t bucket_count;
    size_t count;
};

struct promotion {
    struct promotion *next;
    struct roster_promotion promotion;
};

struct roster {
    struct assignments *assignments;
    atomic_bool ready;
    atomic_size_t active;
    atomic_size_t subscribed;
    _Atomic uint16_t generation;

    pthread_mutex_t promotions_lock;
    struct promotion *promotions;
    struct promotion **promotions_end;
    void (*hook)(void *arg);
    void *hook_arg;

    struct id_shard ids[ID_SHARDS];
    struct token_shard tokens[TOKEN_SHARDS];
};

#define BUCKETS_AT_FIRST 4

/* ---- the table by id --------------------------------------------------------------------------
 */

static struct id_shard *id_shard_of(struct roster *roster, int64_t id)
{
    return &roster->ids[(uint64_t)id % ID_SHARDS];
}

static struct roster_device **id_bucket(struct roster_device **buckets, size_t bucket_count,
                                        int64_t id)
{
    return &buckets[(uint64_t)id / ID_SHARDS & (bucket_count - 1)];
}

static struct roster_device *find_id(const struct id_shard *shard, int64_t id)
{
    struct roster_device *device;

    if (!shard->buckets)
        return NULL;
    device = *id_bucket(shard->buckets, shard->bucket_count, id);
    while (device && device->id != id)
        device = device->chain;
    return device;
}

static bool grow_ids(struct id_shard *shard)
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

/* ---- the table by token -----------------------------------------------------------------------
 */

static struct token_shard *token_shard_of(struct roster *roster, const uint8_t *hash)
{
    return &roster->tokens[hash[0]];
}

static struct token **token_bucket(struct token **buckets, size_t bucket_count, const uint8_t *hash)
{
    uint64_t word;

    memcpy(&word, hash + 1, sizeof(word));
    return &buckets[word & (bucket_count - 1)];
}

static bool grow_tokens(struct token_shard *shard)
{
    size_t bucket_count = shard->buckets ? shard->bucket_count * 2 : BUCKETS_AT_FIRST;
    struct token **buckets = calloc(bucket_count, sizeof(struct token *));

    if (!buckets)
        return shard->buckets != NULL;
    assert(shard->buckets || shard->bucket_count == 0);
    for (size_t i = 0; i < shard->bucket_count; i++) {
        struct token *token = shard->buckets[i];

        while (token) {
            struct token *chain = token->chain;
            struct token **bucket = token_bucket(buckets, bucket_count, token->hash);

            token->chain = *bucket;
            *bucket = token;
            token = chain;
        }
    }
    free(shard->buckets);
    shard->buckets = buckets;
    shard->bucket_count = bucket_count;
    return true;
}

static int token_insert(struct roster *roster, struct token *token)
{
    struct token_shard *shard = token_shard_of(roster, token->hash);
    struct token **bucket;
    bool room = true;

    (void)pthread_mutex_lock(&shard->lock);
    if (shard->count >= shard->bucket_count)
        room = grow_tokens(shard);
    if (room) {
        bucket = token_bucket(shard->buckets, shard->bucket_count, token->hash);
        token->chain = *bucket;
        *bucket = token;
        shard->count++;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return room ? 0 : log_fail(ERR_NO_MEMORY, "cannot remember a token: out of memory");
}

/* A token that is not in the table is fine. */
static void token_remove(struct roster *roster, struct token *token)
{
    struct token_shard *shard = token_shard_of(roster, token->hash);
    struct token **link;

    (void)pthread_mutex_lock(&shard->lock);
    if (shard->buckets) {
        link = token_bucket(shard->buckets, shard->bucket_count, token->hash);
        while (*link && *link != token)
            link = &(*link)->chain;
        if (*link) {
            *link = token->chain;
            shard->count--;
        }
    }
    (void)pthread_mutex_unlock(&shard->lock);
}

/* ret_next: whether it is the device's next token. The device's token may change meanwhile. */
static struct roster_device *token_find(struct roster *roster, const uint8_t *hash, bool *ret_next)
{
    struct token_shard *shard = token_shard_of(roster, hash);
    struct roster_device *device = NULL;
    struct token *token = NULL;

    (void)pthread_mutex_lock(&shard->lock);
    if (shard->buckets)
        token = *token_bucket(shard->buckets, shard->bucket_count, hash);
    while (token && !secret_equal(token->hash, hash, ROSTER_TOKEN_SIZE))
        token = token->chain;
    if (token) {
        device = token->device;
        *ret_next = token != &device->token;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return device;
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
    token_remove(roster, device->next_token);
    free(device->next_token);
    device->next_token = NULL;
}

static void deactivate(struct roster *roster, struct roster_device *device)
{
    if (!atomic_exchange(&device->active, false))
        return;
    token_remove(roster, &device->token);
    drop_next_token(roster, device);
    atomic_fetch_sub(&roster->active, 1);
    wake_all(device);
}

static int set_token(struct roster *roster, struct roster_device *device, const uint8_t *hash)
{
    if (memcmp(device->token.hash, hash, ROSTER_TOKEN_SIZE) == 0)
        return 0;
    if (device->next_token && memcmp(device->next_token->hash, hash, ROSTER_TOKEN_SIZE) == 0)
        drop_next_token(roster, device);
    token_remove(roster, &device->token);
    memcpy(device->token.hash, hash, ROSTER_TOKEN_SIZE);
    return token_insert(roster, &device->token);
}

static int set_next_token(struct roster *roster, struct roster_device *device, const uint8_t *hash)
{
    struct token *token;
    int r;

    if (hash && device->next_token &&
        memcmp(device->next_token->hash, hash, ROSTER_TOKEN_SIZE) == 0)
        return 0;
    drop_next_token(roster, device);
    if (!hash)
        return 0;

    token = calloc(1, sizeof(*token));
    if (!token)
        return log_fail(ERR_NO_MEMORY, "cannot remember a token: out of memory");
    memcpy(token->hash, hash, ROSTER_TOKEN_SIZE);
    token->device = device;
    r = token_insert(roster, token);
    if (r) {
        free(token);
        return r;
    }
    device->next_token = token;
    return 0;
}

static int insert_device(struct id_shard *shard, const struct roster_row *row,
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
    struct id_shard *shard = id_shard_of(roster, row->id);
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
    struct id_shard *shard = id_shard_of(roster, row->id);
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
    struct id_shard *shard = id_shard_of(roster, device_id);
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

    for (size_t i = 0; i < ID_SHARDS; i++) {
        struct id_shard *shard = &roster->ids[i];

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
    struct promotion *entry = calloc(1, sizeof(*entry));
    void (*hook)(void *arg);
    void *arg;

    if (!entry) {
        log_line(LOG_WARN, "cannot note the first use of a token: out of memory");
        return;
    }
    entry->promotion = *promotion;
    (void)pthread_mutex_lock(&roster->promotions_lock);
    *roster->promotions_end = entry;
    roster->promotions_end = &entry->next;
    hook = roster->hook;
    arg = roster->hook_arg;
    (void)pthread_mutex_unlock(&roster->promotions_lock);
    if (hook)
        hook(arg);
}

bool roster_take_promotion(struct roster *roster, struct roster_promotion *ret_promotion)
{
    struct promotion *entry;

    (void)pthread_mutex_lock(&roster->promotions_lock);
    entry = roster->promotions;
    if (entry) {
        roster->promotions = entry->next;
        if (!entry->next)
            roster->promotions_end = &roster->promotions;
    }
    (void)pthread_mutex_unlock(&roster->promotions_lock);
    if (!entry)
        return false;
    *ret_promotion = entry->promotion;
    free(entry);
    return true;
}

void roster_on_promotion(struct roster *roster, void (*hook)(void *arg), void *arg)
{
    (void)pthread_mutex_lock(&roster->promotions_lock);
    roster->hook = hook;
    roster->hook_arg = arg;
    (void)pthread_mutex_unlock(&roster->promotions_lock);
}

static void promote(struct roster *roster, struct roster_device *device, const uint8_t *hash)
{
    struct id_shard *shard = id_shard_of(roster, device->id);
    struct roster_promotion promotion = {.device_id = device->id};
    bool promoted = false;

    (void)pthread_mutex_lock(&shard->lock);
    if (device->next_token && memcmp(device->next_token->hash, hash, ROSTER_TOKEN_SIZE) == 0)
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
    struct roster_device *device = token_find(roster, token, &next);

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
    struct id_shard *shard = id_shard_of(roster, device->id);
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
    struct id_shard *shard = id_shard_of(roster, device->id);

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
    struct id_shard *shard;

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
    struct id_shard *shard = id_shard_of(roster, device_id);
    struct roster_device *device;
    bool connected;

    (void)pthread_mutex_lock(&shard->lock);
    device = find_id(shard, device_id);
    connected = device && device->subscriptions;
    (void)pthread_mutex_unlock(&shard->lock);
    return connected;
}

/* ---- told to the database
 * ------------------------------------------------------------------------- */

/* Whether there is news of the device; then it counts as told. */
static bool take_seen(struct roster_device *device, int64_t min_age_s, struct roster_seen *ret_seen)
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
static bool take_shard(struct id_shard *shard, int64_t min_age_s, struct roster_seen *ret_seen,
                       size_t capacity, size_t *taken)
{
    for (size_t b = 0; b < shard->bucket_count; b++) {
        for (struct roster_device *device = shard->buckets[b]; device; device = device->chain) {
            if (*taken == capacity)
                return false;
            if (take_seen(device, min_age_s, &ret_seen[*taken]))
                (*taken)++;
        }
    }
    return true;
}

size_t roster_take_seen(struct roster *roster, int64_t min_age_s, size_t *cursor,
                        struct roster_seen *ret_seen, size_t capacity)
{
    size_t taken = 0;

    while (*cursor < ID_SHARDS) {
        struct id_shard *shard = &roster->ids[*cursor];
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

/* ---- life
 * ----------------------------------------------------------------------------------------- */

int roster_new(struct roster **ret_roster)
{
    struct roster *roster = calloc(1, sizeof(*roster));
    int r;

    if (!roster)
        return log_fail(ERR_NO_MEMORY, "cannot make the roster: out of memory");
    r = assignments_new(&roster->assignments);
    if (r) {
        free(roster);
        return r;
    }
    (void)pthread_mutex_init(&roster->promotions_lock, NULL);
    roster->promotions_end = &roster->promotions;
    for (size_t i = 0; i < ID_SHARDS; i++)
        (void)pthread_mutex_init(&roster->ids[i].lock, NULL);
    for (size_t i = 0; i < TOKEN_SHARDS; i++)
        (void)pthread_mutex_init(&roster->tokens[i].lock, NULL);
    *ret_roster = roster;
    return 0;
}

static void free_shard(struct id_shard *shard)
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
    struct roster_promotion promotion;

    if (!roster)
        return;
    while (roster_take_promotion(roster, &promotion))
        continue;
    for (size_t i = 0; i < ID_SHARDS; i++)
        free_shard(&roster->ids[i]);
    for (size_t i = 0; i < TOKEN_SHARDS; i++) {
        free(roster->tokens[i].buckets);
        (void)pthread_mutex_destroy(&roster->tokens[i].lock);
    }
    assignments_free(roster->assignments);
    (void)pthread_mutex_destroy(&roster->promotions_lock);
    free(roster);
}
