/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_BLOB_H
#define BLOB_BLOB_H

#include "crypto/digest.h"

#include <stdint.h>

/*
 * Artifact bytes in PostgreSQL.
 *
 * A content is a sequence of chunks. An upload (blob/upload.h) has one while it is in progress;
 * blob/ingest.h appends to it; at the end it becomes an artifact's, which blob/read.h reads and
 * blob/cache.h keeps as a file. What nothing refers to any more is freed by blob/reclaim.h.
 */

/* An artifact: complete, immutable, its digest was checked. */
struct blob_artifact {
    int64_t id;
    int64_t content_id;
    uint64_t size_bytes;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

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
