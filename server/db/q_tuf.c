/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_tuf.h"

#include "base/cleanup.h"

#include <string.h>

static const struct db_stmt lock = {
    "q_tuf_lock",
    "SELECT 1 FROM workspace WHERE id = $1::bigint FOR NO KEY UPDATE",
};

static const struct db_stmt get = {
    "q_tuf_get",
    "SELECT m.role, m.version, coalesce(ms(r.expires_at), 0), m.bytes, m.sha256 FROM tuf_metadata m"
    " LEFT JOIN tuf_role r USING (workspace_id, repository, role, version)"
    " WHERE m.workspace_id = $1::bigint AND m.repository = $2::text AND m.role = $3::text"
    " AND m.version = $4::bigint",
};

static const struct db_stmt get_current = {
    "q_tuf_get_current",
    "SELECT m.role, m.version, ms(r.expires_at), m.bytes, m.sha256 FROM tuf_role r"
    " JOIN tuf_metadata m USING (workspace_id, repository, role, version)"
    " WHERE r.workspace_id = $1::bigint AND r.repository = $2::text AND r.role = $3::text",
};

static const struct db_stmt put = {
    "q_tuf_put",
    "INSERT INTO tuf_metadata"
    " (workspace_id, repository, role, version, bytes, sha256, created_at, created_by)"
    " VALUES ($1::bigint, $2::text, $3::text, $4::bigint, $5::bytea, $6::bytea, at_ms($7::bigint),"
    " $8::text)",
};

static const struct db_stmt put_in_force = {
    "q_tuf_put_in_force",
    "INSERT INTO tuf_role (workspace_id, repository, role, version, expires_at)"
    " VALUES ($1::bigint, $2::text, $3::text, $4::bigint, at_ms($5::bigint))"
    " ON CONFLICT (workspace_id, repository, role)"
    " DO UPDATE SET version = excluded.version, expires_at = excluded.expires_at",
};

static const struct db_stmt list = {
    "q_tuf_list",
    "SELECT r.role, r.version, ms(r.expires_at), octet_length(m.bytes), m.sha256 FROM tuf_role r"
    " JOIN tuf_metadata m USING (workspace_id, repository, role, version)"
    " WHERE r.workspace_id = $1::bigint AND r.repository = $2::text ORDER BY r.role",
};

static const struct db_stmt prune = {
    "q_tuf_prune",
    "DELETE FROM tuf_metadata m WHERE m.workspace_id = $1::bigint AND m.repository = $2::text"
    " AND m.role IN ('snapshot', 'timestamp') AND m.created_at < at_ms($3::bigint)"
    " AND NOT EXISTS (SELECT FROM tuf_role r WHERE r.workspace_id = m.workspace_id"
    " AND r.repository = m.repository AND r.role = m.role AND r.version = m.version)",
};

static const struct db_stmt expiring = {
    "q_tuf_expiring",
    "SELECT DISTINCT workspace_id FROM tuf_role WHERE role IN ('snapshot', 'timestamp')"
    " AND repository = 'image' AND expires_at < at_ms($1::bigint) LIMIT $2::bigint",
};

static void add_place(struct db_params *params, const struct q_tuf_place *place)
{
    db_add_i64(params, place->workspace_id);
    db_add_text(params, place->repository);
}

static void read_digest(const struct db_rows *rows, int row, int column,
                        uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    size_t size;
    const uint8_t *bytes = db_bytes(rows, row, column, &size);

    memcpy(ret_digest, bytes, DIGEST_SHA256_SIZE); /* the domain sha256 says so */
}

int q_tuf_lock(struct db *db, int64_t workspace_id)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    return db_exec(db, &lock, &params, NULL);
}

int q_tuf_get(struct db *db, const struct q_tuf_place *place, const char *role, int64_t version,
              struct arena *arena, struct q_tuf_file *ret_file)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    const uint8_t *bytes;
    int r;

    add_place(&params, place);
    db_add_text(&params, role);
    if (version)
        db_add_i64(&params, version);
    r = db_exec(db, version ? &get : &get_current, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_TUF_E_MISSING;
    *ret_file = (struct q_tuf_file){
        .role = arena_strdup(arena, db_text(&rows, 0, 0)),
        .version = db_i64(&rows, 0, 1),
        .expires_ms = db_i64(&rows, 0, 2),
    };
    bytes = db_bytes(&rows, 0, 3, &ret_file->size);
    ret_file->bytes = arena_memdup(arena, bytes, ret_file->size);
    read_digest(&rows, 0, 4, ret_file->sha256);
    return 0;
}

