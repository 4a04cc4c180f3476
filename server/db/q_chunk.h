/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_CHUNK_H
#define DB_Q_CHUNK_H

#include "base/arena.h"
#include "base/error.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* Chunks, their pages, and the contents that are made of them. */

#define Q_CHUNK_DIGEST_BYTES 32

struct q_chunk {
    int64_t id;
    uint8_t digest[Q_CHUNK_DIGEST_BYTES];
    int64_t start_byte; /* within a content, where it is read as part of one */
    uint32_t size_bytes;
    uint32_t stored_bytes;
    int encoding; /* 0: as they are; 1: zstd */
};

/* Rows (id, digest) of those of count digests that are stored. */
int q_chunk_find(struct db *db, struct arena *arena, int64_t workspace_id, const uint8_t *digests,
                 size_t count, struct db_rows *ret_rows) MUST_CHECK;

/*
 * Inserts those that are not there; all must differ and be sorted by digest, so that two uploads
 * wait for each other in one order. Rows (id, digest) of those inserted.
 */
int q_chunk_insert(struct db *db, struct arena *arena, int64_t workspace_id,
                   const struct q_chunk *const *chunks, size_t count,
                   struct db_rows *ret_rows) MUST_CHECK;

/* Inserts without pages are never committed: the same transaction COPYs them. */
extern const char q_chunk_copy_pages[];

/* Rows (chunk_id, n, data), in no order. */
int q_chunk_pages(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                  struct db_rows *ret_rows) MUST_CHECK;

/*
 * Removes those of the chunks, with their pages, to which no content refers. Must run in a
 * transaction: it locks first, so that an upload that is about to refer to one of them either came
 * before (and is seen) or fails its foreign key (and tries again).
 */
int q_chunk_remove_orphans(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                           int64_t *ret_removed, int64_t *ret_bytes) MUST_CHECK;

/* A new, empty content. */
int q_chunk_content_new(struct db *db, int64_t workspace_id, int64_t *ret_content_id) MUST_CHECK;

/* Nothing refers to this content any more. */
int q_chunk_content_discard(struct db *db, int64_t content_id) MUST_CHECK;

/* Moves what a content has from start_byte on, if anything, into a discarded content. */
int q_chunk_content_cut(struct db *db, int64_t content_id, int64_t start_byte,
                        int64_t *ret_chunks) MUST_CHECK;

/* Appends. Returns 0, DB_E_UNIQUE (another writer was there), DB_E_FOREIGN_KEY (a chunk was removed
 * meanwhile), or negative. */
int q_chunk_content_append(struct db *db, struct arena *arena, int64_t content_id,
                           const int64_t *start_bytes, const int64_t *chunk_ids,
                           size_t count) MUST_CHECK;

/* Rows (start_byte, id, size_bytes, stored_bytes, encoding), in order, from the chunk that has the
 * byte at `from` to the last one that starts before `to`, at most 64. */
int q_chunk_content_slice(struct db *db, int64_t content_id, int64_t from, int64_t to,
                          struct db_rows *ret_rows) MUST_CHECK;

/* The longest discarded contents: rows (id), at most 64. */
int q_chunk_content_discarded(struct db *db, struct db_rows *ret_rows) MUST_CHECK;

/* Takes at most limit chunks out of a content: rows (chunk_id), with repetitions. */
int q_chunk_content_take(struct db *db, int64_t content_id, int64_t limit,
                         struct db_rows *ret_rows) MUST_CHECK;

/* Removes a discarded content that has no chunks. */
int q_chunk_content_remove(struct db *db, int64_t content_id) MUST_CHECK;

/* How a result row becomes a chunk: see q_chunk_content_slice(). */
void q_chunk_read(const struct db_rows *rows, int row, struct q_chunk *ret_chunk);

#endif
