/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_variant.h"

#include "base/cleanup.h"
#include "model/manifest.h"

#include <string.h>

static const struct db_stmt insert = {
    "q_variant_insert",
    "INSERT INTO variant (workspace_id, version_id, position, runtime, hardware, precision)"
    " SELECT $1::bigint, $2::bigint, (u.n - 1)::smallint, u.runtime, u.hardware, u.precision"
    " FROM unnest($3::text[], $4::text[], $5::text[])"
    " WITH ORDINALITY AS u (runtime, hardware, precision, n)",
};

static const struct db_stmt insert_artifacts = {
    "q_variant_insert_artifacts",
    "INSERT INTO variant_artifact"
    " (workspace_id, variant_id, position, name, sha256, size_bytes, artifact_id)"
    " SELECT $1::bigint, v.id, u.position::smallint, u.name, u.sha256, u.size_bytes, a.id"
    " FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::bytea[], $7::bigint[])"
    " AS u (variant, position, name, sha256, size_bytes)"
    " JOIN variant v ON v.version_id = $2::bigint AND v.position = u.variant"
    " LEFT JOIN artifact a ON a.workspace_id = $1::bigint AND a.sha256 = u.sha256"
    " AND a.size_bytes = u.size_bytes",
};

static const struct db_stmt tie_artifacts = {
    "q_variant_tie_artifacts",
    "UPDATE variant_artifact va SET artifact_id = a.id FROM variant v, artifact a"
    " WHERE v.version_id = $1::bigint AND va.variant_id = v.id AND va.artifact_id IS NULL"
    " AND a.workspace_id = va.workspace_id AND a.sha256 = va.sha256"
    " AND a.size_bytes = va.size_bytes",
};

static const struct db_stmt missing = {
    "q_variant_missing",
    "SELECT DISTINCT ON (va.sha256) va.name, encode(va.sha256, 'hex'), va.size_bytes,"
    " coalesce(a.size_bytes, -1)"
    " FROM variant v JOIN variant_artifact va ON va.variant_id = v.id"
    " LEFT JOIN artifact a ON a.workspace_id = va.workspace_id AND a.sha256 = va.sha256"
    " WHERE v.version_id = $1::bigint AND va.artifact_id IS NULL"
    " ORDER BY va.sha256, v.position, va.position",
};

static const struct db_stmt add = {
    "q_variant_add",
    "INSERT INTO variant (workspace_id, version_id, position, runtime, hardware, precision)"
    " SELECT $1::bigint, $2::bigint, n.position, $3::text, $4::text, $5::text"
    " FROM (SELECT max(position) + 1 AS position FROM variant WHERE version_id = $2::bigint) n"
    " WHERE n.position < $6::bigint"
    " ON CONFLICT (version_id, runtime, hardware, precision) DO NOTHING"
    " RETURNING id, position",
};

static const struct db_stmt count_all = {
    "q_variant_count",
    "SELECT count(*) FROM variant WHERE version_id = $1::bigint",
};

static const struct db_stmt insert_addition = {
    "q_variant_insert_addition",
    "WITH n AS (INSERT INTO variant_addition (variant_id, workspace_id, version_id, manifest,"
    "  manifest_sha256, created_at, created_by)"
    "  VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bytea, $5::bytea, at_ms($6::bigint),"
    "  $7::text) RETURNING variant_id)"
    " INSERT INTO variant_signature (workspace_id, variant_id, model_id, keyid)"
    " SELECT $2::bigint, n.variant_id, $8::bigint, u.keyid FROM n, unnest($9::bytea[]) u (keyid)",
};

static const struct db_stmt manifest = {
    "q_variant_manifest",
    "SELECT coalesce(n.manifest, v.manifest) FROM variant t JOIN model_version v"
    " ON v.id = t.version_id LEFT JOIN variant_addition n ON n.variant_id = t.id"
    " WHERE t.version_id = $1::bigint AND t.runtime = $2::text AND t.hardware = $3::text"
    " AND t.precision = $4::text",
};

int q_variant_insert(struct db *db, int64_t workspace_id, int64_t version_id, struct arena *arena,
                     const struct q_variant *variants, size_t count)
{
    const char **parts[3];
    struct db_params params = {0};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        parts[i] = arena_array(arena, count, sizeof(*parts[i]));
    for (size_t i = 0; i < count; i++) {
        parts[0][i] = variants[i].runtime;
        parts[1][i] = variants[i].hardware;
        parts[2][i] = variants[i].precision;
    }
    db_add_i64(&params, workspace_id);
    db_add_i64(&params, version_id);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        db_add_text_array(&params, arena, parts[i], count);
    return db_exec(db, &insert, &params, NULL);
}

static int vanished(int r)
{
    return r == DB_E_FOREIGN_KEY ? Q_VARIANT_E_VANISHED : r;
}

