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
    "AND m.state = 'published' AND NOT EXISTS "
    "(SELECT FROM version_deletion x WHERE x.version_id = m.id))",
};

/* Waits where it is being reclaimed: what is found afterwards stays for a while. */
static const struct db_stmt touch = {
    "artifact_touch",
    "UPDATE artifact SET unused_since = now() WHERE workspace_id = $1::bigint "
    "AND sha256 = $2::bytea AND unused_since < now() - interval '30 seconds'",
};

static const struct db_stmt insert = {
    "artifact_insert",
    "INSERT INTO artifact AS a (workspace_id, sha256, size_bytes, content_id) "
    "VALUES ($1::bigint, $2::bytea, $3::bigint, $4::bigint) "
    "ON CONFLICT (workspace_id, sha256) DO UPDATE "
    "SET unused_since = CASE WHEN a.unused_since IS NOT NULL THEN now() END "
    "RETURNING xmax = 0",
};

static const struct db_stmt lock_unused = {
    "artifact_lock_unused",
    "SELECT id FROM artifact WHERE unused_since < at_ms($1::bigint) ORDER BY unused_since "
    "LIMIT $2::bigint FOR UPDATE SKIP LOCKED",
};

/* A draft may name an artifact before it is tied to it. */
#define IS_WANTED                                                                                  \
    "(EXISTS (SELECT FROM variant_artifact f WHERE f.artifact_id = a.id) OR EXISTS "               \
    "(SELECT FROM variant_artifact f JOIN variant v ON v.id = f.variant_id "                       \
    "JOIN version_state s ON s.version_id = v.version_id WHERE f.workspace_id = a.workspace_id "   \
    "AND f.sha256 = a.sha256 AND f.artifact_id IS NULL AND s.status = 'draft'))"

static const struct db_stmt keep_wanted = {
    "artifact_keep_wanted",
    "UPDATE artifact a SET unused_since = CASE WHEN EXISTS "
    "(SELECT FROM variant_artifact f WHERE f.artifact_id = a.id) THEN NULL ELSE now() END "
    "WHERE a.id = ANY ($1::bigint[]) AND " IS_WANTED,
};

static const struct db_stmt discard = {
    "artifact_discard",
    "WITH gone AS (DELETE FROM artifact a WHERE a.id = ANY ($1::bigint[]) "
    "AND a.unused_since < at_ms($2::bigint) AND NOT " IS_WANTED
    " RETURNING a.workspace_id, a.sha256, a.size_bytes, a.content_id), "
    "discarded AS (UPDATE content c SET discarded_at = now() FROM gone WHERE c.id = "
    "gone.content_id) "
    "SELECT workspace_id, sha256, size_bytes FROM gone ORDER BY workspace_id, sha256",
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

int q_artifact_claim(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                     struct q_artifact *ret_artifact)
{
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, 32);
    r = db_exec(db, &touch, &params, NULL);
    return r ? r : find_by(db, &find, workspace_id, sha256, ret_artifact);
}

int q_artifact_find_published(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                              struct q_artifact *ret_artifact)
{
    return find_by(db, &find_published, workspace_id, sha256, ret_artifact);
}

int q_artifact_insert(struct db *db, int64_t workspace_id, const uint8_t sha256[static 32],
                      int64_t size_bytes, int64_t content_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, 32);
    db_add_i64(&params, size_bytes);
    db_add_i64(&params, content_id);
    r = db_exec(db, &insert, &params, &rows);
    if (r)
        return r;
    return db_bool(&rows, 0, 0) ? 0 : Q_ARTIFACT_E_EXISTS;
}

int q_artifact_discard_unused(struct db *db, struct arena *arena, int64_t before_ms, int64_t limit,
                              int64_t *ret_looked_at, struct db_rows *ret_rows)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct db_params ids = {0};
    int64_t *values;
    int r;

    db_add_i64(&params, before_ms);
    db_add_i64(&params, limit);
    r = db_exec(db, &lock_unused, &params, &rows);
    if (r)
        return r;
    *ret_looked_at = rows.count;
    values = arena_array(arena, (size_t)rows.count, sizeof(*values));
    for (int i = 0; i < rows.count; i++)
        values[i] = db_i64(&rows, i, 0);
    db_add_i64_array(&ids, arena, values, (size_t)rows.count);
    /* Other statements, so that they see what was committed until the locks were had. */
    r = db_exec(db, &keep_wanted, &ids, NULL);
    if (r)
        return r;
    db_add_i64(&ids, before_ms);
    return db_exec(db, &discard, &ids, ret_rows);
}
