/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/segment.h"

#include "base/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct chunker_params params = {
    .min_bytes = BLOB_CHUNK_MIN,
    .avg_bytes = BLOB_CHUNK_AVERAGE,
    .max_bytes = BLOB_CHUNK_MAX,
};

int segment_init(struct segment *segment)
{
    uint8_t *bytes = malloc(SEGMENT_CAPACITY);

    if (!bytes)
        return log_fail(ERR_NO_MEMORY, "cannot receive: out of memory");
    *segment = (struct segment){.bytes = bytes};
    return 0;
}

void segment_release(struct segment *segment)
{
    if (!segment)
        return;
    free(segment->bytes);
    segment->bytes = NULL;
}

void segment_start(struct segment *segment, uint64_t start_byte, const struct digest_sha256 *digest)
{
    segment->used = 0;
    segment->cut = 0;
    segment->hashed = 0;
    segment->count = 0;
    segment->start_byte = start_byte;
    segment->digest = *digest;
    chunker_init(&segment->chunker, &params);
}

/* Ends a chunk before byte `end`, while its bytes are still in the CPU's cache. */
static void end_chunk(struct segment *segment, size_t end)
{
    struct segment_chunk *chunk = &segment->chunks[segment->count];

    assert(segment->count < SEGMENT_CHUNKS_MAX);
    chunk->start = (uint32_t)segment->cut;
    chunk->size_bytes = (uint32_t)(end - segment->cut);
    digest_sha256(segment->bytes + segment->cut, chunk->size_bytes, chunk->digest);
    if (end > segment->hashed) {
        digest_sha256_update(&segment->digest, segment->bytes + segment->hashed,
                             end - segment->hashed);
        segment->hashed = end;
    }
    segment->cut = end;
    segment->count++;
}

void segment_add(struct segment *segment, size_t size)
{
    size_t end = segment->used + size;
    size_t at = segment->used;

    assert(end <= SEGMENT_CAPACITY);
    while (at < end) {
        bool boundary = false;

        at += chunker_feed(&segment->chunker, segment->bytes + at, end - at, &boundary);
        if (boundary)
            end_chunk(segment, at);
    }
    segment->used = end;
}

void segment_prepend(struct segment *segment, const void *bytes, size_t size)
{
    assert(segment->used == 0 && size <= BLOB_CHUNK_MAX);
    memcpy(segment->bytes, bytes, size);
    segment->hashed = size;
    segment_add(segment, size);
}

bool segment_full(const struct segment *segment)
{
    return segment->cut >= BLOB_SEGMENT_BYTES || segment->used == SEGMENT_CAPACITY;
}

uint32_t segment_close(struct segment *segment)
{
    size_t tail = segment->used - segment->cut;

    if (tail > 0)
        end_chunk(segment, segment->used);
    return (uint32_t)tail;
}

void segment_carry(const struct segment *segment, struct segment *next)
{
    size_t left = segment->used - segment->cut;

    segment_start(next, segment->start_byte + segment->cut, &segment->digest);
    memcpy(next->bytes, segment->bytes + segment->cut, left);
    /* The chunker has no memory beyond the chunk, so it sees these bytes again: at most one
     * chunk's worth every segment, much less than keeping two chunkers in step. */
    segment_add(next, left);
}
