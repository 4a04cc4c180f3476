/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_chunk.h"

#include "base/cleanup.h"

#include <string.h>

static const struct db_stmt find = {
    "chunk_find",
    "SELECT id, digest FROM chunk WHERE workspace_id = $1::bigint AND digest = ANY ($2::bytea[])",
};

static const struct db_stmt insert = {
    "chunk_insert",
    "INSERT INTO chunk (workspace_id, digest, size_bytes, stored_bytes, encoding) "
    "SELECT $1::bigint, * FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[]) "
    "ON CONFLICT (workspace_id, digest) DO NOTHING RETURNING id, digest",
};

const char q_chunk_copy_pages[] = "COPY chunk_page (chunk_id, n, data) FROM STDIN (FORMAT binary)";

static const struct db_stmt pages = {
    "chunk_pages",
    "SELECT chunk_id, n, data FROM chunk_page WHERE chunk_id = ANY ($1::bigint[])",
};

static const struct db_stmt lock = {
    "chunk_lock",
    "SELECT id FROM chunk WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE",
};

static const struct db_stmt remove_orphans = {
    "chunk_remove_orphans",
    "WITH orphan AS (DELETE FROM chunk c WHERE c.id = ANY ($1::bigint[]) AND NOT EXISTS "
    "(SELECT FROM content_chunk r WHERE r.chunk_id = c.id) RETURNING c.id, c.stored_bytes), "
    "gone AS (DELETE FROM chunk_page p USING orphan o WHERE p.chunk_id = o.id) "
    "SELECT count(*), coalesce(sum(stored_bytes), 0)::bigint FROM orphan",
};

static const struct db_stmt content_new = {
    "content_new",
    "INSERT INTO content (workspace_id) VALUES ($1::bigint) RETURNING id",
};

static const struct db_stmt content_discard = {
    "content_discard",
    "UPDATE content SET discarded_at = now() WHERE id = $1::bigint AND discarded_at IS NULL",
};

static const struct db_stmt content_has_from = {
    "content_has_from",
    "SELECT FROM content_chunk WHERE content_id = $1::bigint AND start_byte >= $2::bigint LIMIT 1",
};

static const struct db_stmt content_cut = {
    "content_cut",
    "WITH garbage AS (INSERT INTO content (workspace_id, discarded_at) "
    "SELECT workspace_id, now() FROM content WHERE id = $1::bigint RETURNING id) "
    "UPDATE content_chunk SET content_id = garbage.id FROM garbage "
    "WHERE content_id = $1::bigint AND start_byte >= $2::bigint",
};

static const struct db_stmt content_append = {
    "content_append",
    "INSERT INTO content_chunk (content_id, start_byte, chunk_id) "
    "SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[])",
};

static const struct db_stmt content_slice = {
    "content_slice",
    "SELECT r.start_byte, c.id, c.size_bytes, c.stored_bytes, c.encoding "
    "FROM content_chunk r JOIN chunk c ON c.id = r.chunk_id WHERE r.content_id = $1::bigint "
    "AND r.start_byte >= (SELECT max(f.start_byte) FROM content_chunk f "
    "WHERE f.content_id = $1::bigint AND f.start_byte <= $2::bigint) "
    "AND r.start_byte < $3::bigint ORDER BY r.start_byte LIMIT 64",
};

static const struct db_stmt content_discarded = {
    "content_discarded",
    "SELECT id FROM content WHERE discarded_at IS NOT NULL ORDER BY discarded_at LIMIT 64",
};

static const struct db_stmt content_take = {
    "content_take",
    "DELETE FROM content_chunk WHERE content_id = $1::bigint AND start_byte IN "
    "(SELECT start_byte FROM content_chunk WHERE content_id = $1::bigint "
    "ORDER BY start_byte LIMIT $2::bigint) RETURNING chunk_id",
};

static const struct db_stmt content_remove = {
    "content_remove",
    "DELETE FROM content WHERE id = $1::bigint AND discarded_at IS NOT NULL",
};

int q_chunk_find(struct db *db, struct arena *arena, int64_t workspace_id, const uint8_t *digests,
                 size_t count, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_bytes_array(&params, arena, digests, Q_CHUNK_DIGEST_BYTES, count);
    return db_exec(db, &find, &params, ret_rows);
}

