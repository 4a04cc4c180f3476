/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_director.h"

#include "base/cleanup.h"

#include <string.h>

static const struct db_stmt device = {
    "q_director_device",
    "SELECT d.id, d.workspace_id, w.name, d.uuid::text, d.name, s.version,"
    " coalesce(s.assignment_id, 0) FROM device d JOIN workspace w ON w.id = d.workspace_id"
    " JOIN device_state s ON s.device_id = d.id WHERE d.id = $1::bigint AND d.state = 'active'",
};

static const struct db_stmt lock = {
    "q_director_lock",
    "SELECT 1 FROM device WHERE id = $1::bigint FOR NO KEY UPDATE",
};

static const struct db_stmt files = {
    "q_director_files",
    "SELECT version, state_version, root_version, ms(signed_at), ms(expires_at), targets, snapshot,"
    " \"timestamp\" FROM director_metadata WHERE device_id = $1::bigint",
};

static const struct db_stmt put = {
    "q_director_put",
    "INSERT INTO director_metadata (device_id, workspace_id, version, state_version, root_version,"
    " signed_at, expires_at, targets, snapshot, \"timestamp\")"
    " VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, at_ms($6::bigint),"
    " at_ms($7::bigint), $8::bytea, $9::bytea, $10::bytea)"
    " ON CONFLICT (device_id) DO UPDATE SET version = excluded.version,"
    " state_version = excluded.state_version, root_version = excluded.root_version,"
    " signed_at = excluded.signed_at, expires_at = excluded.expires_at,"
    " targets = excluded.targets, snapshot = excluded.snapshot,"
    " \"timestamp\" = excluded.\"timestamp\"",
};

static const struct db_stmt targets = {
    "q_director_targets",
    "SELECT s.slot, s.role, m.name, v.version, concat_ws('/', t.runtime, t.hardware, t.precision),"
    " concat_ws('/', m.name, v.version, CASE WHEN n.variant_id IS NULL THEN 'manifest.json' ELSE"
    "  concat_ws('~', t.runtime, t.hardware, t.precision) || '.json' END),"
    " octet_length(coalesce(n.manifest, v.manifest))::bigint,"
    " coalesce(n.manifest_sha256, v.manifest_sha256), -1 AS position, coalesce(s.reload, 'device')"
    " FROM assignment_slot s"
    " JOIN model_version v ON v.id = s.version_id JOIN model m ON m.id = v.model_id"
    " JOIN variant t ON t.id = s.variant_id"
    " LEFT JOIN variant_addition n ON n.variant_id = t.id"
    " WHERE s.assignment_id = $1::bigint"
    " UNION ALL "
    "SELECT s.slot, s.role, m.name, v.version, concat_ws('/', t.runtime, t.hardware, t.precision),"
    " concat_ws('/', m.name, v.version, t.runtime, t.hardware, t.precision, a.name),"
    " a.size_bytes, a.sha256, a.position, coalesce(s.reload, 'device') FROM assignment_slot s"
    " JOIN model_version v ON v.id = s.version_id JOIN model m ON m.id = v.model_id"
    " JOIN variant t ON t.id = s.variant_id JOIN variant_artifact a ON a.variant_id = t.id"
    " WHERE s.assignment_id = $1::bigint ORDER BY slot, position",
};

int q_director_device(struct db *db, int64_t device_id, struct arena *arena,
                      struct q_director_device *ret_device)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, device_id);
    r = db_exec(db, &device, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_DIRECTOR_E_MISSING;
    *ret_device = (struct q_director_device){
        .id = db_i64(&rows, 0, 0),
        .workspace_id = db_i64(&rows, 0, 1),
        .workspace = arena_strdup(arena, db_text(&rows, 0, 2)),
        .uuid = arena_strdup(arena, db_text(&rows, 0, 3)),
        .name = arena_strdup(arena, db_text(&rows, 0, 4)),
        .state_version = db_i64(&rows, 0, 5),
        .assignment_id = db_i64(&rows, 0, 6),
    };
    return 0;
}

int q_director_lock(struct db *db, int64_t device_id)
{
    struct db_params params = {0};

    db_add_i64(&params, device_id);
    return db_exec(db, &lock, &params, NULL);
}

static const char *copy_bytes(const struct db_rows *rows, int column, struct arena *arena,
                              size_t *ret_size)
{
    const uint8_t *bytes = db_bytes(rows, 0, column, ret_size);

    return arena_strndup(arena, (const char *)bytes, *ret_size);
}

int q_director_files(struct db *db, int64_t device_id, struct arena *arena,
                     struct q_director_files *ret_files)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, device_id);
    r = db_exec(db, &files, &params, &rows);
    if (r)
        return r;
    *ret_files = (struct q_director_files){0};
    if (rows.count == 0)
        return 0;
    ret_files->version = db_i64(&rows, 0, 0);
    ret_files->state_version = db_i64(&rows, 0, 1);
    ret_files->root_version = db_i64(&rows, 0, 2);
    ret_files->signed_ms = db_i64(&rows, 0, 3);
    ret_files->expires_ms = db_i64(&rows, 0, 4);
    ret_files->targets = copy_bytes(&rows, 5, arena, &ret_files->targets_size);
    ret_files->snapshot = copy_bytes(&rows, 6, arena, &ret_files->snapshot_size);
    ret_files->timestamp = copy_bytes(&rows, 7, arena, &ret_files->timestamp_size);
    return 0;
}

int q_director_put(struct db *db, const struct q_director_device *to,
                   const struct q_director_files *signed_files)
{
    struct db_params params = {0};

    db_add_i64(&params, to->id);
    db_add_i64(&params, to->workspace_id);
    db_add_i64(&params, signed_files->version);
    db_add_i64(&params, signed_files->state_version);
    db_add_i64(&params, signed_files->root_version);
    db_add_i64(&params, signed_files->signed_ms);
    db_add_i64(&params, signed_files->expires_ms);
    db_add_bytes(&params, signed_files->targets, signed_files->targets_size);
    db_add_bytes(&params, signed_files->snapshot, signed_files->snapshot_size);
    db_add_bytes(&params, signed_files->timestamp, signed_files->timestamp_size);
    return db_exec(db, &put, &params, NULL);
}

int q_director_targets(struct db *db, int64_t assignment_id, struct arena *arena,
                       struct q_director_target **ret_targets, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_director_target *all;
    int r;

    db_add_i64(&params, assignment_id);
    r = db_exec(db, &targets, &params, &rows);
    if (r)
        return r;
    all = arena_array(arena, (size_t)rows.count, sizeof(*all));
    for (int i = 0; i < rows.count; i++) {
        size_t size;
        const uint8_t *digest = db_bytes(&rows, i, 7, &size);

        all[i].slot = arena_strdup(arena, db_text(&rows, i, 0));
        all[i].role = arena_strdup(arena, db_text(&rows, i, 1));
        all[i].model = arena_strdup(arena, db_text(&rows, i, 2));
        all[i].version = arena_strdup(arena, db_text(&rows, i, 3));
        all[i].variant = arena_strdup(arena, db_text(&rows, i, 4));
        all[i].path = arena_strdup(arena, db_text(&rows, i, 5));
        all[i].length = db_i64(&rows, i, 6);
        all[i].reload = arena_strdup(arena, db_text(&rows, i, 9));
        memcpy(all[i].sha256, digest, DIGEST_SHA256_SIZE);
    }
    *ret_targets = all;
    *ret_count = (size_t)rows.count;
    return 0;
}