int q_tuf_put(struct db *db, const struct q_tuf_place *place, const struct q_tuf_file *file,
              const char *created_by, int64_t now_ms)
{
    struct db_params params = {0};
    struct db_params force = {0};
    int r;

    add_place(&params, place);
    db_add_text(&params, file->role);
    db_add_i64(&params, file->version);
    db_add_bytes(&params, file->bytes, file->size);
    db_add_bytes(&params, file->sha256, sizeof(file->sha256));
    db_add_i64(&params, now_ms);
    db_add_text(&params, created_by);
    r = db_exec(db, &put, &params, NULL);
    if (r)
        return r == DB_E_UNIQUE ? Q_TUF_E_EXISTS : r;
    add_place(&force, place);
    db_add_text(&force, file->role);
    db_add_i64(&force, file->version);
    db_add_i64(&force, file->expires_ms);
    return db_exec(db, &put_in_force, &force, NULL);
}

int q_tuf_list(struct db *db, const struct q_tuf_place *place, struct arena *arena,
               struct q_tuf_file **ret_files, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_tuf_file *files;
    int r;

    add_place(&params, place);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    files = arena_array(arena, (size_t)rows.count, sizeof(*files));
    for (int i = 0; i < rows.count; i++) {
        files[i].role = arena_strdup(arena, db_text(&rows, i, 0));
        files[i].version = db_i64(&rows, i, 1);
        files[i].expires_ms = db_i64(&rows, i, 2);
        files[i].size = (size_t)db_i64(&rows, i, 3);
        read_digest(&rows, i, 4, files[i].sha256);
    }
    *ret_files = files;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_tuf_prune(struct db *db, const struct q_tuf_place *place, int64_t before_ms)
{
    struct db_params params = {0};

    add_place(&params, place);
    db_add_i64(&params, before_ms);
    return db_exec(db, &prune, &params, NULL);
}

int q_tuf_expiring(struct db *db, int64_t before_ms, int64_t limit, struct arena *arena,
                   int64_t **ret_workspaces, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int64_t *workspaces;
    int r;

    db_add_i64(&params, before_ms);
    db_add_i64(&params, limit);
    r = db_exec(db, &expiring, &params, &rows);
    if (r)
        return r;
    workspaces = arena_array(arena, (size_t)rows.count, sizeof(*workspaces));
    for (int i = 0; i < rows.count; i++)
        workspaces[i] = db_i64(&rows, i, 0);
    *ret_workspaces = workspaces;
    *ret_count = (size_t)rows.count;
    return 0;
}

/* ---- proposals ------------------------------------------------------------------------------ */

static const struct db_stmt pending_put = {
    "q_tuf_pending_put",
    "INSERT INTO tuf_pending"
    " (workspace_id, repository, role, version, envelope, created_at, created_by)"
    " VALUES ($1::bigint, $2::text, $3::text, $4::bigint, $5::bytea, at_ms($6::bigint), $7::text)"
    " ON CONFLICT (workspace_id, repository, role) DO UPDATE SET version = excluded.version,"
    " envelope = excluded.envelope, created_at = excluded.created_at,"
    " created_by = excluded.created_by",
};

#define PENDING "SELECT role, version, envelope, ms(created_at), created_by FROM tuf_pending "

static const struct db_stmt pending_get = {
    "q_tuf_pending_get",
    PENDING "WHERE workspace_id = $1::bigint AND repository = $2::text AND role = $3::text",
};

static const struct db_stmt pending_list = {
    "q_tuf_pending_list",
    PENDING "WHERE workspace_id = $1::bigint AND repository = $2::text ORDER BY role",
};

static const struct db_stmt pending_delete = {
    "q_tuf_pending_delete",
    "DELETE FROM tuf_pending"
    " WHERE workspace_id = $1::bigint AND repository = $2::text AND role = $3::text",
};

int q_tuf_pending_put(struct db *db, const struct q_tuf_place *place,
                      const struct q_tuf_pending *pending)
{
    struct db_params params = {0};

    add_place(&params, place);
    db_add_text(&params, pending->role);
    db_add_i64(&params, pending->version);
    db_add_bytes(&params, pending->envelope, pending->size);
    db_add_i64(&params, pending->created_ms);
    db_add_text(&params, pending->created_by);
    return db_exec(db, &pending_put, &params, NULL);
}

static void read_pending(const struct db_rows *rows, int row, struct arena *arena,
                         struct q_tuf_pending *ret_pending)
{
    const uint8_t *bytes;

    ret_pending->role = arena_strdup(arena, db_text(rows, row, 0));
    ret_pending->version = db_i64(rows, row, 1);
    bytes = db_bytes(rows, row, 2, &ret_pending->size);
    ret_pending->envelope = arena_memdup(arena, bytes, ret_pending->size);
    ret_pending->created_ms = db_i64(rows, row, 3);
    ret_pending->created_by = arena_strdup(arena, db_text(rows, row, 4));
}

int q_tuf_pending_get(struct db *db, const struct q_tuf_place *place, const char *role,
                      struct arena *arena, struct q_tuf_pending *ret_pending)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    add_place(&params, place);
    db_add_text(&params, role);
    r = db_exec(db, &pending_get, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_TUF_E_MISSING;
    read_pending(&rows, 0, arena, ret_pending);
    return 0;
}

int q_tuf_pending_delete(struct db *db, const struct q_tuf_place *place, const char *role,
                         bool *ret_removed)
{
    struct db_params params = {0};
    int r;

    add_place(&params, place);
    db_add_text(&params, role);
    r = db_exec(db, &pending_delete, &params, NULL);
    if (r)
        return r;
    *ret_removed = db_affected(db) > 0;
    return 0;
}

int q_tuf_pending_list(struct db *db, const struct q_tuf_place *place, struct arena *arena,
                       struct q_tuf_pending **ret_pending, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_tuf_pending *pending;
    int r;

    add_place(&params, place);
    r = db_exec(db, &pending_list, &params, &rows);
    if (r)
        return r;
    pending = arena_array(arena, (size_t)rows.count, sizeof(*pending));
    for (int i = 0; i < rows.count; i++)
        read_pending(&rows, i, arena, &pending[i]);
    *ret_pending = pending;
    *ret_count = (size_t)rows.count;
    return 0;
}

/* ---- online keys ---------------------------------------------------------------------------- */

static const struct db_stmt online_key_insert = {
    "q_tuf_online_key_insert",
    "INSERT INTO tuf_online_key (workspace_id, repository, keyid, key, sealed, created_at)"
    " VALUES ($1::bigint, $2::text, $3::bytea, $4::text, $5::bytea, at_ms($6::bigint))",
};

static const struct db_stmt online_key_list = {
    "q_tuf_online_key_list",
    "SELECT keyid, key, sealed, ms(created_at), coalesce(ms(retired_at), 0) FROM tuf_online_key"
    " WHERE workspace_id = $1::bigint AND repository = $2::text ORDER BY created_at DESC, keyid",
};

static const struct db_stmt online_key_retire = {
    "q_tuf_online_key_retire",
    "UPDATE tuf_online_key SET retired_at = at_ms($3::bigint)"
    " WHERE workspace_id = $1::bigint AND repository = $2::text AND retired_at IS NULL",
};

int q_tuf_online_key_insert(struct db *db, const struct q_tuf_place *place,
                            const struct q_tuf_online_key *key)
{
    struct db_params params = {0};

    add_place(&params, place);
    db_add_bytes(&params, key->keyid, sizeof(key->keyid));
    db_add_text(&params, key->key_json);
    db_add_bytes(&params, key->sealed, key->sealed_size);
    db_add_i64(&params, key->created_ms);
    return db_exec(db, &online_key_insert, &params, NULL);
}

int q_tuf_online_key_list(struct db *db, const struct q_tuf_place *place, struct arena *arena,
                          struct q_tuf_online_key **ret_keys, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_tuf_online_key *keys;
    int r;

    add_place(&params, place);
    r = db_exec(db, &online_key_list, &params, &rows);
    if (r)
        return r;
    keys = arena_array(arena, (size_t)rows.count, sizeof(*keys));
    for (int i = 0; i < rows.count; i++) {
        const uint8_t *sealed = db_bytes(&rows, i, 2, &keys[i].sealed_size);

        read_digest(&rows, i, 0, keys[i].keyid);
        keys[i].key_json = arena_strdup(arena, db_text(&rows, i, 1));
        keys[i].sealed = arena_memdup(arena, sealed, keys[i].sealed_size);
        keys[i].created_ms = db_i64(&rows, i, 3);
        keys[i].retired_ms = db_i64(&rows, i, 4);
    }
    *ret_keys = keys;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_tuf_online_key_retire(struct db *db, const struct q_tuf_place *place, int64_t now_ms)
{
    struct db_params params = {0};

    add_place(&params, place);
    db_add_i64(&params, now_ms);
    return db_exec(db, &online_key_retire, &params, NULL);
}

/* ---- what versions consist of --------------------------------------------------------------- */

/* An added variant is listed, and yanked, by itself. */
#define ADDED "concat_ws('/', v.version, t.runtime, t.hardware, t.precision)"

static const struct db_stmt targets = {
    "q_tuf_targets",
    "SELECT m.name || '/' || v.version || '/manifest.json' AS path, v.version,"
    " octet_length(v.manifest)::bigint, v.manifest_sha256, l.listed_at IS NOT NULL,"
    " l.yanked_at IS NOT NULL FROM model m JOIN model_version v ON v.model_id = m.id"
    " LEFT JOIN version_listing l ON l.version_id = v.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.state = 'published'"
    " UNION ALL "
    "SELECT concat_ws('/', m.name, v.version, t.runtime, t.hardware, t.precision, a.name),"
    " CASE WHEN n.variant_id IS NULL THEN v.version ELSE " ADDED " END, a.size_bytes, a.sha256,"
    " coalesce(k.listed_at, l.listed_at) IS NOT NULL,"
    " l.yanked_at IS NOT NULL OR k.yanked_at IS NOT NULL"
    " FROM model m JOIN model_version v ON v.model_id = m.id JOIN variant t ON t.version_id = v.id"
    " JOIN variant_artifact a ON a.variant_id = t.id"
    " LEFT JOIN version_listing l ON l.version_id = v.id"
    " LEFT JOIN variant_addition n ON n.variant_id = t.id"
    " LEFT JOIN variant_listing k ON k.variant_id = t.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.state = 'published'"
    " UNION ALL "
    "SELECT concat_ws('/', m.name, v.version, concat_ws('~', t.runtime, t.hardware, t.precision)"
    "  || '.json'), " ADDED ", octet_length(n.manifest)::bigint, n.manifest_sha256,"
    " k.listed_at IS NOT NULL, l.yanked_at IS NOT NULL OR k.yanked_at IS NOT NULL"
    " FROM model m JOIN model_version v ON v.model_id = m.id JOIN variant t ON t.version_id = v.id"
    " JOIN variant_addition n ON n.variant_id = t.id"
    " LEFT JOIN version_listing l ON l.version_id = v.id"
    " LEFT JOIN variant_listing k ON k.variant_id = t.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text"
    " ORDER BY path",
};

static const struct db_stmt mark_listed = {
    "q_tuf_mark_listed",
    "WITH l AS (INSERT INTO version_listing (version_id, workspace_id, listed_at)"
    "  SELECT v.id, v.workspace_id, at_ms($4::bigint) FROM model m"
    "  JOIN model_version v ON v.model_id = m.id"
    "  WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.version = ANY ($3::text[])"
    "  ON CONFLICT (version_id) DO NOTHING RETURNING version_id),"
    " k AS (INSERT INTO variant_listing (variant_id, workspace_id, listed_at)"
    "  SELECT t.id, t.workspace_id, at_ms($4::bigint) FROM model m"
    "  JOIN model_version v ON v.model_id = m.id JOIN variant t ON t.version_id = v.id"
    "  JOIN variant_addition n ON n.variant_id = t.id"
    "  WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND " ADDED " = ANY ($3::text[])"
    "  ON CONFLICT (variant_id) DO NOTHING RETURNING variant_id)"
    " SELECT version FROM (SELECT v.id, v.version FROM l JOIN model_version v"
    "   ON v.id = l.version_id"
    "  UNION ALL SELECT v.id, " ADDED " FROM k JOIN variant t ON t.id = k.variant_id"
    "   JOIN model_version v ON v.id = t.version_id) news ORDER BY id, version",
};

static const struct db_stmt mark_yanked = {
    "q_tuf_mark_yanked",
    "WITH gone AS (UPDATE version_listing l SET yanked_at = at_ms($4::bigint),"
    "  yanked_by = $5::text FROM model m JOIN model_version v ON v.model_id = m.id"
    "  WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND l.version_id = v.id"
    "  AND v.version <> ALL ($3::text[]) AND l.yanked_at IS NULL RETURNING v.version),"
    " without AS (UPDATE variant_listing k SET yanked_at = at_ms($4::bigint), yanked_by = $5::text"
    "  FROM model m JOIN model_version v ON v.model_id = m.id"
    "  JOIN variant t ON t.version_id = v.id"
    "  WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND k.variant_id = t.id"
    "  AND " ADDED " <> ALL ($3::text[]) AND k.yanked_at IS NULL RETURNING " ADDED " AS version)"
    " SELECT version FROM gone UNION ALL SELECT version FROM without",
};

int q_tuf_targets(struct db *db, int64_t workspace_id, const char *model, struct arena *arena,
                  struct q_tuf_target **ret_targets, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_tuf_target *all;
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, model);
    r = db_exec(db, &targets, &params, &rows);
    if (r)
        return r;
    all = arena_array(arena, (size_t)rows.count, sizeof(*all));
    for (int i = 0; i < rows.count; i++) {
        all[i].path = arena_strdup(arena, db_text(&rows, i, 0));
        all[i].version = arena_strdup(arena, db_text(&rows, i, 1));
        all[i].length = db_i64(&rows, i, 2);
        read_digest(&rows, i, 3, all[i].sha256);
        all[i].listed = db_bool(&rows, i, 4);
        all[i].yanked = db_bool(&rows, i, 5);
    }
    *ret_targets = all;
    *ret_count = (size_t)rows.count;
    return 0;
}

static int mark(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                struct arena *arena, struct q_tuf_names *ret_names)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = db_exec(db, stmt, params, &rows);

    if (r)
        return r;
    ret_names->count = (size_t)rows.count;
    ret_names->names = arena_array(arena, ret_names->count, sizeof(*ret_names->names));
    for (int i = 0; i < rows.count; i++)
        ret_names->names[i] = arena_strdup(arena, db_text(&rows, i, 0));
    return 0;
}

