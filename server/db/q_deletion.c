/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_deletion.h"

#include "base/cleanup.h"

/* What a device last said of each slot, as it names versions. */
#define SAID                                                                                       \
    " FROM model_version v JOIN model m ON m.id = v.model_id JOIN device_installed i"              \
    " ON i.workspace_id = v.workspace_id AND "
#define OF_DEVICE                                                                                  \
    " JOIN device d ON d.id = i.device_id WHERE v.id = ANY ($1::bigint[]) AND d.state = 'active'"

static const struct db_stmt select_uses = {
    "q_deletion_uses",
    "SELECT kind, name, total, version_id FROM (SELECT used.*,"
    "  row_number() OVER (PARTITION BY version_id ORDER BY kind, name) AS n,"
    "  count(*) OVER (PARTITION BY version_id) AS total FROM ("
    " SELECT a.version_id, 'alias' AS kind, a.name::text AS name FROM alias a"
    "  WHERE a.version_id = ANY ($1::bigint[])"
    " UNION SELECT s.version_id, 'device', d.name::text FROM assignment_slot s"
    "  JOIN device_state t ON t.assignment_id = s.assignment_id"
    "  JOIN device d ON d.id = t.device_id WHERE s.version_id = ANY ($1::bigint[]) AND t.active"
    " UNION SELECT x.version_id, 'installed', d.name::text FROM variant x JOIN device_ran r"
    "  ON r.variant_id = x.id JOIN device d ON d.id = r.device_id"
    "  WHERE x.version_id = ANY ($1::bigint[]) AND d.state = 'active' AND NOT EXISTS"
    "  (SELECT FROM device_ran n WHERE n.device_id = r.device_id AND n.slot = r.slot"
    "   AND n.id > r.id)"
    " UNION SELECT v.id, 'installed', d.name::text" SAID
    "  i.model = m.name::text AND i.version = v.version AND i.state = 'installed'" OF_DEVICE
    " UNION SELECT v.id, 'previous', d.name::text" SAID
    "  i.report #>> '{previous,model}' = m.name::text"
    "  AND i.report #>> '{previous,version}' = v.version" OF_DEVICE
    " UNION SELECT v.id, 'role', 'model-' || m.name FROM model_version v JOIN model m"
    "  ON m.id = v.model_id WHERE v.id = ANY ($1::bigint[]) AND"
    "  (EXISTS (SELECT FROM version_listing l WHERE l.version_id = v.id AND l.yanked_at IS NULL)"
    "   OR EXISTS (SELECT FROM variant x JOIN variant_listing l ON l.variant_id = x.id"
    "    WHERE x.version_id = v.id AND l.yanked_at IS NULL))"
    ") used) named WHERE n <= $2::bigint ORDER BY version_id, n",
};

static const struct db_stmt select_model_uses = {
    "q_deletion_model_uses",
    "SELECT kind, name, count(*) OVER () FROM ("
    " SELECT 'version' AS kind, v.version AS name FROM model_version v WHERE v.model_id = "
    "$1::bigint"
    " UNION ALL SELECT 'role', 'model-' || m.name FROM model m JOIN tuf_role r"
    "  ON r.workspace_id = m.workspace_id AND r.repository = 'image' AND r.role = 'targets'"
    "  JOIN tuf_metadata f ON f.workspace_id = r.workspace_id AND f.repository = r.repository"
    "  AND f.role = r.role AND f.version = r.version"
    "  WHERE m.id = $1::bigint AND convert_from(f.bytes, 'UTF8')::jsonb"
    "  #> '{signed,delegations,roles}' @>"
    "  jsonb_build_array(jsonb_build_object('name', 'model-' || m.name))"
    ") used ORDER BY kind DESC, name COLLATE \"C\" LIMIT $2::bigint",
};

static const struct db_stmt delete_model = {
    "q_deletion_model",
    "DELETE FROM model WHERE id = $1::bigint",
};

static const struct db_stmt mark = {
    "q_deletion_mark",
    "WITH s AS (UPDATE version_state SET status = 'deleted', revision = revision + 1"
    "  WHERE version_id = $2::bigint AND status = 'archived' RETURNING version_id)"
    " INSERT INTO version_deletion (workspace_id, version_id, deleted_by, reason, deleted_at)"
    " SELECT $1::bigint, version_id, $3::text, $4::text, at_ms($5::bigint) FROM s",
};

static const struct db_stmt untie = {
    "q_deletion_untie",
    "UPDATE variant_artifact f SET artifact_id = NULL FROM variant x"
    " WHERE x.version_id = $1::bigint AND f.variant_id = x.id AND f.artifact_id IS NOT NULL",
};

#define COLUMNS "m.name::text, v.version, x.deleted_by, rfc3339(x.deleted_at)"

static const struct db_stmt of_version = {
    "q_deletion_of_version",
    "SELECT " COLUMNS " FROM version_deletion x JOIN model_version v ON v.id = x.version_id"
    " JOIN model m ON m.id = v.model_id WHERE x.version_id = $1::bigint",
};

/* Versions that have it still come first. */
static const struct db_stmt of_artifact = {
    "q_deletion_of_artifact",
    "SELECT " COLUMNS " FROM variant_artifact f JOIN variant t ON t.id = f.variant_id"
    " JOIN model_version v ON v.id = t.version_id JOIN model m ON m.id = v.model_id"
    " LEFT JOIN version_deletion x ON x.version_id = v.id"
    " WHERE f.workspace_id = $1::bigint AND f.sha256 = $2::bytea"
    " ORDER BY x.version_id IS NOT NULL, x.deleted_at DESC LIMIT 1",
};

