/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_CACHE_H
#define BLOB_CACHE_H

#include "base/clock.h"
#include "base/error.h"
#include "blob/blob.h"
#include "work/pool.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Artifacts as files, for sendfile: "<hex>" in one directory, complete or not there at all. Files
 * are made by jobs in the pool, a slice at a time, checked against their digest and renamed into
 * place; the longest unused are removed when the directory grows beyond its limit. Everything in
 * the directory may be deleted at any time, and so may the directory.
 *
 * Thread-safe.
 */
struct cache;

struct cache_config {
    const char *directory;
    uint64_t limit_bytes; /* 0: keep nothing */
    struct pool *pool;    /* its workers are struct db * */
    size_t fills_max;     /* at a time; 0: the default, 4 */
    const struct clock *clock;
};

struct cache_stats {
    uint64_t hits_total;
    uint64_t misses_total;
    uint64_t fills_total;
    uint64_t fill_failures_total;
    uint64_t evictions_total;
};

enum {
    CACHE_E_MISSING = 1,
};

int cache_new(const struct cache_config *config, struct cache **ret_cache) MUST_CHECK;

/*
 * ret_fd  open for reading; the caller closes it. Stays readable when the file is evicted.
 *
 * Returns 0, or CACHE_E_MISSING, in which case a fill was started where there is room for one.
 * Never fatal: what the cache cannot give comes from the database.
 */
int cache_open(struct cache *cache, const struct blob_artifact *artifact, int *ret_fd) MUST_CHECK;

void cache_stats(struct cache *cache, struct cache_stats *ret_stats);

/* Fills that run end early. Stop the pool before. Accepts NULL. */
void cache_free(struct cache *cache);

#endif
