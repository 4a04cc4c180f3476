/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_workspace.h"

#include "base/cleanup.h"

#define COLUMNS                                                                                    \
    "id, name, coalesce(quota_bytes, -1), coalesce(artifact_limit_bytes, -1), ms(created_at)"

static const struct db_stmt insert = {
    "q_workspace_insert",
    "INSERT INTO workspace (name, quota_bytes, artifact_limit_bytes)"
    " VALUES ($1::text, nullif($2::bigint, -1), nullif($3::bigint, -1))"
    " ON CONFLICT DO NOTHING RETURNING id",
};

static const struct db_stmt find = {
    "q_workspace_find",
    "SELECT " COLUMNS " FROM workspace WHERE name = $1::text",
};

static const struct db_stmt name_of = {
    "q_workspace_name",
    "SELECT name::text FROM workspace WHERE id = $1::bigint",
};

static const struct db_stmt lock = {
    "q_workspace_lock",
    "SELECT " COLUMNS " FROM workspace WHERE name = $1::text FOR NO KEY UPDATE",
};

static const struct db_stmt list = {
    "q_workspace_list",
    "SELECT " COLUMNS " FROM workspace WHERE name > $1::text ORDER BY name LIMIT $2::bigint",
};

static const struct db_stmt set_limits = {
    "q_workspace_set_limits",
    "UPDATE workspace SET quota_bytes = nullif($2::bigint, -1),"
    " artifact_limit_bytes = nullif($3::bigint, -1) WHERE name = $1::text",
};

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_workspace *ret_workspace)
{
    *ret_workspace = (struct q_workspace){
        .id = db_i64(rows, row, 0),
        .name = arena_strdup(arena, db_text(rows, row, 1)),
        .quota_bytes = db_i64(rows, row, 2),
        .artifact_limit_bytes = db_i64(rows, row, 3),
        .created_ms = db_i64(rows, row, 4),
    };
}

static void add_settable(struct db_params *params, const struct q_workspace *workspace)
{
    db_add_text(params, workspace->name);
    db_add_i64(params, workspace->quota_bytes);
    db_add_i64(params, workspace->artifact_limit_bytes);
}

int q_workspace_insert(struct db *db, const struct q_workspace *workspace, int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    add_settable(&params, workspace);
    r = db_exec(db, &insert, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_WORKSPACE_E_EXISTS;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

static int one(struct db *db, const struct db_stmt *stmt, const char *name, struct arena *arena,
               struct q_workspace *ret_workspace)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_text(&params, name);
    r = db_exec(db, stmt, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_WORKSPACE_E_MISSING;
    read_row(&rows, 0, arena, ret_workspace);
    return 0;
}

int q_workspace_find(struct db *db, const char *name, struct arena *arena,
                     struct q_workspace *ret_workspace)
{
    return one(db, &find, name, arena, ret_workspace);
}

int q_workspace_name(struct db *db, int64_t id, struct arena *arena, const char **ret_name)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, id);
    r = db_exec(db, &name_of, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_WORKSPACE_E_MISSING;
    *ret_name = arena_strdup(arena, db_text(&rows, 0, 0));
    return 0;
}

int q_workspace_lock(struct db *db, const char *name, struct arena *arena,
                     struct q_workspace *ret_workspace)
{
    return one(db, &lock, name, arena, ret_workspace);
}

int q_workspace_list(struct db *db, const char *after, int64_t limit, struct arena *arena,
                     struct q_workspace **ret_workspaces, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_text(&params, after);
    db_add_i64(&params, limit);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_workspaces = arena_array(arena, *ret_count, sizeof(**ret_workspaces));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &(*ret_workspaces)[i]);
    return 0;
}

int q_workspace_set_limits(struct db *db, const struct q_workspace *workspace)
{
    struct db_params params = {0};
    int r;

    add_settable(&params, workspace);
    r = db_exec(db, &set_limits, &params, NULL);
    if (r)
        return r;
    return db_affected(db) == 1 ? 0 : Q_WORKSPACE_E_MISSING;
}