int q_variant_insert_artifacts(struct db *db, int64_t workspace_id, int64_t version_id,
                               struct arena *arena, const struct q_variant_artifact *artifacts,
                               size_t count)
{
    int64_t *variants = arena_array(arena, count, sizeof(*variants));
    int64_t *positions = arena_array(arena, count, sizeof(*positions));
    int64_t *sizes = arena_array(arena, count, sizeof(*sizes));
    const char **names = arena_array(arena, count, sizeof(*names));
    uint8_t *digests = arena_array(arena, count, DIGEST_SHA256_SIZE);
    struct db_params params = {0};

    for (size_t i = 0; i < count; i++) {
        variants[i] = (int64_t)artifacts[i].variant;
        positions[i] = (int64_t)artifacts[i].position;
        sizes[i] = artifacts[i].size_bytes;
        names[i] = artifacts[i].name;
        memcpy(digests + i * DIGEST_SHA256_SIZE, artifacts[i].sha256, DIGEST_SHA256_SIZE);
    }
    db_add_i64(&params, workspace_id);
    db_add_i64(&params, version_id);
    db_add_i64_array(&params, arena, variants, count);
    db_add_i64_array(&params, arena, positions, count);
    db_add_text_array(&params, arena, names, count);
    db_add_bytes_array(&params, arena, digests, DIGEST_SHA256_SIZE, count);
    db_add_i64_array(&params, arena, sizes, count);
    return vanished(db_exec(db, &insert_artifacts, &params, NULL));
}

int q_variant_tie_artifacts(struct db *db, int64_t version_id)
{
    struct db_params params = {0};

    db_add_i64(&params, version_id);
    return vanished(db_exec(db, &tie_artifacts, &params, NULL));
}

int q_variant_missing(struct db *db, int64_t version_id, struct arena *arena,
                      struct q_variant_missing **ret_missing, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, version_id);
    r = db_exec(db, &missing, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_missing = arena_array(arena, *ret_count, sizeof(**ret_missing));
    for (int i = 0; i < rows.count; i++) {
        (*ret_missing)[i] = (struct q_variant_missing){
            .name = arena_strdup(arena, db_text(&rows, i, 0)),
            .sha256 = arena_strdup(arena, db_text(&rows, i, 1)),
            .size_bytes = db_i64(&rows, i, 2),
            .stored_bytes = db_i64(&rows, i, 3),
        };
    }
    return 0;
}

static int why_not(struct db *db, int64_t version_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, version_id);
    r = db_exec(db, &count_all, &params, &rows);
    if (r)
        return r;
    return db_i64(&rows, 0, 0) >= MANIFEST_VARIANTS_MAX ? Q_VARIANT_E_FULL : Q_VARIANT_E_THERE;
}

int q_variant_add(struct db *db, int64_t workspace_id, int64_t version_id,
                  const struct q_variant *variant, int64_t *ret_id, int64_t *ret_position)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, version_id);
    db_add_text(&params, variant->runtime);
    db_add_text(&params, variant->hardware);
    db_add_text(&params, variant->precision);
    db_add_i64(&params, MANIFEST_VARIANTS_MAX);
    r = db_exec(db, &add, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return why_not(db, version_id);
    *ret_id = db_i64(&rows, 0, 0);
    *ret_position = db_i64(&rows, 0, 1);
    return 0;
}

int q_variant_insert_addition(struct db *db, const struct q_variant_addition *addition,
                              struct arena *arena)
{
    struct db_params params = {0};

    db_add_i64(&params, addition->variant_id);
    db_add_i64(&params, addition->workspace_id);
    db_add_i64(&params, addition->version_id);
    db_add_bytes(&params, addition->manifest, addition->size);
    db_add_bytes(&params, addition->sha256, sizeof(addition->sha256));
    db_add_i64(&params, addition->created_ms);
    db_add_text(&params, addition->created_by);
    db_add_i64(&params, addition->model_id);
    db_add_bytes_array(&params, arena, addition->keyids, DIGEST_SHA256_SIZE, addition->keyid_count);
    return db_exec(db, &insert_addition, &params, NULL);
}

int q_variant_manifest(struct db *db, int64_t version_id, const struct q_variant *variant,
                       struct arena *arena, const void **ret_bytes, size_t *ret_size)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    const uint8_t *bytes;
    int r;

    db_add_i64(&params, version_id);
    db_add_text(&params, variant->runtime);
    db_add_text(&params, variant->hardware);
    db_add_text(&params, variant->precision);
    r = db_exec(db, &manifest, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_VARIANT_E_NONE;
    bytes = db_bytes(&rows, 0, 0, ret_size);
    *ret_bytes = arena_memdup(arena, bytes, *ret_size);
    return 0;
}
