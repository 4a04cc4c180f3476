/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_artifact.h"

#include "base/cleanup.h"

static const struct db_stmt find = {
    "artifact_find",
    "SELECT id, content_id, size_bytes FROM artifact "
    "WHERE workspace_id = $1::bigint AND sha256 = $2::bytea",
};

static const struct db_stmt find_published = {
    "artifact_find_published",
    "SELECT a.id, a.content_id, a.size_bytes FROM artifact a "
    "WHERE a.workspace_id = $1::bigint AND a.sha256 = $2::bytea AND EXISTS "
    "(SELECT FROM variant_artifact f JOIN variant v ON v.workspace_id = f.workspace_id "
    "AND v.id = f.variant_id JOIN model_version m ON m.workspace_id = v.workspace_id "
    "AND m.id = v.version_id WHERE f.workspace_id = $1::bigint AND f.sha256 = $2::bytea "
    "AND m.state = 'published')",
};

static const struct db_stmt insert = {
    "artifact_insert",
    "INSERT INTO artifact (workspace_id, sha256, size_bytes, content_id) "
    "VALUES ($1::bigint, $2::bytea, $3::bigint, $4::bigint) "
    "ON CONFLICT (workspace_id, sha256) DO NOTHING",
};

static int find_by(struct db *db, const struct db_stmt *stmt, int64_t workspace_id,
                   const uint8_t *sha256, struct q_artifact *ret_artifact)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, 32);
    r = db_exec(db, stmt, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_ARTIFACT_E_MISSING;
    *ret_artifact = (struct q_artifact){
        .id = db_i64(&rows, 0, 0),
        .content_id = db_i64(&rows, 0, 1),
        .size_bytes = db_i64(&rows, 0, 2),
    };
    return 0;
}

int q_artifact_find(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                    struct q_artifact *ret_artifact)
{
    return find_by(db, &find, workspace_id, sha256, ret_artifact);
}

int q_artifact_find_published(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                              struct q_artifact *ret_artifact)
{
    return find_by(db, &find_published, workspace_id, sha256, ret_artifact);
}

int q_artifact_insert(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                      int64_t size_bytes, int64_t content_id)
{
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, 32);
    db_add_i64(&params, size_bytes);
    db_add_i64(&params, content_id);
    r = db_exec(db, &insert, &params, NULL);
    if (r)
        return r;
    return db_affected(db) == 0 ? Q_ARTIFACT_E_EXISTS : 0;
}
