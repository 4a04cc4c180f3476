/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_rim.h"

#include "base/cleanup.h"

static const struct db_stmt device = {
    "q_rim_device",
    "SELECT id, name, uuid::text, state = 'active' FROM device WHERE workspace_id = $1::bigint"
    " AND (name = $2::text OR uuid = CASE WHEN $2::text ~ "
    "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
    "  THEN $2::text::uuid END)"
    " ORDER BY state = 'active' DESC, id DESC LIMIT 1",
};

static const struct db_stmt deployment = {
    "q_rim_deployment",
    "SELECT 1 FROM desired_event WHERE workspace_id = $1::bigint AND id = $2::bigint",
};

static const struct db_stmt ran_by = {
    "q_rim_ran_by",
    "SELECT DISTINCT n.id FROM device_ran r JOIN lineage_node n ON n.variant_id = r.variant_id"
    " WHERE r.device_id = $1::bigint ORDER BY n.id LIMIT $2::bigint + 1",
};

static const struct db_stmt told = {
    "q_rim_told",
    "SELECT id FROM desired_event WHERE devices @> $2::bigint AND workspace_id = $1::bigint"
    " ORDER BY id DESC LIMIT $3::bigint + 1",
};

static const struct db_stmt deployed_by = {
    "q_rim_deployed_by",
    "SELECT DISTINCT e.id, n.id FROM desired_event e"
    " JOIN assignment_slot s ON s.assignment_id = e.assignment_id"
    " JOIN lineage_node n ON n.variant_id = s.variant_id"
    " WHERE e.id = ANY ($1::bigint[]) ORDER BY 1, 2 LIMIT $2::bigint + 1",
};

static const struct db_stmt deployments_of = {
    "q_rim_deployments_of",
    "SELECT DISTINCT n.id, e.id FROM lineage_node n"
    " JOIN assignment_slot s ON s.variant_id = n.variant_id"
    " JOIN desired_event e ON e.assignment_id = s.assignment_id"
    " WHERE n.id = ANY ($1::bigint[]) ORDER BY 1, 2 LIMIT $2::bigint + 1",
};

static const struct db_stmt ran = {
    "q_rim_ran",
    "SELECT DISTINCT n.id, r.device_id FROM lineage_node n"
    " JOIN device_ran r ON r.variant_id = n.variant_id"
    " WHERE n.id = ANY ($1::bigint[]) ORDER BY 1, 2 LIMIT $2::bigint + 1",
};

static const struct db_stmt devices_of = {
    "q_rim_devices_of",
    "SELECT e.id, d.id FROM desired_event e CROSS JOIN LATERAL unnest(e.devices) AS r (ids)"
    " JOIN device d ON d.id >= lower(r.ids) AND d.id < upper(r.ids)"
    " AND d.workspace_id = e.workspace_id"
    " WHERE e.id = ANY ($1::bigint[]) LIMIT $2::bigint + 1",
};

static const struct db_stmt deployments = {
    "q_rim_deployments",
    "SELECT id, actor, ms(at), device_count FROM desired_event WHERE id = ANY ($1::bigint[])",
};

static const struct db_stmt devices = {
    "q_rim_devices",
    "SELECT id, name, uuid::text, state = 'active' FROM device WHERE id = ANY ($1::bigint[])",
};

int q_rim_device(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                 struct q_rim_device *ret_device)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, name);
    r = db_exec(db, &device, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_RIM_E_MISSING;
    *ret_device = (struct q_rim_device){
        .id = db_i64(&rows, 0, 0),
        .name = arena_strdup(arena, db_text(&rows, 0, 1)),
        .uuid = arena_strdup(arena, db_text(&rows, 0, 2)),
        .active = db_bool(&rows, 0, 3),
    };
    return 0;
}

int q_rim_deployment(struct db *db, int64_t workspace_id, int64_t id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    r = db_exec(db, &deployment, &params, &rows);
    if (r)
        return r;
    return rows.count ? 0 : Q_RIM_E_MISSING;
}

int q_rim_ran_by(struct db *db, int64_t device_id, int64_t limit, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, device_id);
    db_add_i64(&params, limit);
    return db_exec(db, &ran_by, &params, ret_rows);
}

int q_rim_told(struct db *db, int64_t workspace_id, int64_t device_id, int64_t limit,
               struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, device_id);
    db_add_i64(&params, limit);
    return db_exec(db, &told, &params, ret_rows);
}

static int read_of(struct db *db, struct arena *arena, const struct db_stmt *stmt,
                   const int64_t *ids, size_t count, int64_t limit, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, ids, count);
    if (limit >= 0)
        db_add_i64(&params, limit);
    return db_exec(db, stmt, &params, ret_rows);
}

int q_rim_deployed_by(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                      int64_t limit, struct db_rows *ret_rows)
{
    return read_of(db, arena, &deployed_by, ids, count, limit, ret_rows);
}

int q_rim_deployments_of(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                         int64_t limit, struct db_rows *ret_rows)
{
    return read_of(db, arena, &deployments_of, nodes, count, limit, ret_rows);
}

int q_rim_ran(struct db *db, struct arena *arena, const int64_t *nodes, size_t count, int64_t limit,
              struct db_rows *ret_rows)
{
    return read_of(db, arena, &ran, nodes, count, limit, ret_rows);
}

int q_rim_devices_of(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                     int64_t limit, struct db_rows *ret_rows)
{
    return read_of(db, arena, &devices_of, ids, count, limit, ret_rows);
}

int q_rim_deployments(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                      struct db_rows *ret_rows)
{
    return read_of(db, arena, &deployments, ids, count, -1, ret_rows);
}

int q_rim_devices(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                  struct db_rows *ret_rows)
{
    return read_of(db, arena, &devices, ids, count, -1, ret_rows);
}
