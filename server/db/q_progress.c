/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_progress.h"

#include "base/cleanup.h"

static const struct db_stmt VERSION = {
    "q_progress_version",
    "SELECT v.id FROM model_version v JOIN model m ON m.id = v.model_id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.version = $3::text",
};

/*
 * A failure counts where it is of the desired state that is there now, which only the signed report
 * says; where that is gone already, the failure is believed.
 */
static const struct db_stmt SETTLED = {
    "q_progress_settled",
    "SELECT * FROM (SELECT n.name,"
    "  CASE WHEN d.id IS NULL THEN 'missing'"
    "   WHEN d.state = 'revoked' THEN 'revoked'"
    "   WHEN w.slot IS NULL THEN 'superseded'"
    "   WHEN i.model IS DISTINCT FROM $5::text OR i.version IS DISTINCT FROM $6::text THEN NULL"
    "   WHEN i.state = 'installed' THEN 'installed'"
    "   WHEN i.state = 'failed' AND coalesce((SELECT (convert_from(r.envelope, 'UTF8')::jsonb"
    "     #>> '{signed,state_version}')::bigint FROM device_report r"
    "     WHERE r.device_id = d.id AND r.sequence = i.sequence), s.version) >= s.version"
    "    THEN 'failed'"
    "   END AS state, i.report::text"
    " FROM unnest($2::text[]) AS n (name)"
    " LEFT JOIN LATERAL (SELECT id, state FROM device"
    "  WHERE workspace_id = $1::bigint AND name = n.name"
    "  ORDER BY state = 'active' DESC, revoked_at DESC LIMIT 1) d ON true"
    " LEFT JOIN device_state s ON s.device_id = d.id"
    " LEFT JOIN assignment_slot w ON w.assignment_id = s.assignment_id AND w.slot = $4::text"
    "  AND w.version_id = $3::bigint"
    " LEFT JOIN device_installed i ON i.device_id = d.id AND i.slot = $4::text) p"
    " WHERE state IS NOT NULL ORDER BY name LIMIT $7::bigint",
};

static int find_version(struct db *db, const struct q_progress_question *question, int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, question->workspace_id);
    db_add_text(&params, question->model);
    db_add_text(&params, question->version);
    r = db_exec(db, &VERSION, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_PROGRESS_E_VERSION;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

int q_progress_settled(struct db *db, const struct q_progress_question *question,
                       struct arena *arena, struct q_progress **ret_settled, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_progress *settled;
    int64_t version_id;
    int r;

    r = find_version(db, question, &version_id);
    if (r)
        return r;
    db_add_i64(&params, question->workspace_id);
    db_add_text_array(&params, arena, question->devices, question->count);
    db_add_i64(&params, version_id);
    db_add_text(&params, question->slot);
    db_add_text(&params, question->model);
    db_add_text(&params, question->version);
    db_add_i64(&params, question->limit);
    r = db_exec(db, &SETTLED, &params, &rows);
    if (r)
        return r;
    settled = arena_array(arena, (size_t)rows.count, sizeof(*settled));
    for (int i = 0; i < rows.count; i++)
        settled[i] = (struct q_progress){
            .device = arena_strdup(arena, db_text(&rows, i, 0)),
            .state = arena_strdup(arena, db_text(&rows, i, 1)),
            .report = arena_strdup(arena, db_text(&rows, i, 2)),
        };
    *ret_settled = settled;
    *ret_count = (size_t)rows.count;
    return 0;
}
