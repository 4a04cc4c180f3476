/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/store.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "blob/pages.h"
#include "db/q_chunk.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* How much COPY data goes to libpq at a time. */
#define BATCH_BYTES ((size_t)128 << 10)
/* COPY's binary format: a field count, then a length before each field. */
#define ROW_OVERHEAD_BYTES (2 + 4 + 8 + 4 + 4 + 4)
/* How often chunks may appear and vanish under us before we give up. */
#define TRIES 8

/* A chunk that differs from all others in the segment. */
struct entry {
    struct q_chunk chunk;
    const uint8_t *bytes; /* what to store */
    bool is_new;
};

struct store {
    int64_t workspace_id;
    int64_t content_id;
    struct pages_coder coder;
    uint8_t *batch; /* BATCH_BYTES */
    size_t batch_used;
    uint8_t *encoded; /* SEGMENT_CAPACITY: compressed chunks, one behind the other */
    struct entry entries[SEGMENT_CHUNKS_MAX];
    const struct q_chunk *sorted[SEGMENT_CHUNKS_MAX];
    size_t entry_of[SEGMENT_CHUNKS_MAX]; /* of each of the segment's chunks */
    size_t count;
};

int store_new(int64_t workspace_id, int64_t content_id, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof(*store));

    if (store) {
        store->workspace_id = workspace_id;
        store->content_id = content_id;
        store->batch = malloc(BATCH_BYTES);
        store->encoded = malloc(SEGMENT_CAPACITY);
    }
    if (!store || !store->batch || !store->encoded) {
        store_free(store);
        return log_fail(ERR_NO_MEMORY, "cannot store: out of memory");
    }
    *ret_store = store;
    return 0;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    pages_coder_release(&store->coder);
    free(store->batch);
    free(store->encoded);
    free(store);
}

/* ---- which chunks are there --------------------------------------------------------------- */

static int compare_digest(const void *a, const void *b, void *arg)
{
    const struct segment *segment = arg;

    return memcmp(segment->chunks[*(const size_t *)a].digest,
                  segment->chunks[*(const size_t *)b].digest, DIGEST_SHA256_SIZE);
}

/* Fills entries with the segment's distinct chunks, sorted by digest. */
static void collect(struct store *store, const struct segment *segment)
{
    size_t order[SEGMENT_CHUNKS_MAX];

    for (size_t i = 0; i < segment->count; i++)
        order[i] = i;
    qsort_r(order, segment->count, sizeof(*order), compare_digest, (void *)segment);
    store->count = 0;
    for (size_t i = 0; i < segment->count; i++) {
        const struct segment_chunk *chunk = &segment->chunks[order[i]];
        struct entry *last = store->count ? &store->entries[store->count - 1] : NULL;

        if (!last || memcmp(last->chunk.digest, chunk->digest, DIGEST_SHA256_SIZE) != 0) {
            last = &store->entries[store->count++];
            *last = (struct entry){.bytes = segment->bytes + chunk->start};
            last->chunk.size_bytes = chunk->size_bytes;
            memcpy(last->chunk.digest, chunk->digest, DIGEST_SHA256_SIZE);
        }
        store->entry_of[order[i]] = store->count - 1;
    }
}

static int compare_entry(const void *key, const void *element)
{
    const struct entry *entry = element;

    return memcmp(key, entry->chunk.digest, DIGEST_SHA256_SIZE);
}

/* Takes ids from rows (id, digest). */
static int take_ids(struct store *store, const struct db_rows *rows, bool are_new)
{
    for (int i = 0; i < rows->count; i++) {
        size_t size;
        const uint8_t *digest = db_bytes(rows, i, 1, &size);
        struct entry *entry =
            bsearch(digest, store->entries, store->count, sizeof(*store->entries), compare_entry);

        if (!entry)
            return log_fail(ERR_INTERNAL, "the database returned a chunk that nobody asked for");
        entry->chunk.id = db_i64(rows, i, 0);
        entry->is_new = are_new;
    }
    return 0;
}

/* The entries that have no id yet, as digests behind each other. Returns how many. */
static size_t unknown(struct store *store, struct arena *arena, uint8_t **ret_digests)
{
    uint8_t *digests = arena_alloc(arena, store->count * DIGEST_SHA256_SIZE);
    size_t count = 0;

    for (size_t i = 0; i < store->count; i++) {
        const struct q_chunk *chunk = &store->entries[i].chunk;

        if (chunk->id != 0)
            continue;
        store->sorted[count] = chunk;
        memcpy(digests + count * DIGEST_SHA256_SIZE, chunk->digest, DIGEST_SHA256_SIZE);
        count++;
    }
    *ret_digests = digests;
    return count;
}

static int find(struct store *store, struct db *db, struct arena *arena)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    uint8_t *digests;
    size_t count = unknown(store, arena, &digests);
    int r;

    r = q_chunk_find(db, arena, store->workspace_id, digests, count, &rows);
    if (r)
        return r;
    return take_ids(store, &rows, false);
}

