/* SPDX-License-Identifier: Apache-2.0 */
#include "push/roster_tokens.h"

#include "base/log.h"
#include "crypto/secret.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* SHA-256 is uniform: its first byte picks the shard, the next ones the bucket. */
#define SHARDS 256
#define BUCKETS_AT_FIRST 4

struct shard {
    pthread_mutex_t lock;
    struct roster_token **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

struct roster_tokens {
    struct shard shards[SHARDS];
};

static struct roster_token **bucket_of(struct roster_token **buckets, size_t bucket_count,
                                       const uint8_t *hash)
{
    uint64_t word;

    memcpy(&word, hash + 1, sizeof(word));
    return &buckets[word & (bucket_count - 1)];
}

/* Where memory ends chains grow instead; false where there is no bucket at all. */
static bool grow(struct shard *shard)
{
    size_t bucket_count = shard->buckets ? shard->bucket_count * 2 : BUCKETS_AT_FIRST;
    struct roster_token **buckets = calloc(bucket_count, sizeof(struct roster_token *));

    if (!buckets)
        return shard->buckets != NULL;
    assert(shard->buckets || shard->bucket_count == 0);
    for (size_t i = 0; i < shard->bucket_count; i++) {
        struct roster_token *token = shard->buckets[i];

        while (token) {
            struct roster_token *chain = token->chain;
            struct roster_token **bucket = bucket_of(buckets, bucket_count, token->hash);

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

int roster_tokens_insert(struct roster_tokens *tokens, struct roster_token *token)
{
    struct shard *shard = &tokens->shards[token->hash[0]];
    bool room = true;

    (void)pthread_mutex_lock(&shard->lock);
    if (shard->count >= shard->bucket_count)
        room = grow(shard);
    if (room) {
        struct roster_token **bucket = bucket_of(shard->buckets, shard->bucket_count, token->hash);

        token->chain = *bucket;
        *bucket = token;
        shard->count++;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return room ? 0 : log_fail(ERR_NO_MEMORY, "cannot remember a token: out of memory");
}

void roster_tokens_remove(struct roster_tokens *tokens, struct roster_token *token)
{
    struct shard *shard = &tokens->shards[token->hash[0]];
    struct roster_token **link;

    (void)pthread_mutex_lock(&shard->lock);
    if (shard->buckets) {
        link = bucket_of(shard->buckets, shard->bucket_count, token->hash);
        while (*link && *link != token)
            link = &(*link)->chain;
        if (*link) {
            *link = token->chain;
            shard->count--;
        }
    }
    (void)pthread_mutex_unlock(&shard->lock);
}

struct roster_device *roster_tokens_find(struct roster_tokens *tokens,
                                         const uint8_t hash[static ROSTER_TOKEN_SIZE],
                                         bool *ret_next)
{
    struct shard *shard = &tokens->shards[hash[0]];
    struct roster_device *device = NULL;
    struct roster_token *token = NULL;

    (void)pthread_mutex_lock(&shard->lock);
    if (shard->buckets)
        token = *bucket_of(shard->buckets, shard->bucket_count, hash);
    while (token && !secret_equal(token->hash, hash, ROSTER_TOKEN_SIZE))
        token = token->chain;
    if (token) {
        device = token->device;
        *ret_next = token->is_next;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return device;
}

int roster_tokens_new(struct roster_tokens **ret_tokens)
{
    struct roster_tokens *tokens = calloc(1, sizeof(*tokens));

    if (!tokens)
        return log_fail(ERR_NO_MEMORY, "cannot make the table of tokens: out of memory");
    for (size_t i = 0; i < SHARDS; i++)
        (void)pthread_mutex_init(&tokens->shards[i].lock, NULL);
    *ret_tokens = tokens;
    return 0;
}

void roster_tokens_free(struct roster_tokens *tokens)
{
    if (!tokens)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        free(tokens->shards[i].buckets);
        (void)pthread_mutex_destroy(&tokens->shards[i].lock);
    }
    free(tokens);
}
