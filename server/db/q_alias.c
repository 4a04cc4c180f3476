/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_alias.h"

#include "base/cleanup.h"

#define SELECT                                                                                     \
    "SELECT a.name::text, v.version, a.revision, ms(a.moved_at), a.moved_by"                       \
    " FROM alias a LEFT JOIN model_version v ON v.id = a.version_id "

static const struct db_stmt find = {
    "q_alias_find",
    SELECT "WHERE a.model_id = $1::bigint AND a.name = $2::text",
};

static const struct db_stmt list = {
    "q_alias_list",
    SELECT "WHERE a.model_id = $1::bigint AND a.name > $2::text AND a.version_id IS NOT NULL"
           " ORDER BY a.name LIMIT $3::bigint",
};

static const struct db_stmt move_it = {
    "q_alias_move",
    "INSERT INTO alias AS a (workspace_id, model_id, name, version_id, revision, moved_at, "
    "moved_by)"
    " VALUES ($1::bigint, $2::bigint, $3::text, nullif($4::bigint, 0), 1, at_ms($6::bigint),"
    " $5::text)"
    " ON CONFLICT (model_id, name) DO UPDATE SET version_id = excluded.version_id,"
    "  revision = a.revision + 1, moved_at = excluded.moved_at, moved_by = excluded.moved_by"
    " RETURNING revision",
};

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_alias *ret_alias)
{
    *ret_alias = (struct q_alias){
        .name = arena_strdup(arena, db_text(rows, row, 0)),
        .version = arena_strdup(arena, db_text(rows, row, 1)),
        .revision = db_i64(rows, row, 2),
        .moved_ms = db_i64(rows, row, 3),
        .moved_by = arena_strdup(arena, db_text(rows, row, 4)),
    };
}

int q_alias_find(struct db *db, int64_t model_id, const char *name, struct arena *arena,
                 struct q_alias *ret_alias)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_text(&params, name);
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_ALIAS_E_MISSING;
    read_row(&rows, 0, arena, ret_alias);
    return 0;
}

int q_alias_list(struct db *db, int64_t model_id, const char *after, int64_t limit,
                 struct arena *arena, struct q_alias **ret_aliases, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_text(&params, after);
    db_add_i64(&params, limit);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_aliases = arena_array(arena, *ret_count, sizeof(**ret_aliases));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &(*ret_aliases)[i]);
    return 0;
}

int q_alias_move(struct db *db, const struct q_alias_move *move, int64_t *ret_revision)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, move->workspace_id);
    db_add_i64(&params, move->model_id);
    db_add_text(&params, move->name);
    db_add_i64(&params, move->version_id);
    db_add_text(&params, move->moved_by);
    db_add_i64(&params, move->now_ms);
    r = db_exec(db, &move_it, &params, &rows);
    if (r)
        return r;
    *ret_revision = db_i64(&rows, 0, 0);
    return 0;
}
