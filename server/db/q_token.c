/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_token.h"

#include "base/cleanup.h"

#define SELECT                                                                                     \
    "SELECT t.id, t.workspace_id, w.name, t.name, t.role, t.created_by, ms(t.created_at),"         \
    " coalesce(ms(t.expires_at), 0), coalesce(ms(t.revoked_at), 0),"                               \
    " coalesce(ms(t.last_used_at), 0)"                                                             \
    " FROM api_token t JOIN workspace w ON w.id = t.workspace_id "

static const struct db_stmt insert = {
    "q_token_insert",
    "INSERT INTO api_token"
    " (workspace_id, name, role, token_sha256, created_by, created_at, expires_at)"
    " VALUES ($1::bigint, $2::text, $3::text, $4::bytea, $5::text, at_ms($6::bigint),"
    " at_ms(nullif($7::bigint, 0))) RETURNING id",
};

static const struct db_stmt find = {
    "q_token_find",
    SELECT "WHERE t.token_sha256 = $1::bytea",
};

static const struct db_stmt get = {
    "q_token_get",
    SELECT "WHERE t.workspace_id = $1::bigint AND t.id = $2::bigint",
};

static const struct db_stmt lock = {
    "q_token_lock",
    SELECT "WHERE t.workspace_id = $1::bigint AND t.id = $2::bigint FOR NO KEY UPDATE OF t",
};

static const struct db_stmt list = {
    "q_token_list",
    SELECT "WHERE t.workspace_id = $1::bigint AND t.id > $2::bigint ORDER BY t.id LIMIT $3::bigint",
};

static const struct db_stmt set_revoked = {
    "q_token_revoke",
    "UPDATE api_token SET revoked_at = at_ms($2::bigint) WHERE id = $1::bigint",
};

static const struct db_stmt touch = {
    "q_token_touch",
    "UPDATE api_token SET last_used_at = at_ms($2::bigint) WHERE id = $1::bigint"
    " AND (last_used_at IS NULL OR last_used_at <= at_ms($2::bigint) - interval '1 minute')",
};

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_token *ret_token)
{
    *ret_token = (struct q_token){
        .id = db_i64(rows, row, 0),
        .workspace_id = db_i64(rows, row, 1),
        .workspace = arena_strdup(arena, db_text(rows, row, 2)),
        .name = arena_strdup(arena, db_text(rows, row, 3)),
        .role = arena_strdup(arena, db_text(rows, row, 4)),
        .created_by = arena_strdup(arena, db_text(rows, row, 5)),
        .created_ms = db_i64(rows, row, 6),
        .expires_ms = db_i64(rows, row, 7),
        .revoked_ms = db_i64(rows, row, 8),
        .last_used_ms = db_i64(rows, row, 9),
    };
}

int q_token_insert(struct db *db, const struct q_token *token,
                   const uint8_t hash[static DIGEST_SHA256_SIZE], int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, token->workspace_id);
    db_add_text(&params, token->name);
    db_add_text(&params, token->role);
    db_add_bytes(&params, hash, DIGEST_SHA256_SIZE);
    db_add_text(&params, token->created_by);
    db_add_i64(&params, token->created_ms);
    db_add_i64(&params, token->expires_ms);
    r = db_exec(db, &insert, &params, &rows);
    if (r)
        return r;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

static int one(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
               struct arena *arena, struct q_token *ret_token)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = db_exec(db, stmt, params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_TOKEN_E_MISSING;
    read_row(&rows, 0, arena, ret_token);
    return 0;
}

int q_token_find(struct db *db, const uint8_t hash[static DIGEST_SHA256_SIZE], struct arena *arena,
                 struct q_token *ret_token)
{
    struct db_params params = {0};

    db_add_bytes(&params, hash, DIGEST_SHA256_SIZE);
    return one(db, &find, &params, arena, ret_token);
}

int q_token_get(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                struct q_token *ret_token)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    return one(db, &get, &params, arena, ret_token);
}

int q_token_lock(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                 struct q_token *ret_token)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    return one(db, &lock, &params, arena, ret_token);
}

int q_token_list(struct db *db, int64_t workspace_id, int64_t after_id, int64_t limit,
                 struct arena *arena, struct q_token **ret_tokens, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, after_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_tokens = arena_array(arena, *ret_count, sizeof(**ret_tokens));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &(*ret_tokens)[i]);
    return 0;
}

int q_token_revoke(struct db *db, int64_t id, int64_t now_ms)
{
    struct db_params params = {0};

    db_add_i64(&params, id);
    db_add_i64(&params, now_ms);
    return db_exec(db, &set_revoked, &params, NULL);
}

int q_token_touch(struct db *db, int64_t id, int64_t now_ms)
{
    struct db_params params = {0};

    db_add_i64(&params, id);
    db_add_i64(&params, now_ms);
    return db_exec(db, &touch, &params, NULL);
}