int q_tuf_mark(struct db *db, const struct q_tuf_listing *listing, struct arena *arena,
               struct q_tuf_names *ret_listed, struct q_tuf_names *ret_yanked)
{
    struct db_params listed = {0};
    struct db_params yanked;
    int r;

    db_add_i64(&listed, listing->workspace_id);
    db_add_text(&listed, listing->model);
    db_add_text_array(&listed, arena, listing->versions, listing->count);
    db_add_i64(&listed, listing->now_ms);
    yanked = listed;
    db_add_text(&yanked, listing->actor);
    r = mark(db, &mark_listed, &listed, arena, ret_listed);
    return r ? r : mark(db, &mark_yanked, &yanked, arena, ret_yanked);
}

/* ---- what targets are served ---------------------------------------------------------------- */

static const struct db_stmt manifest = {
    "q_tuf_manifest",
    "SELECT v.manifest FROM model m JOIN model_version v ON v.model_id = m.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.version = $3::text"
    " AND v.manifest_sha256 = $4::bytea AND v.state = 'published'",
};

static const struct db_stmt added_manifest = {
    "q_tuf_added_manifest",
    "SELECT n.manifest FROM model m JOIN model_version v ON v.model_id = m.id"
    " JOIN variant t ON t.version_id = v.id JOIN variant_addition n ON n.variant_id = t.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.version = $3::text"
    " AND n.manifest_sha256 = $4::bytea"
    " AND concat_ws('/', t.runtime, t.hardware, t.precision) = $5::text",
};

