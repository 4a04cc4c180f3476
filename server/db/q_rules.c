/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_rules.h"

#include "base/cleanup.h"

#define OF_SCOPE "workspace_id = $1::bigint AND model_id IS NOT DISTINCT FROM nullif($2::bigint, 0)"

static const struct db_stmt find = {
    "q_rules_find",
    "SELECT approvals::bigint, protected::text, revision, ms(set_at), set_by FROM registry_rules"
    " WHERE " OF_SCOPE,
};

/* Rules are changed once in a while: one lock a workspace will do. 0x72756c65 is "rule". */
static const struct db_stmt lock = {
    "q_rules_lock",
    "SELECT pg_advisory_xact_lock(1920298085, ($1::bigint % 2147483647)::int)",
};

static const struct db_stmt workspace = {
    "q_rules_workspace",
    "SELECT name::text FROM workspace WHERE id = $1::bigint",
};

static const struct db_stmt set_it = {
    "q_rules_set",
    "INSERT INTO registry_rules AS s"
    " (workspace_id, model_id, approvals, protected, revision, set_at, set_by)"
    " VALUES ($1::bigint, nullif($2::bigint, 0), $3::bigint, $4::text::jsonb, 1,"
    " at_ms($5::bigint), $6::text)"
    " ON CONFLICT ON CONSTRAINT registry_rules_scope DO UPDATE SET"
    "  approvals = excluded.approvals, protected = excluded.protected,"
    "  revision = s.revision + 1, set_at = excluded.set_at, set_by = excluded.set_by"
    " RETURNING revision",
};

static const struct db_stmt role = {
    "q_rules_role",
    "SELECT protected->>$3::text FROM registry_rules WHERE workspace_id = $1::bigint"
    " AND (model_id IS NULL OR model_id = $2::bigint) AND protected ? $3::text"
    " ORDER BY model_id NULLS LAST LIMIT 1",
};

int q_rules_find(struct db *db, int64_t workspace_id, int64_t model_id, struct arena *arena,
                 struct q_rules *ret_rules)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, model_id);
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_RULES_E_MISSING;
    *ret_rules = (struct q_rules){
        .approvals = db_i64(&rows, 0, 0),
        .protected_json = arena_strdup(arena, db_text(&rows, 0, 1)),
        .revision = db_i64(&rows, 0, 2),
        .set_ms = db_i64(&rows, 0, 3),
        .set_by = arena_strdup(arena, db_text(&rows, 0, 4)),
    };
    return 0;
}

int q_rules_lock(struct db *db, int64_t workspace_id)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    return db_exec(db, &lock, &params, NULL);
}

int q_rules_workspace(struct db *db, int64_t workspace_id, struct arena *arena,
                      const char **ret_name)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    r = db_exec(db, &workspace, &params, &rows);
    if (r)
        return r;
    *ret_name = rows.count > 0 ? arena_strdup(arena, db_text(&rows, 0, 0)) : "";
    return 0;
}

int q_rules_set(struct db *db, int64_t workspace_id, int64_t model_id, const struct q_rules *rules,
                int64_t *ret_revision)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, model_id);
    db_add_i64(&params, rules->approvals);
    db_add_text(&params, rules->protected_json);
    db_add_i64(&params, rules->set_ms);
    db_add_text(&params, rules->set_by);
    r = db_exec(db, &set_it, &params, &rows);
    if (r)
        return r;
    *ret_revision = db_i64(&rows, 0, 0);
    return 0;
}

int q_rules_role(struct db *db, int64_t workspace_id, int64_t model_id, const char *alias,
                 struct arena *arena, const char **ret_role)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, model_id);
    db_add_text(&params, alias);
    r = db_exec(db, &role, &params, &rows);
    if (r)
        return r;
    *ret_role = rows.count > 0 ? arena_strdup(arena, db_text(&rows, 0, 0)) : NULL;
    return 0;
}
