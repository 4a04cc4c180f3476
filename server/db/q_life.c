/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_life.h"

#include "base/cleanup.h"

#define SELECT_MODEL                                                                               \
    "SELECT id, id, CASE WHEN archived_at IS NULL THEN 'active' ELSE 'archived' END, revision,"    \
    " created_by, coalesce(ms(archived_at), 0), archived_by, archive_reason FROM model"            \
    " WHERE workspace_id = $1::bigint AND name = $2::text"

#define SELECT_VERSION                                                                             \
    "SELECT v.id, v.model_id, s.status, s.revision, v.created_by, coalesce(ms(s.archived_at), 0)," \
    " s.archived_by, s.archive_reason"                                                             \
    " FROM model_version v JOIN version_state s ON s.version_id = v.id"                            \
    " WHERE v.model_id = $1::bigint AND v.version = $2::text"

static const struct db_stmt lock_model[] = {
    [Q_LIFE_SHARED] = {"q_life_share_model", SELECT_MODEL " FOR SHARE"        },
    [Q_LIFE_EXCLUSIVE] = {"q_life_lock_model",  SELECT_MODEL " FOR NO KEY UPDATE"},
};

static const struct db_stmt find_model = {
    "q_life_find_model",
    "SELECT id FROM model WHERE workspace_id = $1::bigint AND name = $2::text",
};

static const struct db_stmt lock_version[] = {
    [Q_LIFE_SHARED] = {"q_life_share_version", SELECT_VERSION " FOR SHARE OF s"        },
    [Q_LIFE_EXCLUSIVE] = {"q_life_lock_version",  SELECT_VERSION " FOR NO KEY UPDATE OF s"},
};

#define ARCHIVE                                                                                    \
    "revision = revision + 1,"                                                                     \
    " archived_at = CASE WHEN $3::text IS NOT NULL THEN at_ms($4::bigint) END,"                    \
    " archived_by = CASE WHEN $3::text IS NOT NULL THEN $2::text END, archive_reason = $3::text"

static const struct db_stmt archive_model = {
    "q_life_archive_model",
    "UPDATE model SET " ARCHIVE " WHERE id = $1::bigint",
};

static const struct db_stmt archive_version = {
    "q_life_archive_version",
    "UPDATE version_state SET status = CASE WHEN $3::text IS NULL THEN 'published'"
    " ELSE 'archived' END, retired = false, restored = $3::text IS NULL, " ARCHIVE
    " WHERE version_id = $1::bigint",
};

/* Desired states are found by their assignments, which say what they run: few, and indexed. */
static const struct db_stmt select_uses = {
    "q_life_uses",
    "SELECT kind, name, count(*) OVER () FROM ("
    " SELECT 'alias' AS kind, a.name::text FROM alias a"
    "  WHERE $2::bigint <> 0 AND a.version_id = $2::bigint"
    " UNION ALL SELECT 'device', d.name::text FROM device_state t JOIN device d"
    "  ON d.id = t.device_id WHERE t.active AND t.assignment_id IN"
    "  (SELECT s.assignment_id FROM assignment_slot s JOIN version_state v"
    "   ON v.version_id = s.version_id WHERE v.model_id = $1::bigint"
    "   AND ($2::bigint = 0 OR v.version_id = $2::bigint))"
    ") used ORDER BY kind, name LIMIT $3::bigint",
};

static int lock(struct db *db, const struct db_stmt *stmt, int64_t id, const char *name,
                int missing, struct arena *arena, struct q_life *ret_life)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, id);
    db_add_text(&params, name);
    r = db_exec(db, stmt, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return missing;
    *ret_life = (struct q_life){
        .id = db_i64(&rows, 0, 0),
        .model_id = db_i64(&rows, 0, 1),
        .status = arena_strdup(arena, db_text(&rows, 0, 2)),
        .revision = db_i64(&rows, 0, 3),
        .created_by = arena_strdup(arena, db_text(&rows, 0, 4)),
        .archived_ms = db_i64(&rows, 0, 5),
        .archived_by = arena_strdup(arena, db_text(&rows, 0, 6)),
        .archive_reason = arena_strdup(arena, db_text(&rows, 0, 7)),
    };
    return 0;
}

int q_life_lock_model(struct db *db, int64_t workspace_id, const char *model, enum q_life_lock how,
                      struct arena *arena, struct q_life *ret_life)
{
    return lock(db, &lock_model[how], workspace_id, model, Q_LIFE_E_MODEL, arena, ret_life);
}

int q_life_find_model(struct db *db, int64_t workspace_id, const char *model, int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, model);
    r = db_exec(db, &find_model, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_LIFE_E_MODEL;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

int q_life_lock_version(struct db *db, int64_t model_id, const char *version, enum q_life_lock how,
                        struct arena *arena, struct q_life *ret_life)
{
    return lock(db, &lock_version[how], model_id, version, Q_LIFE_E_VERSION, arena, ret_life);
}

static int archive(struct db *db, const struct db_stmt *stmt, int64_t id, const char *by,
                   const char *reason, int64_t now_ms)
{
    struct db_params params = {0};

    db_add_i64(&params, id);
    db_add_text(&params, by);
    db_add_text(&params, reason);
    db_add_i64(&params, now_ms);
    return db_exec(db, stmt, &params, NULL);
}

int q_life_archive_model(struct db *db, int64_t id, const char *by, const char *reason,
                         int64_t now_ms)
{
    return archive(db, &archive_model, id, by, reason, now_ms);
}

int q_life_archive_version(struct db *db, int64_t id, const char *by, const char *reason,
                           int64_t now_ms)
{
    return archive(db, &archive_version, id, by, reason, now_ms);
}

static void read_uses(const struct db_rows *rows, struct arena *arena, struct q_life_uses *ret_uses)
{
    ret_uses->count = (size_t)rows->count;
    ret_uses->total = rows->count > 0 ? db_i64(rows, 0, 2) : 0;
    ret_uses->uses = arena_array(arena, ret_uses->count, sizeof(*ret_uses->uses));
    for (int i = 0; i < rows->count; i++)
        ret_uses->uses[i] = (struct q_life_use){arena_strdup(arena, db_text(rows, i, 0)),
                                                arena_strdup(arena, db_text(rows, i, 1))};
}

int q_life_uses(struct db *db, int64_t model_id, int64_t version_id, int64_t limit,
                struct arena *arena, struct q_life_uses *ret_uses)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_i64(&params, version_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &select_uses, &params, &rows);
    if (r)
        return r;
    read_uses(&rows, arena, ret_uses);
    return 0;
}
