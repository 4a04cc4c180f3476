/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/reclaim.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "db/q_artifact.h"
#include "db/q_chunk.h"
#include "db/q_upload.h"

/* How much one transaction and one step do: some 64 MiB of pages a transaction. */
#define UPLOADS_MAX 64
#define ARTIFACTS_MAX 64
#define CHUNKS_MAX 512
#define BATCHES_MAX 16

struct take {
    int64_t content_id;
    int64_t taken;
    int64_t removed;
    int64_t removed_bytes;
};

/* Takes some chunks out of a content and removes those that nothing else has; without chunks, the
 * content itself. */
static int take_some(struct db *db, void *arg)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct take *take = arg;
    int64_t *ids;
    int r;

    take->taken = 0;
    take->removed = 0;
    take->removed_bytes = 0;
    r = q_chunk_content_take(db, take->content_id, CHUNKS_MAX, &rows);
    if (r)
        return r;
    take->taken = rows.count;
    if (rows.count == 0)
        return q_chunk_content_remove(db, take->content_id);
    ids = arena_array(&arena, (size_t)rows.count, sizeof(*ids));
    for (int i = 0; i < rows.count; i++)
        ids[i] = db_i64(&rows, i, 0);
    return q_chunk_remove_orphans(db, &arena, ids, (size_t)rows.count, &take->removed,
                                  &take->removed_bytes);
}

static int reclaim_content(struct db *db, int64_t content_id, int *batches,
                           struct reclaim_result *result)
{
    struct take take = {.content_id = content_id};

    for (; *batches < BATCHES_MAX; ++*batches) {
        int r = tx_run(db, take_some, &take);

        if (r)
            return r;
        result->chunks += take.removed;
        result->bytes += take.removed_bytes;
        if (take.taken == 0) {
            result->contents++;
            return 0;
        }
    }
    result->more = true;
    return 0;
}

struct sweep {
    const struct reclaim_options *options;
    int64_t looked_at;
    int64_t removed;
};

static int discard_unused(struct db *db, void *arg)
{
    CLEANUP(arena_release) struct arena arena = {0};
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct sweep *sweep = arg;
    const struct reclaim_options *options = sweep->options;
    int r;

    r = q_artifact_discard_unused(db, &arena, options->now_ms - options->unused_grace_ms,
                                  ARTIFACTS_MAX, &sweep->looked_at, &rows);
    for (int i = 0; !r && i < rows.count && options->removed; i++) {
        size_t size;

        r = options->removed(db, options->arg, db_i64(&rows, i, 0), db_bytes(&rows, i, 1, &size),
                             db_i64(&rows, i, 2));
    }
    sweep->removed = rows.count;
    return r;
}

static int free_contents(struct db *db, struct reclaim_result *result)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int batches = 0;
    int r;

    r = q_chunk_content_discarded(db, &rows);
    for (int i = 0; !r && i < rows.count && !result->more; i++)
        r = reclaim_content(db, db_i64(&rows, i, 0), &batches, result);
    if (rows.count == 64)
        result->more = true;
    return r;
}

int reclaim_step(struct db *db, const struct reclaim_options *options,
                 struct reclaim_result *ret_result)
{
    struct reclaim_result result = {0};
    struct sweep sweep = {.options = options};
    int r;

    r = q_upload_expire(db, options->now_ms, UPLOADS_MAX, &result.uploads);
    if (!r)
        r = tx_run(db, discard_unused, &sweep);
    if (r)
        return r;
    result.artifacts = sweep.removed;
    r = free_contents(db, &result);
    if (r)
        return r;
    if (result.uploads == UPLOADS_MAX || sweep.looked_at == ARTIFACTS_MAX)
        result.more = true;
    *ret_result = result;
    return 0;
}

void reclaim_count(struct reclaim_totals *totals, const struct reclaim_result *result)
{
    atomic_fetch_add(&totals->uploads, (uint_fast64_t)result->uploads);
    atomic_fetch_add(&totals->artifacts, (uint_fast64_t)result->artifacts);
    atomic_fetch_add(&totals->chunks, (uint_fast64_t)result->chunks);
    atomic_fetch_add(&totals->bytes, (uint_fast64_t)result->bytes);
}
