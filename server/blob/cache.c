/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/cache.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "blob/cache_dir.h"
#include "blob/read.h"
#include "crypto/text.h"
#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILLS_DEFAULT 4
/* Files are written by aligned blocks: the kernel then caches them in as large pieces, which
 * sendfile gives out at less cost than scattered pages. */
#define BLOCK_BYTES ((size_t)1 << 20)
/* What is not a whole block yet, and the next slice. */
#define BUFFER_BYTES (BLOCK_BYTES + BLOB_CHUNK_MAX)
/* How many slices a fill may take before others get the worker. */
#define SLICES_A_TURN 4
/* How long nothing is filled after the disk was full or broken. */
#define PAUSE_US ((int64_t)30 * 1000 * 1000)
/* The time of last use is kept this exactly. */
#define TOUCH_S 60

struct fill {
    struct pool_job job;
    struct cache *cache;
    struct fill *next;
    struct blob_artifact artifact;
    struct digest_sha256 digest;
    uint64_t offset; /* behind what was read */
    int fd;          /* -1: not begun */
    char name[CACHE_DIR_TEMPORARY_SIZE];
    uint8_t *buffer;
    size_t held; /* bytes of the buffer that are not written */
};

struct cache {
    char *directory;
    uint64_t limit_bytes;
    struct pool *pool;
    size_t fills_max;
    const struct clock *clock;

    pthread_mutex_t mutex;
    struct fill *fills;
    size_t fill_count;
    int64_t paused_until_us;
    struct cache_stats stats;
};

int cache_new(const struct cache_config *config, struct cache **ret_cache)
{
    struct cache *cache = calloc(1, sizeof(*cache));

    if (cache)
        cache->directory = strdup(config->directory);
    if (!cache || !cache->directory) {
        free(cache);
        return log_fail(ERR_NO_MEMORY, "cannot make a cache: out of memory");
    }
    cache->limit_bytes = config->limit_bytes;
    cache->pool = config->pool;
    cache->fills_max = config->fills_max ? config->fills_max : FILLS_DEFAULT;
    cache->clock = config->clock;
    (void)pthread_mutex_init(&cache->mutex, NULL);
    cache_dir_sweep(cache->directory, clock_wall_ms(cache->clock));
    *ret_cache = cache;
    return 0;
}

/* ---- filling ------------------------------------------------------------------------------ */

static void fill_free(struct fill *fill)
{
    if (fill->fd >= 0)
        (void)close(fill->fd);
    free(fill->buffer);
    free(fill);
}

/* Takes the fill off the list; a disk that failed is left in peace for a while. */
static void fill_end(struct fill *fill, bool filled, bool pause)
{
    struct cache *cache = fill->cache;

    if (!filled && fill->fd >= 0)
        cache_dir_remove(cache->directory, fill->name);
    (void)pthread_mutex_lock(&cache->mutex);
    for (struct fill **at = &cache->fills; *at; at = &(*at)->next) {
        if (*at == fill) {
            *at = fill->next;
            break;
        }
    }
    cache->fill_count--;
    cache->stats.fills_total += filled;
    cache->stats.fill_failures_total += !filled;
    if (pause)
        cache->paused_until_us = clock_monotonic_us(cache->clock) + PAUSE_US;
    (void)pthread_mutex_unlock(&cache->mutex);
    fill_free(fill);
}

static int fill_begin(struct fill *fill)
{
    struct cache *cache = fill->cache;
    uint64_t evicted = 0;
    int r;

    fill->buffer = malloc(BUFFER_BYTES);
    if (!fill->buffer)
        return log_fail(ERR_NO_MEMORY, "cannot fill the cache: out of memory");
    (void)pthread_mutex_lock(&cache->mutex);
    r = cache_dir_make_room(cache->directory, cache->limit_bytes, fill->artifact.size_bytes,
                            &evicted);
    cache->stats.evictions_total += evicted;
    (void)pthread_mutex_unlock(&cache->mutex);
    if (r)
        return r;
    return cache_dir_create(cache->directory, fill->name, &fill->fd);
}

/* Writes whole blocks, and at the end what is left. */
static int write_blocks(struct fill *fill)
{
    size_t size = fill->held;
    int r;

    if (fill->offset < fill->artifact.size_bytes)
        size -= size % BLOCK_BYTES;
    r = file_write_all(fill->fd, fill->buffer, size);
    if (r)
        return r;
    fill->held -= size;
    memmove(fill->buffer, fill->buffer + size, fill->held);
    return 0;
}

