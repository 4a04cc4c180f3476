/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_PAGES_H
#define BLOB_PAGES_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * How the bytes of a chunk are stored: encoded, and cut into pages of BLOB_PAGE_BYTES, the last
 * one shorter. What comes back from the database is checked as if a stranger had written it.
 */
enum pages_encoding {
    PAGES_RAW = 0,
    PAGES_ZSTD = 1,
};

/* A compressor and a decompressor, made when first needed. Zeroed is empty; one thread at a time.
 */
struct pages_coder {
    struct ZSTD_CCtx_s *compressor;
    struct ZSTD_DCtx_s *decompressor;
};

/* Accepts NULL and a zeroed struct. */
void pages_coder_release(struct pages_coder *coder);

/*
 * Encodes a chunk where that makes it an eighth smaller. capacity is at least size.
 *
 * Returns the encoding; ret_stored is written where it is not PAGES_RAW.
 */
enum pages_encoding pages_encode(struct pages_coder *coder, const void *bytes, size_t size,
                                 void *encoded, size_t capacity, size_t *ret_stored);

/* How a chunk is stored. */
struct pages_shape {
    uint32_t size_bytes;
    uint32_t stored_bytes;
    int encoding;
};

enum {
    PAGES_E_DAMAGED = 1, /* pages are missing, twice there, of a wrong size, or do not decode */
};

/* A chunk that is being put together. */
struct pages_chunk {
    struct pages_shape shape;
    uint8_t *stored; /* shape.stored_bytes */
    uint32_t stored_have;
    uint64_t seen[2]; /* a bit a page */
};

/* The most pages that a chunk can have; a shape beyond it is damaged. */
#define PAGES_MAX 128

/* stored is borrowed and has room for shape->stored_bytes. */
int pages_begin(struct pages_chunk *chunk, const struct pages_shape *shape,
                uint8_t *stored) MUST_CHECK;
/* Takes page n. */
int pages_put(struct pages_chunk *chunk, int64_t n, const void *bytes, size_t size) MUST_CHECK;
/* All pages were put (0, PAGES_E_DAMAGED, or negative when out of memory). Where the encoding is
 * PAGES_RAW the stored bytes are the chunk and bytes may be the same memory; otherwise they are
 * decoded into bytes, which has room for size_bytes. */
int pages_end(struct pages_coder *coder, const struct pages_chunk *chunk,
              uint8_t *bytes) MUST_CHECK;

#endif
