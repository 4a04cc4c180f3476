/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_approval.h"

#include "base/cleanup.h"

#define SELECT                                                                                     \
    "SELECT id, token_id, approved_by, role, reason, evidence::text, ms(approved_at),"             \
    " coalesce(ms(withdrawn_at), 0), withdrawn_by, withdraw_reason FROM approval "

static const struct db_stmt insert = {
    "q_approval_insert",
    "INSERT INTO approval (workspace_id, version_id, token_id, approved_by, role, reason, evidence,"
    " approved_at)"
    " VALUES ($1::bigint, $2::bigint, $3::bigint, $4::text, $5::text, $6::text, $7::text::jsonb,"
    " at_ms($8::bigint)) ON CONFLICT DO NOTHING RETURNING id",
};

static const struct db_stmt lock = {
    "q_approval_lock",
    SELECT "WHERE version_id = $1::bigint AND id = $2::bigint FOR NO KEY UPDATE",
};

static const struct db_stmt withdraw = {
    "q_approval_withdraw",
    "UPDATE approval SET withdrawn_at = at_ms($2::bigint), withdrawn_by = $3::text,"
    " withdraw_reason = $4::text WHERE id = $1::bigint",
};

static const struct db_stmt list = {
    "q_approval_list",
    SELECT "WHERE version_id = $1::bigint AND id > $2::bigint ORDER BY id LIMIT $3::bigint",
};

static const struct db_stmt required = {
    "q_approval_required",
    "SELECT coalesce(max(approvals), 0)::bigint FROM registry_rules"
    " WHERE workspace_id = $1::bigint AND (model_id IS NULL OR model_id = $2::bigint)",
};

static const struct db_stmt counted = {
    "q_approval_counted",
    "SELECT a.approved_by FROM approval a JOIN model_version v ON v.id = a.version_id"
    " WHERE a.version_id = $1::bigint AND a.withdrawn_at IS NULL AND a.approved_by <> v.created_by"
    " ORDER BY a.id FOR SHARE OF a",
};

int q_approval_insert(struct db *db, int64_t workspace_id, int64_t version_id,
                      struct q_approval *approval)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, version_id);
    db_add_i64(&params, approval->token_id);
    db_add_text(&params, approval->approved_by);
    db_add_text(&params, approval->role);
    db_add_text(&params, approval->reason);
    db_add_text(&params, approval->evidence);
    db_add_i64(&params, approval->approved_ms);
    r = db_exec(db, &insert, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_APPROVAL_E_EXISTS;
    approval->id = db_i64(&rows, 0, 0);
    return 0;
}

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_approval *ret_approval)
{
    *ret_approval = (struct q_approval){
        .id = db_i64(rows, row, 0),
        .token_id = db_i64(rows, row, 1),
        .approved_by = arena_strdup(arena, db_text(rows, row, 2)),
        .role = arena_strdup(arena, db_text(rows, row, 3)),
        .reason = arena_strdup(arena, db_text(rows, row, 4)),
        .evidence = arena_strdup(arena, db_text(rows, row, 5)),
        .approved_ms = db_i64(rows, row, 6),
        .withdrawn_ms = db_i64(rows, row, 7),
        .withdrawn_by = arena_strdup(arena, db_text(rows, row, 8)),
        .withdraw_reason = arena_strdup(arena, db_text(rows, row, 9)),
    };
}

int q_approval_lock(struct db *db, int64_t version_id, int64_t id, struct arena *arena,
                    struct q_approval *ret_approval)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, version_id);
    db_add_i64(&params, id);
    r = db_exec(db, &lock, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_APPROVAL_E_MISSING;
    read_row(&rows, 0, arena, ret_approval);
    return 0;
}

int q_approval_withdraw(struct db *db, const struct q_approval *approval)
{
    struct db_params params = {0};

    db_add_i64(&params, approval->id);
    db_add_i64(&params, approval->withdrawn_ms);
    db_add_text(&params, approval->withdrawn_by);
    db_add_text(&params, approval->withdraw_reason);
    return db_exec(db, &withdraw, &params, NULL);
}

int q_approval_list(struct db *db, int64_t version_id, int64_t after_id, int64_t limit,
                    struct arena *arena, struct q_approval **ret_approvals, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, version_id);
    db_add_i64(&params, after_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_approvals = arena_array(arena, *ret_count, sizeof(**ret_approvals));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &(*ret_approvals)[i]);
    return 0;
}

static int read_required(struct db *db, int64_t workspace_id, int64_t model_id,
                         int64_t *ret_required)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, model_id);
    r = db_exec(db, &required, &params, &rows);
    if (r)
        return r;
    *ret_required = db_i64(&rows, 0, 0);
    return 0;
}

int q_approval_tally(struct db *db, int64_t workspace_id, int64_t model_id, int64_t version_id,
                     struct arena *arena, struct q_approval_tally *ret_tally)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    r = read_required(db, workspace_id, model_id, &ret_tally->required);
    if (r)
        return r;
    db_add_i64(&params, version_id);
    r = db_exec(db, &counted, &params, &rows);
    if (r)
        return r;
    ret_tally->count = (size_t)rows.count;
    ret_tally->approved_by = arena_array(arena, ret_tally->count, sizeof(*ret_tally->approved_by));
    for (int i = 0; i < rows.count; i++)
        ret_tally->approved_by[i] = arena_strdup(arena, db_text(&rows, i, 0));
    return 0;
}