static int fill_slice(struct fill *fill, struct db *db)
{
    uint8_t *slice = fill->buffer + fill->held;
    size_t size;
    int r;

    r = read_slice(db, &fill->artifact, fill->offset, slice, BUFFER_BYTES - fill->held, &size);
    if (r)
        return r;
    digest_sha256_update(&fill->digest, slice, size);
    fill->offset += size;
    fill->held += size;
    return write_blocks(fill);
}

/* The file is complete: checks it and puts it into its place. */
static int fill_finish(struct fill *fill)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];

    digest_sha256_final(&fill->digest, sha256);
    text_hex(fill->artifact.sha256, sizeof(fill->artifact.sha256), hex);
    if (memcmp(sha256, fill->artifact.sha256, sizeof(sha256)) != 0)
        return log_fail(ERR_INTERNAL,
                        "artifact %s does not have its digest any more: restore the database "
                        "from a backup",
                        hex);
    return cache_dir_publish(fill->cache->directory, fill->name, fill->fd, hex);
}

static void fill_run(struct pool_job *job, void *worker)
{
    struct fill *fill = (struct fill *)((char *)job - offsetof(struct fill, job));
    int r = 0;

    if (fill->fd < 0)
        r = fill_begin(fill);
    while (!r && fill->offset < fill->artifact.size_bytes) {
        for (int i = 0; !r && i < SLICES_A_TURN && fill->offset < fill->artifact.size_bytes; i++)
            r = fill_slice(fill, worker);
        if (r || fill->offset == fill->artifact.size_bytes)
            break;
        switch (pool_submit(fill->cache->pool, &fill->job)) {
        case 0:
            return;
        case POOL_E_FULL:
            break; /* no turn to give away */
        default:
            r = ERR_CANCELLED;
        }
    }
    if (!r)
        r = fill_finish(fill);
    if (r == ERR_NO_SPACE)
        log_line(LOG_WARN,
                 "cannot fill the cache in '%s': the disk is full; serving from the database",
                 fill->cache->directory);
    fill_end(fill, r == 0, r != 0 && r != ERR_CANCELLED && r != ERR_UNAVAILABLE);
}

static bool is_filling(const struct cache *cache, const struct blob_artifact *artifact)
{
    for (const struct fill *fill = cache->fills; fill; fill = fill->next) {
        if (memcmp(fill->artifact.sha256, artifact->sha256, sizeof(artifact->sha256)) == 0)
            return true;
    }
    return false;
}

/* With the mutex held: a new fill on the list, or NULL where none shall be. */
static struct fill *plan_fill(struct cache *cache, const struct blob_artifact *artifact)
{
    struct fill *fill;

    if (artifact->size_bytes > cache->limit_bytes || cache->fill_count >= cache->fills_max ||
        clock_monotonic_us(cache->clock) < cache->paused_until_us || is_filling(cache, artifact))
        return NULL;
    fill = calloc(1, sizeof(*fill));
    if (!fill)
        return NULL;
    fill->job.run = fill_run;
    fill->cache = cache;
    fill->artifact = *artifact;
    fill->fd = -1;
    digest_sha256_init(&fill->digest);
    fill->next = cache->fills;
    cache->fills = fill;
    cache->fill_count++;
    return fill;
}

/* ---- opening ------------------------------------------------------------------------------ */

int cache_open(struct cache *cache, const struct blob_artifact *artifact, int *ret_fd)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    struct fill *fill;
    int r;

    text_hex(artifact->sha256, sizeof(artifact->sha256), hex);
    r = cache_dir_open(cache->directory, hex, artifact->size_bytes,
                       clock_wall_ms(cache->clock) / 1000 - TOUCH_S, ret_fd);
    (void)pthread_mutex_lock(&cache->mutex);
    cache->stats.hits_total += r == 0;
    cache->stats.misses_total += r != 0;
    fill = r ? plan_fill(cache, artifact) : NULL;
    (void)pthread_mutex_unlock(&cache->mutex);
    if (fill && pool_submit(cache->pool, &fill->job) != 0)
        fill_end(fill, false, false);
    return r ? CACHE_E_MISSING : 0;
}

void cache_stats(struct cache *cache, struct cache_stats *ret_stats)
{
    (void)pthread_mutex_lock(&cache->mutex);
    *ret_stats = cache->stats;
    (void)pthread_mutex_unlock(&cache->mutex);
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    while (cache->fills) {
        struct fill *fill = cache->fills;

        cache->fills = fill->next;
        if (fill->fd >= 0)
            cache_dir_remove(cache->directory, fill->name);
        fill_free(fill);
    }
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache->directory);
    free(cache);
}
