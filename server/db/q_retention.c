/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_retention.h"

#include "base/cleanup.h"

static const struct db_stmt find = {
    "q_retention_find",
    "SELECT coalesce(newest, 0)::bigint, coalesce(days, 0)::bigint,"
    " coalesce(grace_days, 0)::bigint, revision, ms(set_at), set_by"
    " FROM retention_rule WHERE model_id = $1::bigint",
};

static const struct db_stmt set_it = {
    "q_retention_set",
    "INSERT INTO retention_rule AS r"
    " (workspace_id, model_id, newest, days, grace_days, revision, set_at, set_by)"
    " VALUES ($1::bigint, $2::bigint, nullif($3::bigint, 0), nullif($4::bigint, 0),"
    " nullif($5::bigint, 0), 1, at_ms($6::bigint), $7::text)"
    " ON CONFLICT (model_id) DO UPDATE SET newest = excluded.newest, days = excluded.days,"
    "  grace_days = excluded.grace_days, revision = r.revision + 1, set_at = excluded.set_at,"
    "  set_by = excluded.set_by",
};

static const struct db_stmt models = {
    "q_retention_models",
    "SELECT m.id, m.workspace_id, m.name::text FROM retention_rule r"
    " JOIN model m ON m.id = r.model_id WHERE r.model_id > $1::bigint AND r.newest IS NOT NULL"
    " AND m.archived_at IS NULL ORDER BY r.model_id LIMIT $2::bigint",
};

/* What a person archived has no rank, and takes nobody's place. */
static const struct db_stmt versions = {
    "q_retention_versions",
    "SELECT s.version_id, v.version, s.status = 'archived', s.retired, s.restored,"
    " ms(s.published_at), coalesce(ms(s.archived_at), 0), s.archived_by, s.rank FROM"
    " (SELECT *, CASE WHEN status = 'published' OR retired THEN row_number() OVER"
    "   (PARTITION BY status = 'published' OR retired ORDER BY published_at DESC, version_id DESC)"
    "   ELSE 0 END AS rank FROM version_state"
    "  WHERE model_id = $1::bigint AND status IN ('published', 'archived')) s"
    " JOIN model_version v ON v.id = s.version_id"
    " WHERE ($2::bigint = 0 OR s.version_id < $2::bigint)"
    " AND ($3::bigint = 0 OR s.version_id = $3::bigint) AND s.rank > $4::bigint"
    " ORDER BY s.version_id DESC LIMIT $5::bigint",
};

static const struct db_stmt retire = {
    "q_retention_retire",
    "UPDATE version_state SET retired = true"
    " WHERE version_id = $1::bigint AND status = 'archived'",
};

int q_retention_find(struct db *db, int64_t model_id, struct arena *arena,
                     struct q_retention_rule *ret_rule)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    *ret_rule = (struct q_retention_rule){0};
    if (rows.count > 0)
        *ret_rule = (struct q_retention_rule){
            .newest = db_i64(&rows, 0, 0),
            .days = db_i64(&rows, 0, 1),
            .grace_days = db_i64(&rows, 0, 2),
            .revision = db_i64(&rows, 0, 3),
            .set_ms = db_i64(&rows, 0, 4),
            .set_by = arena_strdup(arena, db_text(&rows, 0, 5)),
        };
    return 0;
}

int q_retention_set(struct db *db, int64_t workspace_id, int64_t model_id,
                    const struct q_retention_rule *rule)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, model_id);
    db_add_i64(&params, rule->newest);
    db_add_i64(&params, rule->days);
    db_add_i64(&params, rule->grace_days);
    db_add_i64(&params, rule->set_ms);
    db_add_text(&params, rule->set_by);
    return db_exec(db, &set_it, &params, NULL);
}

int q_retention_models(struct db *db, int64_t after_id, int64_t limit, struct arena *arena,
                       struct q_retention_model **ret_models, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, after_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &models, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_models = arena_array(arena, *ret_count, sizeof(**ret_models));
    for (int i = 0; i < rows.count; i++)
        (*ret_models)[i] = (struct q_retention_model){
            .id = db_i64(&rows, i, 0),
            .workspace_id = db_i64(&rows, i, 1),
            .name = arena_strdup(arena, db_text(&rows, i, 2)),
        };
    return 0;
}

int q_retention_versions(struct db *db, const struct q_retention_slice *slice, struct arena *arena,
                         struct q_retention_version **ret_versions, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, slice->model_id);
    db_add_i64(&params, slice->before_id);
    db_add_i64(&params, slice->only_id);
    db_add_i64(&params, slice->above_rank);
    db_add_i64(&params, slice->limit);
    r = db_exec(db, &versions, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_versions = arena_array(arena, *ret_count, sizeof(**ret_versions));
    for (int i = 0; i < rows.count; i++)
        (*ret_versions)[i] = (struct q_retention_version){
            .id = db_i64(&rows, i, 0),
            .version = arena_strdup(arena, db_text(&rows, i, 1)),
            .archived = db_bool(&rows, i, 2),
            .retired = db_bool(&rows, i, 3),
            .restored = db_bool(&rows, i, 4),
            .published_ms = db_i64(&rows, i, 5),
            .archived_ms = db_i64(&rows, i, 6),
            .archived_by = arena_strdup(arena, db_text(&rows, i, 7)),
            .rank = db_i64(&rows, i, 8),
        };
    return 0;
}

int q_retention_retire(struct db *db, int64_t version_id)
{
    struct db_params params = {0};

    db_add_i64(&params, version_id);
    return db_exec(db, &retire, &params, NULL);
}
