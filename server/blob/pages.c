/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/pages.h"

#include "base/log.h"
#include "blob/blob.h"

#include <string.h>
#include <zstd.h>

/* Fast enough to be tried on everything: it runs over weights, which it cannot shrink, at some
 * 3 GB/s, and takes out what is repetitive (docs/PERFORMANCE.md). */
#define LEVEL (-1)

void pages_coder_release(struct pages_coder *coder)
{
    if (!coder)
        return;
    ZSTD_freeCCtx(coder->compressor);
    ZSTD_freeDCtx(coder->decompressor);
    *coder = (struct pages_coder){0};
}

enum pages_encoding pages_encode(struct pages_coder *coder, const void *bytes, size_t size,
                                 void *encoded, size_t capacity, size_t *ret_stored)
{
    size_t worth = size - size / 8;
    size_t stored;

    if (!coder->compressor)
        coder->compressor = ZSTD_createCCtx();
    if (!coder->compressor)
        return PAGES_RAW;
    stored = ZSTD_compressCCtx(coder->compressor, encoded, worth < capacity ? worth : capacity,
                               bytes, size, LEVEL);
    if (ZSTD_isError(stored))
        return PAGES_RAW; /* does not fit: not worth it */
    *ret_stored = stored;
    return PAGES_ZSTD;
}

int pages_begin(struct pages_chunk *chunk, const struct pages_shape *shape, uint8_t *stored)
{
    if (shape->stored_bytes == 0 || shape->stored_bytes > PAGES_MAX * BLOB_PAGE_BYTES)
        return PAGES_E_DAMAGED;
    if (shape->encoding != PAGES_RAW && shape->encoding != PAGES_ZSTD)
        return PAGES_E_DAMAGED;
    if (shape->encoding == PAGES_RAW && shape->stored_bytes != shape->size_bytes)
        return PAGES_E_DAMAGED;
    *chunk = (struct pages_chunk){.shape = *shape, .stored = stored};
    return 0;
}

int pages_put(struct pages_chunk *chunk, int64_t n, const void *bytes, size_t size)
{
    size_t start;
    size_t left;
    uint64_t bit;

    if (n < 0 || n >= PAGES_MAX)
        return PAGES_E_DAMAGED;
    start = (size_t)n * BLOB_PAGE_BYTES;
    if (start >= chunk->shape.stored_bytes)
        return PAGES_E_DAMAGED;
    left = chunk->shape.stored_bytes - start;
    bit = (uint64_t)1 << (n % 64);
    if (size != (left < BLOB_PAGE_BYTES ? left : BLOB_PAGE_BYTES) || (chunk->seen[n / 64] & bit))
        return PAGES_E_DAMAGED;
    chunk->seen[n / 64] |= bit;
    chunk->stored_have += (uint32_t)size;
    memcpy(chunk->stored + start, bytes, size);
    return 0;
}

int pages_end(struct pages_coder *coder, const struct pages_chunk *chunk, uint8_t *bytes)
{
    size_t size;

    if (chunk->stored_have != chunk->shape.stored_bytes)
        return PAGES_E_DAMAGED;
    if (chunk->shape.encoding == PAGES_RAW) {
        if (bytes != chunk->stored)
            memcpy(bytes, chunk->stored, chunk->shape.size_bytes);
        return 0;
    }
    if (!coder->decompressor)
        coder->decompressor = ZSTD_createDCtx();
    if (!coder->decompressor)
        return log_fail(ERR_NO_MEMORY, "cannot decompress: out of memory");
    size = ZSTD_decompressDCtx(coder->decompressor, bytes, chunk->shape.size_bytes, chunk->stored,
                               chunk->shape.stored_bytes);
    if (ZSTD_isError(size) || size != chunk->shape.size_bytes)
        return PAGES_E_DAMAGED;
    return 0;
}
