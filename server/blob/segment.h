/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_SEGMENT_H
#define BLOB_SEGMENT_H

#include "base/error.h"
#include "blob/blob.h"
#include "crypto/digest.h"
#include "delta/chunker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A run of a content's bytes, cut into chunks and hashed as they arrive. Knows no database.
 *
 * A segment holds whole chunks of at least BLOB_SEGMENT_BYTES once it is full; the beginning of
 * the next chunk, which has arrived already, moves on to the next segment.
 */
#define SEGMENT_CAPACITY (BLOB_SEGMENT_BYTES + BLOB_CHUNK_MAX)
#define SEGMENT_CHUNKS_MAX (SEGMENT_CAPACITY / BLOB_CHUNK_MIN + 2)

struct segment_chunk {
    uint32_t start; /* in the segment */
    uint32_t size_bytes;
    uint8_t digest[DIGEST_SHA256_SIZE];
};

struct segment {
    uint8_t *bytes;      /* SEGMENT_CAPACITY */
    size_t used;         /* bytes that arrived */
    size_t cut;          /* of these, in chunks */
    size_t hashed;       /* of these, in digest already (at least cut, once cut > 0) */
    uint64_t start_byte; /* where in the content bytes[0] is */
    struct chunker chunker;
    struct digest_sha256 digest; /* of the content, up to start_byte + hashed */
    struct segment_chunk chunks[SEGMENT_CHUNKS_MAX];
    size_t count;
};

/* Allocates the bytes. */
int segment_init(struct segment *segment) MUST_CHECK;
/* Accepts NULL and a zeroed struct. */
void segment_release(struct segment *segment);

/* Empties it and puts it at a place in a content; digest is the state up to there. */
void segment_start(struct segment *segment, uint64_t start_byte,
                   const struct digest_sha256 *digest);

/*
 * Puts back bytes in front that digest covers already: the last chunk of a content, where it was
 * cut early. Only right after segment_start() at the chunk's start; size <= BLOB_CHUNK_MAX.
 */
void segment_prepend(struct segment *segment, const void *bytes, size_t size);

/* size bytes were put at bytes + used; used + size <= SEGMENT_CAPACITY. */
void segment_add(struct segment *segment, size_t size);

/* Whether it must be stored before more is added. */
bool segment_full(const struct segment *segment);

/* Cuts what is left as a last chunk. Returns its size, 0 where the bytes ended with a chunk. */
uint32_t segment_close(struct segment *segment);

/* Starts next behind the chunks of a full segment, with the bytes that are left over. */
void segment_carry(const struct segment *segment, struct segment *next);

#endif
