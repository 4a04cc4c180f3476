/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELTA_CHUNKER_H
#define DELTA_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Content-defined chunking: FastCDC (Xia et al., USENIX ATC 2016) with a 64-bit gear hash and
 * normalised chunking of level 2. Equal bytes give equal cuts, wherever they stand in a file, after
 * at most one chunk.
 *
 * A cut depends on nothing before the chunk's first byte, so cutting may stop at any boundary and
 * go on there in another process: there is no state to save. The gear table and the masks are part
 * of the storage format: changing them changes every cut and ends deduplication against what is
 * stored (it breaks nothing else).
 */
struct chunker_params {
    uint32_t min_bytes; /* >= 64 */
    uint32_t avg_bytes; /* a power of two, above min; the distribution's centre */
    uint32_t max_bytes; /* above avg */
};

#define CHUNKER_DEFAULTS                                                                           \
    (struct chunker_params)                                                                        \
    {                                                                                              \
        .min_bytes = 16 << 10, .avg_bytes = 64 << 10, .max_bytes = 256 << 10                       \
    }

/* The caller's storage; nothing to release. */
struct chunker {
    struct chunker_params params;
    uint64_t mask_early; /* before avg_bytes: more bits, cuts are rare */
    uint64_t mask_late;  /* after: fewer bits, cuts are frequent */
    uint64_t hash;
    uint32_t position; /* bytes of the current chunk seen so far */
};

void chunker_init(struct chunker *chunker, const struct chunker_params *params);

/*
 * Takes bytes up to and including the end of the current chunk.
 *
 * Returns how many of the size bytes belong to the current chunk, and sets *ret_boundary where the
 * chunk ends behind them (the next byte begins a new one). Without a boundary all of size was
 * taken. The end of the input ends the last chunk; the caller knows when that is.
 *
 *     while (size > 0) {
 *         bool boundary;
 *         size_t taken = chunker_feed(&chunker, bytes, size, &boundary);
 *
 *         append(chunk, bytes, taken);
 *         if (boundary)
 *             emit(chunk);
 *         bytes += taken;
 *         size -= taken;
 *     }
 */
size_t chunker_feed(struct chunker *chunker, const uint8_t *bytes, size_t size, bool *ret_boundary);

#endif
