/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_upload.h"

#include "base/cleanup.h"
#include "db/q_lock.h"

#include <string.h>

/* Advisory locks of contents: this plus the content's id. */
#define LOCK_BASE ((int64_t)0x6d66 << 48)

static const struct db_stmt lock_workspace = {
    "upload_lock_workspace",
    "SELECT quota_bytes, artifact_limit_bytes FROM workspace WHERE id = $1::bigint "
    "FOR NO KEY UPDATE",
};

static const struct db_stmt usage = {
    "upload_usage",
    "SELECT coalesce((SELECT sum(size_bytes) FROM artifact WHERE workspace_id = $1::bigint), 0)"
    "::bigint, coalesce((SELECT sum(length_bytes) FROM upload WHERE workspace_id = $1::bigint "
    "AND completed_at IS NULL), 0)::bigint",
};

static const struct db_stmt insert = {
    "upload_insert",
    "INSERT INTO upload (workspace_id, content_id, sha256, length_bytes, hash_state, metadata, "
    "created_by, expires_at) VALUES ($1::bigint, $2::bigint, $3::bytea, $4::bigint, $5::bytea, "
    "$6::text, $7::text, at_ms($8::bigint)) RETURNING id::text",
};

static const struct db_stmt find = {
    "upload_find",
    "UPDATE upload SET expires_at = expires_at WHERE id = $2::text::uuid "
    "AND workspace_id = $1::bigint AND expires_at > at_ms($3::bigint) "
    "RETURNING content_id, sha256, length_bytes, offset_bytes, tail_bytes, hash_state, metadata, "
    "created_by, ms(expires_at)",
};

static const struct db_stmt advance = {
    "upload_advance",
    "UPDATE upload SET offset_bytes = $4::bigint, tail_bytes = $5::bigint, "
    "hash_state = $6::bytea, expires_at = at_ms($7::bigint), "
    "completed_at = CASE WHEN $8::boolean THEN now() END, "
    "content_id = CASE WHEN $8::boolean THEN NULL ELSE content_id END "
    "WHERE id = $1::text::uuid AND content_id = $2::bigint AND offset_bytes = $3::bigint",
};

static const struct db_stmt offset = {
    "upload_offset",
    "SELECT offset_bytes FROM upload WHERE id = $1::text::uuid",
};

static const struct db_stmt remove_one = {
    "upload_remove",
    "WITH gone AS (DELETE FROM upload WHERE id = $2::text::uuid "
    "AND ($1::bigint = 0 OR workspace_id = $1::bigint) RETURNING content_id), "
    "discarded AS (UPDATE content SET discarded_at = now() FROM gone "
    "WHERE content.id = gone.content_id) SELECT FROM gone",
};

static const struct db_stmt expire = {
    "upload_expire",
    "WITH old AS (SELECT id FROM upload WHERE expires_at <= at_ms($1::bigint) "
    "ORDER BY expires_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED), "
    "gone AS (DELETE FROM upload u USING old WHERE u.id = old.id RETURNING u.content_id), "
    "discarded AS (UPDATE content SET discarded_at = now() FROM gone "
    "WHERE content.id = gone.content_id) SELECT count(*) FROM gone",
};

static const struct db_stmt commit_later = {
    "upload_commit_later",
    "SELECT set_config('synchronous_commit', 'off', true)",
};

static int64_t or_minus_one(const struct db_rows *rows, int row, int column)
{
    return db_is_null(rows, row, column) ? -1 : db_i64(rows, row, column);
}

int q_upload_usage(struct db *db, int64_t workspace_id, struct q_upload_usage *ret_usage)
{
    CLEANUP(db_rows_release) struct db_rows limits = {0};
    CLEANUP(db_rows_release) struct db_rows used = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    r = db_exec(db, &lock_workspace, &params, &limits);
    if (r)
        return r;
    if (limits.count == 0)
        return Q_UPLOAD_E_MISSING;
    r = db_exec(db, &usage, &params, &used);
    if (r)
        return r;
    *ret_usage = (struct q_upload_usage){
        .quota_bytes = or_minus_one(&limits, 0, 0),
        .artifact_limit_bytes = or_minus_one(&limits, 0, 1),
        .artifact_bytes = db_i64(&used, 0, 0),
        .announced_bytes = db_i64(&used, 0, 1),
    };
    return 0;
}