static const struct db_stmt has_artifact = {
    "q_tuf_has_artifact",
    "SELECT 1 FROM model m JOIN model_version v ON v.model_id = m.id"
    " JOIN variant t ON t.version_id = v.id JOIN variant_artifact a ON a.variant_id = t.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.version = $3::text"
    " AND v.state = 'published' AND t.runtime = $4::text AND t.hardware = $5::text"
    " AND t.precision = $6::text AND a.name = $7::text AND a.sha256 = $8::bytea",
};

int q_tuf_manifest(struct db *db, const struct q_tuf_manifest *wanted, struct arena *arena,
                   const void **ret_bytes, size_t *ret_size)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    const uint8_t *bytes;
    int r;

    db_add_i64(&params, wanted->workspace_id);
    db_add_text(&params, wanted->model);
    db_add_text(&params, wanted->version);
    db_add_bytes(&params, wanted->sha256, DIGEST_SHA256_SIZE);
    if (wanted->variant)
        db_add_text(&params, wanted->variant);
    r = db_exec(db, wanted->variant ? &added_manifest : &manifest, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_TUF_E_MISSING;
    bytes = db_bytes(&rows, 0, 0, ret_size);
    *ret_bytes = arena_memdup(arena, bytes, *ret_size);
    return 0;
}

int q_tuf_has_artifact(struct db *db, const struct q_tuf_artifact *wanted)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, wanted->workspace_id);
    for (size_t i = 0; i < Q_TUF_ARTIFACT_PARTS; i++)
        db_add_text(&params, wanted->parts[i]);
    db_add_text(&params, wanted->name);
    db_add_bytes(&params, wanted->sha256, DIGEST_SHA256_SIZE);
    r = db_exec(db, &has_artifact, &params, &rows);
    if (r)
        return r;
    return rows.count ? 0 : Q_TUF_E_MISSING;
}
