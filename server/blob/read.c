/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/read.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "blob/pages.h"
#include "db/q_artifact.h"
#include "db/q_chunk.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int found(int r, const uint8_t *sha256, const struct q_artifact *row,
                 struct blob_artifact *ret_artifact)
{
    if (r == Q_ARTIFACT_E_MISSING)
        return READ_E_MISSING;
    if (r)
        return r;
    *ret_artifact = (struct blob_artifact){
        .id = row->id,
        .content_id = row->content_id,
        .size_bytes = (uint64_t)row->size_bytes,
    };
    memcpy(ret_artifact->sha256, sha256, sizeof(ret_artifact->sha256));
    return 0;
}

int read_find(struct db *db, int64_t workspace_id, const uint8_t sha256[static DIGEST_SHA256_SIZE],
              struct blob_artifact *ret_artifact)
{
    struct q_artifact row;

    return found(q_artifact_claim(db, workspace_id, sha256, &row), sha256, &row, ret_artifact);
}

int read_find_published(struct db *db, int64_t workspace_id,
                        const uint8_t sha256[static DIGEST_SHA256_SIZE],
                        struct blob_artifact *ret_artifact)
{
    struct q_artifact row;

    return found(q_artifact_find_published(db, workspace_id, sha256, &row), sha256, &row,
                 ret_artifact);
}

/* ---- slices ------------------------------------------------------------------------------- */

/* The chunks of a slice, sorted by id so that pages find theirs; a chunk may be in it often. */
struct part {
    struct q_chunk chunk;
    struct pages_chunk pages;
    uint8_t *stored;
    uint8_t *bytes; /* decoded */
};

static int compare_id(const void *a, const void *b)
{
    int64_t x = ((const struct part *)a)->chunk.id;
    int64_t y = ((const struct part *)b)->chunk.id;

    return (x > y) - (x < y);
}

static struct part *part_of(struct part *parts, size_t count, int64_t chunk_id)
{
    struct part key = {.chunk.id = chunk_id};

    return bsearch(&key, parts, count, sizeof(*parts), compare_id);
}

static int damaged(int64_t chunk_id)
{
    return log_fail(ERR_INTERNAL,
                    "chunk %" PRId64 " is damaged in the database: restore it from a backup",
                    chunk_id);
}

static int fetch_pages(struct db *db, struct arena *arena, struct part *parts, size_t count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int64_t *ids = arena_array(arena, count, sizeof(*ids));
    int r;

    for (size_t i = 0; i < count; i++)
        ids[i] = parts[i].chunk.id;
    r = q_chunk_pages(db, arena, ids, count, &rows);
    if (r)
        return r;
    for (int i = 0; i < rows.count; i++) {
        int64_t chunk_id = db_i64(&rows, i, 0);
        struct part *part = part_of(parts, count, chunk_id);
        size_t size;
        const uint8_t *bytes = db_bytes(&rows, i, 2, &size);

        if (!part || pages_put(&part->pages, db_i64(&rows, i, 1), bytes, size))
            return damaged(chunk_id);
    }
    return 0;
}

/* Brings the bytes of parts, which are distinct and sorted. */
static int fetch(struct db *db, struct arena *arena, struct part *parts, size_t count)
{
    CLEANUP(pages_coder_release) struct pages_coder coder = {0};
    int r;

    for (size_t i = 0; i < count; i++) {
        const struct q_chunk *chunk = &parts[i].chunk;
        struct pages_shape shape = {
            .size_bytes = chunk->size_bytes,
            .stored_bytes = chunk->stored_bytes,
            .encoding = chunk->encoding,
        };

        parts[i].stored = arena_alloc(arena, chunk->stored_bytes);
        parts[i].bytes = parts[i].stored;
        if (chunk->encoding != PAGES_RAW)
            parts[i].bytes = arena_alloc(arena, chunk->size_bytes);
        if (pages_begin(&parts[i].pages, &shape, parts[i].stored))
            return damaged(chunk->id);
    }
    r = fetch_pages(db, arena, parts, count);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++) {
        r = pages_end(&coder, &parts[i].pages, parts[i].bytes);
        if (r < 0)
            return r;
        if (r)
            return damaged(parts[i].chunk.id);
    }
    return 0;
}

