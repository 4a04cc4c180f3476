/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_BLOB_H
#define BLOB_BLOB_H

#include "base/error.h"
#include "crypto/digest.h"
#include "work/pool.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct cache;

/*
 * Artifact bytes in PostgreSQL.
 *
 * A content is a sequence of chunks. An upload (blob/upload.h) has one while it is in progress;
 * blob/ingest.h appends to it; at the end it becomes an artifact's, which blob/read.h reads and
 * blob/cache.h keeps as a file. What nothing refers to any more is freed by blob/reclaim.h.
 */

/* What handlers need of all this. Made by app.c; constant. */
struct blob {
    struct pool *pool;   /* its workers are struct db * */
    struct cache *cache; /* NULL: none */
    int64_t upload_expiry_ms;
    atomic_uint streams; /* downloads that hold a slice from the database */
    unsigned streams_max;
};

struct blob_config {
    struct pool *pool;
    const char *cache_directory; /* NULL: no cache */
    uint64_t cache_limit_bytes;
    int64_t upload_expiry_ms; /* how long an upload may rest; 0: a day */
};

int blob_new(const struct blob_config *config, struct blob **ret_blob) MUST_CHECK;

/* Stop the pool before. Accepts NULL. */
void blob_free(struct blob *blob);

/* An artifact: complete, immutable, its digest was checked. */
struct blob_artifact {
    int64_t id;
    int64_t content_id;
    uint64_t size_bytes;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

/* Where an artifact's bytes come from. */
struct blob_bytes {
    int fd; /* a file with all of them; -1: none */
    /* Otherwise a slice at a time: read_slice() on object, a copy of the artifact of malloc(3). */
    void *object;
    int (*read)(void *object, void *worker, uint64_t offset, void *bytes, size_t capacity,
                size_t *ret_size);
};

/* The caller closes or frees what it gets. */
int blob_open(struct blob *blob, const struct blob_artifact *artifact,
              struct blob_bytes *ret_bytes) MUST_CHECK;

/* Content-defined chunking: boundaries depend on bytes only, never on how they arrived. Changing
 * these costs deduplication against what is stored, nothing else. */
#define BLOB_CHUNK_MIN ((size_t)32 << 10)
#define BLOB_CHUNK_AVERAGE ((size_t)128 << 10)
#define BLOB_CHUNK_MAX ((size_t)512 << 10)

/* How much of a chunk one row of chunk_page holds: what fills a heap page of 8 KiB exactly. */
#define BLOB_PAGE_BYTES ((size_t)8120)

/* How many bytes are committed together. */
#define BLOB_SEGMENT_BYTES ((size_t)4 << 20)

#endif