static const struct db_stmt of_manifest = {
    "q_deletion_of_manifest",
    "SELECT " COLUMNS " FROM (SELECT id FROM model_version WHERE workspace_id = $1::bigint"
    "  AND manifest_sha256 = $2::bytea AND state = 'published'"
    "  UNION ALL SELECT version_id FROM variant_addition WHERE workspace_id = $1::bigint"
    "  AND manifest_sha256 = $2::bytea) found JOIN version_deletion x ON x.version_id = found.id"
    " JOIN model_version v ON v.id = found.id JOIN model m ON m.id = v.model_id LIMIT 1",
};

static const struct db_stmt among = {
    "q_deletion_among",
    "SELECT " COLUMNS " FROM model m JOIN model_version v ON v.model_id = m.id"
    " JOIN version_deletion x ON x.version_id = v.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.version IN"
    "  (SELECT split_part(u.name, '/', 1) FROM unnest($3::text[]) AS u (name))"
    " ORDER BY v.id LIMIT 1",
};

static void add_use(const struct db_rows *rows, int row, int64_t limit, struct arena *arena,
                    struct q_life_uses *uses)
{
    if (uses->count == 0)
        *uses = (struct q_life_uses){
            .uses = arena_array(arena, (size_t)limit, sizeof(*uses->uses)),
            .total = db_i64(rows, row, 2),
        };
    uses->uses[uses->count++] = (struct q_life_use){arena_strdup(arena, db_text(rows, row, 0)),
                                                    arena_strdup(arena, db_text(rows, row, 1))};
}

int q_deletion_uses(struct db *db, const int64_t *version_ids, size_t count, int64_t limit,
                    struct arena *arena, struct q_life_uses *ret_uses)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64_array(&params, arena, version_ids, count);
    db_add_i64(&params, limit);
    r = db_exec(db, &select_uses, &params, &rows);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++)
        ret_uses[i] = (struct q_life_uses){0};
    for (int i = 0; i < rows.count; i++) {
        for (size_t k = 0; k < count; k++) {
            if (version_ids[k] == db_i64(&rows, i, 3))
                add_use(&rows, i, limit, arena, &ret_uses[k]);
        }
    }
    return 0;
}

int q_deletion_model_uses(struct db *db, int64_t model_id, int64_t limit, struct arena *arena,
                          struct q_life_uses *ret_uses)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &select_model_uses, &params, &rows);
    if (r)
        return r;
    *ret_uses = (struct q_life_uses){0};
    for (int i = 0; i < rows.count; i++)
        add_use(&rows, i, limit, arena, ret_uses);
    return 0;
}

int q_deletion_model(struct db *db, int64_t model_id)
{
    struct db_params params = {0};

    db_add_i64(&params, model_id);
    return db_exec(db, &delete_model, &params, NULL);
}

int q_deletion_store(struct db *db, int64_t workspace_id, int64_t version_id, const char *by,
                     const char *reason, int64_t now_ms)
{
    struct db_params params = {0};
    struct db_params version = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, version_id);
    db_add_text(&params, by);
    db_add_text(&params, reason);
    db_add_i64(&params, now_ms);
    r = db_exec(db, &mark, &params, NULL);
    db_add_i64(&version, version_id);
    return r ? r : db_exec(db, &untie, &version, NULL);
}

static int find(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                struct arena *arena, struct q_deletion *ret_deletion)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = db_exec(db, stmt, params, &rows);

    if (r)
        return r;
    if (rows.count == 0 || db_is_null(&rows, 0, 2))
        return Q_DELETION_E_NONE;
    *ret_deletion = (struct q_deletion){
        .model = arena_strdup(arena, db_text(&rows, 0, 0)),
        .version = arena_strdup(arena, db_text(&rows, 0, 1)),
        .deleted_by = arena_strdup(arena, db_text(&rows, 0, 2)),
        .deleted_at = arena_strdup(arena, db_text(&rows, 0, 3)),
    };
    return 0;
}

int q_deletion_find(struct db *db, int64_t version_id, struct arena *arena,
                    struct q_deletion *ret_deletion)
{
    struct db_params params = {0};

    db_add_i64(&params, version_id);
    return find(db, &of_version, &params, arena, ret_deletion);
}

static int find_digest(struct db *db, const struct db_stmt *stmt, int64_t workspace_id,
                       const uint8_t *sha256, struct arena *arena, struct q_deletion *ret_deletion)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, DIGEST_SHA256_SIZE);
    return find(db, stmt, &params, arena, ret_deletion);
}

int q_deletion_of_artifact(struct db *db, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                           struct q_deletion *ret_deletion)
{
    return find_digest(db, &of_artifact, workspace_id, sha256, arena, ret_deletion);
}

int q_deletion_of_manifest(struct db *db, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                           struct q_deletion *ret_deletion)
{
    return find_digest(db, &of_manifest, workspace_id, sha256, arena, ret_deletion);
}

int q_deletion_among(struct db *db, int64_t workspace_id, const char *model,
                     const char *const *versions, size_t count, struct arena *arena,
                     struct q_deletion *ret_deletion)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_text(&params, model);
    db_add_text_array(&params, arena, versions, count);
    return find(db, &among, &params, arena, ret_deletion);
}