/* Which of the rows are read: all that end within the capacity, at least one. Fills sequence in
 * content order and parts sorted and distinct. */
static size_t choose(const struct db_rows *rows, uint64_t offset, size_t capacity,
                     struct q_chunk *sequence, struct part *parts, size_t *ret_parts)
{
    size_t chosen = 0;
    size_t distinct = 0;

    for (int i = 0; i < rows->count; i++) {
        struct q_chunk *chunk = &sequence[chosen];

        q_chunk_read(rows, i, chunk);
        if (i > 0 && (uint64_t)chunk->start_byte + chunk->size_bytes > offset + capacity)
            break;
        parts[chosen] = (struct part){.chunk = *chunk};
        chosen++;
    }
    qsort(parts, chosen, sizeof(*parts), compare_id);
    for (size_t i = 0; i < chosen; i++) {
        if (distinct == 0 || parts[distinct - 1].chunk.id != parts[i].chunk.id)
            parts[distinct++] = parts[i];
    }
    *ret_parts = distinct;
    return chosen;
}

/* Copies the chunks, in order, from offset on. */
static int lay_out(const struct q_chunk *sequence, size_t chosen, struct part *parts,
                   size_t distinct, uint64_t offset, uint8_t *bytes, size_t capacity,
                   size_t *ret_size)
{
    size_t size = 0;

    for (size_t i = 0; i < chosen; i++) {
        const struct q_chunk *chunk = &sequence[i];
        uint64_t at = offset + size;
        uint64_t skip = at - (uint64_t)chunk->start_byte;
        size_t left;

        if ((uint64_t)chunk->start_byte > at || skip >= chunk->size_bytes)
            return log_fail(ERR_INTERNAL, "a content has a gap at byte %" PRIu64, at);
        left = chunk->size_bytes - (size_t)skip;
        if (left > capacity - size)
            left = capacity - size;
        memcpy(bytes + size, part_of(parts, distinct, chunk->id)->bytes + skip, left);
        size += left;
    }
    *ret_size = size;
    return 0;
}

static int read_once(struct db *db, const struct blob_artifact *artifact, uint64_t offset,
                     void *bytes, size_t capacity, size_t *ret_size)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_chunk *sequence;
    struct part *parts;
    size_t distinct;
    size_t chosen;
    int r;

    r = q_chunk_content_slice(db, artifact->content_id, (int64_t)offset,
                              (int64_t)(offset + capacity), &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return log_fail(ERR_INTERNAL, "content %" PRId64 " has no byte %" PRIu64,
                        artifact->content_id, offset);
    sequence = arena_array(&arena, (size_t)rows.count, sizeof(*sequence));
    parts = arena_array(&arena, (size_t)rows.count, sizeof(*parts));
    chosen = choose(&rows, offset, capacity, sequence, parts, &distinct);
    r = fetch(db, &arena, parts, distinct);
    if (r)
        return r;
    return lay_out(sequence, chosen, parts, distinct, offset, bytes, capacity, ret_size);
}

int read_slice(struct db *db, const struct blob_artifact *artifact, uint64_t offset, void *bytes,
               size_t capacity, size_t *ret_size)
{
    int r;

    assert(capacity > 0 && offset < artifact->size_bytes);
    r = read_once(db, artifact, offset, bytes, capacity, ret_size);
    /* A connection that was lost: a database that is back need not cost a download. */
    if (r == ERR_UNAVAILABLE && !tx_active(db))
        r = read_once(db, artifact, offset, bytes, capacity, ret_size);
    return r;
}