int q_upload_insert(struct db *db, const struct q_upload *upload, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, upload->workspace_id);
    db_add_i64(&params, upload->content_id);
    db_add_bytes(&params, upload->sha256, 32);
    db_add_i64(&params, upload->length_bytes);
    db_add_bytes(&params, upload->hash_state, Q_UPLOAD_HASH_STATE_BYTES);
    db_add_text(&params, upload->metadata);
    db_add_text(&params, upload->created_by);
    db_add_i64(&params, upload->expires_ms);
    return db_exec(db, &insert, &params, ret_rows);
}

int q_upload_find(struct db *db, int64_t workspace_id, const char *id, int64_t now_ms,
                  struct db_rows *ret_rows, struct q_upload *ret_upload)
{
    struct db_params params = {0};
    size_t size;
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, id);
    db_add_i64(&params, now_ms);
    r = db_exec(db, &find, &params, ret_rows);
    if (r)
        return r;
    if (ret_rows->count == 0)
        return Q_UPLOAD_E_MISSING;
    *ret_upload = (struct q_upload){
        .workspace_id = workspace_id,
        .content_id = db_i64(ret_rows, 0, 0),
        .sha256 = db_bytes(ret_rows, 0, 1, &size),
        .length_bytes = db_i64(ret_rows, 0, 2),
        .offset_bytes = db_i64(ret_rows, 0, 3),
        .tail_bytes = db_i64(ret_rows, 0, 4),
        .hash_state = db_bytes(ret_rows, 0, 5, &size),
        .metadata = db_text(ret_rows, 0, 6),
        .created_by = db_text(ret_rows, 0, 7),
        .expires_ms = db_i64(ret_rows, 0, 8),
    };
    return 0;
}

int q_upload_advance(struct db *db, const struct q_upload_step *step)
{
    struct db_params params = {0};
    int r;

    db_add_text(&params, step->id);
    db_add_i64(&params, step->content_id);
    db_add_i64(&params, step->from_byte);
    db_add_i64(&params, step->offset_bytes);
    db_add_i64(&params, step->tail_bytes);
    db_add_bytes(&params, step->hash_state, Q_UPLOAD_HASH_STATE_BYTES);
    db_add_i64(&params, step->expires_ms);
    db_add_bool(&params, step->complete);
    r = db_exec(db, &advance, &params, NULL);
    if (r)
        return r;
    return db_affected(db) == 0 ? Q_UPLOAD_E_MISSING : 0;
}

int q_upload_offset(struct db *db, const char *id, int64_t *ret_offset)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_text(&params, id);
    r = db_exec(db, &offset, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_UPLOAD_E_MISSING;
    *ret_offset = db_i64(&rows, 0, 0);
    return 0;
}

int q_upload_remove(struct db *db, int64_t workspace_id, const char *id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, id);
    r = db_exec(db, &remove_one, &params, &rows);
    if (r)
        return r;
    return rows.count == 0 ? Q_UPLOAD_E_MISSING : 0;
}

int q_upload_expire(struct db *db, int64_t now_ms, int64_t limit, int64_t *ret_removed)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, now_ms);
    db_add_i64(&params, limit);
    r = db_exec(db, &expire, &params, &rows);
    if (r)
        return r;
    *ret_removed = db_i64(&rows, 0, 0);
    return 0;
}

int q_upload_try_lock(struct db *db, int64_t content_id, bool *ret_locked)
{
    return q_lock_try(db, LOCK_BASE + content_id, ret_locked);
}

int q_upload_unlock(struct db *db, int64_t content_id)
{
    return q_lock_release(db, LOCK_BASE + content_id);
}

int q_upload_commit_later(struct db *db)
{
    return db_exec(db, &commit_later, NULL, NULL);
}