int q_chunk_insert(struct db *db, struct arena *arena, int64_t workspace_id,
                   const struct q_chunk *const *chunks, size_t count, struct db_rows *ret_rows)
{
    uint8_t *digests = arena_alloc(arena, count * Q_CHUNK_DIGEST_BYTES);
    int64_t *sizes = arena_array(arena, count, sizeof(*sizes));
    int64_t *stored = arena_array(arena, count, sizeof(*stored));
    int64_t *encodings = arena_array(arena, count, sizeof(*encodings));
    struct db_params params = {0};

    for (size_t i = 0; i < count; i++) {
        memcpy(digests + i * Q_CHUNK_DIGEST_BYTES, chunks[i]->digest, Q_CHUNK_DIGEST_BYTES);
        sizes[i] = chunks[i]->size_bytes;
        stored[i] = chunks[i]->stored_bytes;
        encodings[i] = chunks[i]->encoding;
    }
    db_add_i64(&params, workspace_id);
    db_add_bytes_array(&params, arena, digests, Q_CHUNK_DIGEST_BYTES, count);
    db_add_i64_array(&params, arena, sizes, count);
    db_add_i64_array(&params, arena, stored, count);
    db_add_i64_array(&params, arena, encodings, count);
    return db_exec(db, &insert, &params, ret_rows);
}

int q_chunk_pages(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                  struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, ids, count);
    return db_exec(db, &pages, &params, ret_rows);
}

int q_chunk_remove_orphans(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                           int64_t *ret_removed, int64_t *ret_bytes)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64_array(&params, arena, ids, count);
    r = db_exec(db, &lock, &params, NULL);
    if (r)
        return r;
    /* Another statement, so that it sees what was committed until the locks were had. */
    r = db_exec(db, &remove_orphans, &params, &rows);
    if (r)
        return r;
    *ret_removed = db_i64(&rows, 0, 0);
    *ret_bytes = db_i64(&rows, 0, 1);
    return 0;
}

int q_chunk_content_new(struct db *db, int64_t workspace_id, int64_t *ret_content_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    r = db_exec(db, &content_new, &params, &rows);
    if (r)
        return r;
    *ret_content_id = db_i64(&rows, 0, 0);
    return 0;
}

int q_chunk_content_discard(struct db *db, int64_t content_id)
{
    struct db_params params = {0};

    db_add_i64(&params, content_id);
    return db_exec(db, &content_discard, &params, NULL);
}

int q_chunk_content_cut(struct db *db, int64_t content_id, int64_t start_byte, int64_t *ret_chunks)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, content_id);
    db_add_i64(&params, start_byte);
    r = db_exec(db, &content_has_from, &params, &rows);
    if (r)
        return r;
    if (rows.count > 0) {
        r = db_exec(db, &content_cut, &params, NULL);
        if (r)
            return r;
    }
    *ret_chunks = rows.count > 0 ? db_affected(db) : 0;
    return 0;
}

int q_chunk_content_append(struct db *db, struct arena *arena, int64_t content_id,
                           const int64_t *start_bytes, const int64_t *chunk_ids, size_t count)
{
    struct db_params params = {0};

    db_add_i64(&params, content_id);
    db_add_i64_array(&params, arena, start_bytes, count);
    db_add_i64_array(&params, arena, chunk_ids, count);
    return db_exec(db, &content_append, &params, NULL);
}

int q_chunk_content_slice(struct db *db, int64_t content_id, int64_t from, int64_t to,
                          struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, content_id);
    db_add_i64(&params, from);
    db_add_i64(&params, to);
    return db_exec(db, &content_slice, &params, ret_rows);
}

int q_chunk_content_discarded(struct db *db, struct db_rows *ret_rows)
{
    return db_exec(db, &content_discarded, NULL, ret_rows);
}

int q_chunk_content_take(struct db *db, int64_t content_id, int64_t limit, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, content_id);
    db_add_i64(&params, limit);
    return db_exec(db, &content_take, &params, ret_rows);
}

int q_chunk_content_remove(struct db *db, int64_t content_id)
{
    struct db_params params = {0};

    db_add_i64(&params, content_id);
    return db_exec(db, &content_remove, &params, NULL);
}

void q_chunk_read(const struct db_rows *rows, int row, struct q_chunk *ret_chunk)
{
    *ret_chunk = (struct q_chunk){
        .start_byte = db_i64(rows, row, 0),
        .id = db_i64(rows, row, 1),
        .size_bytes = (uint32_t)db_i64(rows, row, 2),
        .stored_bytes = (uint32_t)db_i64(rows, row, 3),
        .encoding = (int)db_i64(rows, row, 4),
    };
}