/* Decides how each unknown chunk is stored. */
static void encode(struct store *store)
{
    size_t used = 0;

    for (size_t i = 0; i < store->count; i++) {
        struct entry *entry = &store->entries[i];
        size_t stored = entry->chunk.size_bytes;

        if (entry->chunk.id != 0)
            continue;
        entry->chunk.encoding =
            pages_encode(&store->coder, entry->bytes, stored, store->encoded + used,
                         SEGMENT_CAPACITY - used, &stored);
        entry->chunk.stored_bytes = (uint32_t)stored;
        if (entry->chunk.encoding != PAGES_RAW) {
            entry->bytes = store->encoded + used;
            used += stored;
        }
    }
}

static int insert(struct store *store, struct db *db, struct arena *arena)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    uint8_t *digests;
    size_t count = unknown(store, arena, &digests);
    int r;

    r = q_chunk_insert(db, arena, store->workspace_id, store->sorted, count, &rows);
    if (r)
        return r;
    return take_ids(store, &rows, true);
}

/* Gives every entry its id; inserts those that nobody has. */
static int resolve(struct store *store, struct db *db, struct arena *arena)
{
    uint8_t *digests;
    bool encoded = false;
    int r;

    for (int i = 0; i < TRIES; i++) {
        r = find(store, db, arena);
        if (r)
            return r;
        if (unknown(store, arena, &digests) == 0)
            return 0;
        if (!encoded)
            encode(store);
        encoded = true;
        r = insert(store, db, arena);
        if (r)
            return r;
        if (unknown(store, arena, &digests) == 0)
            return 0;
    }
    return STORE_E_RACE;
}

/* ---- pages -------------------------------------------------------------------------------- */

static void put(struct store *store, const void *bytes, size_t size)
{
    memcpy(store->batch + store->batch_used, bytes, size);
    store->batch_used += size;
}

static void put_u32(struct store *store, uint32_t value)
{
    uint32_t wire = htobe32(value);

    put(store, &wire, sizeof(wire));
}

static int flush(struct store *store, struct db *db)
{
    int r = db_copy_write(db, store->batch, store->batch_used);

    store->batch_used = 0;
    return r;
}

static int copy_page(struct store *store, struct db *db, int64_t chunk_id, uint32_t n,
                     const uint8_t *bytes, size_t size)
{
    uint16_t fields = htobe16(3);
    uint64_t id = htobe64((uint64_t)chunk_id);

    if (store->batch_used + ROW_OVERHEAD_BYTES + size > BATCH_BYTES) {
        int r = flush(store, db);

        if (r)
            return r;
    }
    put(store, &fields, sizeof(fields));
    put_u32(store, sizeof(id));
    put(store, &id, sizeof(id));
    put_u32(store, sizeof(n));
    put_u32(store, n);
    put_u32(store, (uint32_t)size);
    put(store, bytes, size);
    return 0;
}

static int copy_chunk(struct store *store, struct db *db, const struct entry *entry)
{
    size_t left = entry->chunk.stored_bytes;

    for (uint32_t n = 0; left > 0; n++) {
        size_t size = left < BLOB_PAGE_BYTES ? left : BLOB_PAGE_BYTES;
        int r = copy_page(store, db, entry->chunk.id, n, entry->bytes + n * BLOB_PAGE_BYTES, size);

        if (r)
            return r;
        left -= size;
    }
    return 0;
}

static int copy_new(struct store *store, struct db *db)
{
    bool begun = false;
    int r;

    store->batch_used = 0;
    for (size_t i = 0; i < store->count; i++) {
        if (!store->entries[i].is_new)
            continue;
        if (!begun) {
            r = db_copy_begin(db, q_chunk_copy_pages);
            if (r)
                return r;
        }
        begun = true;
        r = copy_chunk(store, db, &store->entries[i]);
        if (r)
            return r;
    }
    if (!begun)
        return 0;
    r = flush(store, db);
    if (r)
        return r;
    return db_copy_end(db);
}

/* ---- the content -------------------------------------------------------------------------- */

static int append(struct store *store, struct db *db, struct arena *arena,
                  const struct segment *segment, uint64_t *ret_known)
{
    int64_t *starts = arena_array(arena, segment->count, sizeof(*starts));
    int64_t *ids = arena_array(arena, segment->count, sizeof(*ids));
    uint64_t known = 0;
    int r;

    for (size_t i = 0; i < segment->count; i++) {
        struct entry *entry = &store->entries[store->entry_of[i]];

        starts[i] = (int64_t)(segment->start_byte + segment->chunks[i].start);
        ids[i] = entry->chunk.id;
        if (!entry->is_new)
            known += segment->chunks[i].size_bytes;
        entry->is_new = false; /* only its first appearance was stored */
    }
    r = q_chunk_content_append(db, arena, store->content_id, starts, ids, segment->count);
    if (r == DB_E_FOREIGN_KEY)
        return STORE_E_RACE;
    if (r == DB_E_UNIQUE)
        return STORE_E_OVERLAP;
    if (r)
        return r;
    *ret_known = known;
    return 0;
}

int store_segment(struct store *store, struct db *db, const struct segment *segment,
                  uint64_t *ret_known)
{
    CLEANUP(arena_release) struct arena arena = {0};
    int r;

    assert(tx_active(db));
    if (segment->count == 0) {
        *ret_known = 0;
        return 0;
    }
    collect(store, segment);
    r = resolve(store, db, &arena);
    if (r)
        return r;
    r = copy_new(store, db);
    if (r)
        return r;
    return append(store, db, &arena, segment, ret_known);
}
