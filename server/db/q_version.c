/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_version.h"

#include "base/cleanup.h"

#include <assert.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "v.id, v.version, v.state, v.description, v.created_by, ms(v.created_at),"                     \
    " ms(v.published_at), encode(v.manifest_sha256, 'hex'),"                                       \
    " (SELECT coalesce(json_object_agg(t.key, t.value ORDER BY t.key), '{}')::text"                \
    "  FROM version_tag t WHERE t.version_id = v.id),"                                             \
    " (SELECT coalesce(json_object_agg(m.name, m.value_text ORDER BY m.name), '{}')::text"         \
    "  FROM version_metric m WHERE m.version_id = v.id AND m.main),"                               \
    " (SELECT coalesce(json_object_agg(p.name, p.value ORDER BY p.name), '{}')::text"              \
    "  FROM version_param p WHERE p.version_id = v.id),"                                           \
    " (SELECT coalesce(json_agg(json_build_object('runtime', r.runtime, 'hardware', r.hardware,"   \
    "   'precision', r.precision, 'artifacts',"                                                    \
    "   (SELECT json_agg(json_build_object('name', a.name, 'length', a.size_bytes,"                \
    "     'sha256', encode(a.sha256, 'hex'), 'stored', a.artifact_id IS NOT NULL OR EXISTS"        \
    "     (SELECT 1 FROM artifact s WHERE s.workspace_id = a.workspace_id"                         \
    "      AND s.sha256 = a.sha256 AND s.size_bytes = a.size_bytes)) ORDER BY a.position)"         \
    "    FROM variant_artifact a WHERE a.variant_id = r.id), 'added', variant_added(r.id)) ORDER " \
    "BY r.position), '[]')::text"                                                                  \
    "  FROM variant r WHERE r.version_id = v.id),"                                                 \
    " (SELECT coalesce(json_agg(encode(s.keyid, 'hex') ORDER BY s.added_at, s.keyid), '[]')::text" \
    "  FROM version_signature s WHERE s.version_id = v.id),"                                       \
    " (SELECT coalesce(json_object_agg(p.name, CASE WHEN p.number IS NOT NULL THEN 'number'"       \
    "   WHEN p.value IN ('true', 'false') THEN 'boolean' ELSE 'string' END ORDER BY p.name),"      \
    "   '{}')::text FROM version_param p WHERE p.version_id = v.id),"                              \
    " (SELECT coalesce(json_agg(json_build_object('name', m.name, 'value', m.value_text,"          \
    "   'dataset', nullif(m.dataset, ''), 'signed', m.signed, 'set_at', rfc3339(m.set_at),"        \
    "   'set_by', m.set_by) ORDER BY m.name, NOT m.signed, m.dataset), '[]')::text"                \
    "  FROM version_metric m WHERE m.version_id = v.id),"                                          \
    " json_build_object('tags', (SELECT coalesce(json_agg(t.key ORDER BY t.key), '[]')"            \
    "   FROM version_tag t WHERE t.version_id = v.id AND t.signed),"                               \
    "  'metrics', (SELECT coalesce(json_agg(m.name ORDER BY m.name), '[]')"                        \
    "   FROM version_metric m WHERE m.version_id = v.id AND m.signed),"                            \
    "  'params', (SELECT coalesce(json_agg(p.name ORDER BY p.name), '[]')"                         \
    "   FROM version_param p WHERE p.version_id = v.id AND p.signed))::text,"                      \
    " (convert_from(v.manifest, 'UTF8')::json #> '{signed,signature}')::text,"                     \
    " (SELECT coalesce(json_agg(a.name ORDER BY a.name), '[]')::text"                              \
    "  FROM alias a WHERE a.version_id = v.id),"                                                   \
    " (SELECT coalesce(json_agg(a.approved_by ORDER BY a.id), '[]')::text"                         \
    "  FROM approval a WHERE a.version_id = v.id AND a.withdrawn_at IS NULL),"                     \
    " (SELECT coalesce(max(octet_length(c.card)), 0)::bigint FROM version_card c"                  \
    "  WHERE c.version_id = v.id), s.revision, ms(s.archived_at), s.archived_by,"                  \
    " s.archive_reason, ms(x.deleted_at), x.deleted_by, x.reason,"                                 \
    " ms(l.listed_at), ms(l.yanked_at), l.yanked_by "
#define FROM                                                                                       \
    "FROM model_version v JOIN version_state s ON s.version_id = v.id"                             \
    " LEFT JOIN version_deletion x ON x.version_id = v.id"                                         \
    " LEFT JOIN version_listing l ON l.version_id = v.id "

#define SELECT_MANIFEST                                                                            \
    "SELECT id, state = 'published', manifest, manifest_sha256, signed_sha256"                     \
    " FROM model_version WHERE model_id = $1::bigint AND version = $2::text"

static const struct db_stmt insert = {
    "q_version_insert",
    "INSERT INTO model_version (workspace_id, model_id, version, state, description, manifest,"
    " manifest_sha256, signed_sha256, created_by, created_at, published_at)"
    " VALUES ($1::bigint, $2::bigint, $3::text, CASE WHEN $4::bool THEN 'published' ELSE 'draft'"
    " END, $5::text, $6::bytea, $7::bytea, $8::bytea, $9::text, at_ms($10::bigint),"
    " CASE WHEN $4::bool THEN at_ms($10::bigint) END)"
    " ON CONFLICT (model_id, version) DO NOTHING RETURNING id",
};

static const struct db_stmt insert_tags = {
    "q_version_insert_tags",
    "INSERT INTO version_tag (workspace_id, version_id, key, value, signed)"
    " SELECT $1::bigint, $2::bigint, u.key, u.value, true"
    " FROM unnest($3::text[], $4::text[]) AS u (key, value)",
};

static const struct db_stmt insert_params = {
    "q_version_insert_params",
    "INSERT INTO version_param (workspace_id, version_id, name, value, number, signed)"
    " SELECT $1::bigint, $2::bigint, u.name, u.value, u.number::double precision, true"
    " FROM unnest($3::text[], $4::text[], $5::text[]) AS u (name, value, number)",
};

static const struct db_stmt insert_metrics = {
    "q_version_insert_metrics",
    "INSERT INTO version_metric (workspace_id, version_id, name, value, value_text, dataset,"
    " signed, main)"
    " SELECT $1::bigint, $2::bigint, u.name, u.value::double precision, u.value_text, u.dataset,"
    " true, true"
    " FROM unnest($3::text[], $4::text[], $5::text[], $6::text[])"
    "  AS u (name, value, value_text, dataset)",
};

static const struct db_stmt insert_signatures = {
    "q_version_insert_signatures",
    "INSERT INTO version_signature (workspace_id, version_id, model_id, keyid, added_by, added_at)"
    " SELECT $1::bigint, $2::bigint, $3::bigint, u.keyid, $5::text, at_ms($6::bigint)"
    " FROM unnest($4::bytea[]) AS u (keyid)",
};

static const struct db_stmt find = {
    "q_version_find",
    "SELECT " COLUMNS FROM "WHERE v.model_id = $1::bigint AND v.version = $2::text",
};

/* A page is cut where it would become too large to hold: what it shows of a version is about as
 * large as its manifest, and what was added later. */
static const struct db_stmt list = {
    "q_version_list",
    "SELECT " COLUMNS ", page.candidates FROM"
    " (SELECT id, row_number() OVER w AS n, count(*) OVER () AS candidates,"
    "   sum(bytes) OVER w - bytes AS bytes_before FROM"
    "   (SELECT c.version_id AS id, octet_length(manifest)"
    "     + (SELECT coalesce(sum(octet_length(t.value) + 256), 0) FROM version_tag t"
    "      WHERE t.version_id = c.version_id AND NOT t.signed)"
    "     + (SELECT coalesce(sum(octet_length(p.value) + 256), 0) FROM version_param p"
    "      WHERE p.version_id = c.version_id AND NOT p.signed)"
    "     + (SELECT coalesce(sum(octet_length(x.dataset) + 512), 0) FROM version_metric x"
    "      WHERE x.version_id = c.version_id AND NOT x.signed) AS bytes FROM version_state c"
    "    JOIN model_version m ON m.id = c.version_id WHERE c.model_id = $1::bigint"
    "    AND CASE WHEN $2::text IS NULL THEN c.status IN ('draft', 'published')"
    "     ELSE c.status = $2::text END"
    "    AND ($3::bigint = 0 OR c.version_id < $3::bigint)"
    "    ORDER BY c.version_id DESC LIMIT $4::bigint + 1) candidate"
    "  WINDOW w AS (ORDER BY id DESC)) page"
    " JOIN model_version v ON v.id = page.id JOIN version_state s ON s.version_id = v.id"
    " LEFT JOIN version_deletion x ON x.version_id = v.id"
    " LEFT JOIN version_listing l ON l.version_id = v.id"
    " WHERE page.n <= $4::bigint AND page.bytes_before < 4194304 ORDER BY v.id DESC",
};

static const struct db_stmt select_manifest = {
    "q_version_manifest",
    SELECT_MANIFEST,
};

static const struct db_stmt lock_manifest = {
    "q_version_manifest_lock",
    SELECT_MANIFEST " FOR UPDATE",
};

static const struct db_stmt publish = {
    "q_version_publish",
    "UPDATE model_version SET state = 'published', manifest = $2::bytea,"
    " manifest_sha256 = $3::bytea, published_at = at_ms($4::bigint)"
    " WHERE id = $1::bigint AND state = 'draft'",
};

static const struct db_stmt delete_draft = {
    "q_version_delete_draft",
    "DELETE FROM model_version"
    " WHERE model_id = $1::bigint AND version = $2::text AND state = 'draft'",
};

/* ---- writing ------------------------------------------------------------------------------ */

int q_version_insert(struct db *db, const struct q_version_draft *draft, int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, draft->workspace_id);
    db_add_i64(&params, draft->model_id);
    db_add_text(&params, draft->version);
    db_add_bool(&params, draft->manifest.published);
    db_add_text(&params, draft->description);
    db_add_bytes(&params, draft->manifest.bytes, draft->manifest.size);
    db_add_bytes(&params, draft->manifest.sha256, sizeof(draft->manifest.sha256));
    db_add_bytes(&params, draft->manifest.signed_sha256, sizeof(draft->manifest.signed_sha256));
    db_add_text(&params, draft->created_by);
    db_add_i64(&params, draft->created_ms);
    r = db_exec(db, &insert, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_VERSION_E_EXISTS;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

int q_version_insert_tags(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                          const char *const *keys, const char *const *values, size_t count)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    db_add_text_array(&params, arena, keys, count);
    db_add_text_array(&params, arena, values, count);
    return db_exec(db, &insert_tags, &params, NULL);
}

int q_version_insert_params(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                            const char *const *names, const char *const *values,
                            const char *const *numbers, size_t count)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    db_add_text_array(&params, arena, names, count);
    db_add_text_array(&params, arena, values, count);
    db_add_text_array(&params, arena, numbers, count);
    return db_exec(db, &insert_params, &params, NULL);
}

int q_version_insert_metrics(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                             const struct q_version_metrics *metrics)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    db_add_text_array(&params, arena, metrics->names, metrics->count);
    db_add_text_array(&params, arena, metrics->values, metrics->count);
    db_add_text_array(&params, arena, metrics->texts, metrics->count);
    db_add_text_array(&params, arena, metrics->datasets, metrics->count);
    return db_exec(db, &insert_metrics, &params, NULL);
}

int q_version_insert_signatures(struct db *db, const struct q_version_draft *draft, int64_t id,
                                struct arena *arena, const uint8_t *keyids, size_t count)
{
    struct db_params params = {0};

    db_add_i64(&params, draft->workspace_id);
    db_add_i64(&params, id);
    db_add_i64(&params, draft->model_id);
    db_add_bytes_array(&params, arena, keyids, DIGEST_SHA256_SIZE, count);
    db_add_text(&params, draft->created_by);
    db_add_i64(&params, draft->created_ms);
    return db_exec(db, &insert_signatures, &params, NULL);
}

int q_version_publish(struct db *db, const struct q_version_manifest *manifest, int64_t now_ms)
{
    struct db_params params = {0};

    db_add_i64(&params, manifest->id);
    db_add_bytes(&params, manifest->bytes, manifest->size);
    db_add_bytes(&params, manifest->sha256, sizeof(manifest->sha256));
    db_add_i64(&params, now_ms);
    return db_exec(db, &publish, &params, NULL);
}

int q_version_delete_draft(struct db *db, int64_t model_id, const char *version)
{
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_text(&params, version);
    r = db_exec(db, &delete_draft, &params, NULL);
    if (r)
        return r;
    return db_affected(db) == 1 ? 0 : Q_VERSION_E_MISSING;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_version *ret_version)
{
    *ret_version = (struct q_version){
        .id = db_i64(rows, row, 0),
        .version = arena_strdup(arena, db_text(rows, row, 1)),
        .state = arena_strdup(arena, db_text(rows, row, 2)),
        .description = arena_strdup(arena, db_text(rows, row, 3)),
        .created_by = arena_strdup(arena, db_text(rows, row, 4)),
        .created_ms = db_i64(rows, row, 5),
        .published_ms = db_i64(rows, row, 6),
        .manifest_sha256 = arena_strdup(arena, db_text(rows, row, 7)),
        .tags_json = arena_strdup(arena, db_text(rows, row, 8)),
        .metrics_json = arena_strdup(arena, db_text(rows, row, 9)),
        .params_json = arena_strdup(arena, db_text(rows, row, 10)),
        .variants_json = arena_strdup(arena, db_text(rows, row, 11)),
        .signed_by_json = arena_strdup(arena, db_text(rows, row, 12)),
        .param_types_json = arena_strdup(arena, db_text(rows, row, 13)),
        .measurements_json = arena_strdup(arena, db_text(rows, row, 14)),
        .signed_json = arena_strdup(arena, db_text(rows, row, 15)),
        .signature_json = arena_strdup(arena, db_text(rows, row, 16)),
        .aliases_json = arena_strdup(arena, db_text(rows, row, 17)),
        .approved_by_json = arena_strdup(arena, db_text(rows, row, 18)),
        .card_bytes = db_i64(rows, row, 19),
        .revision = db_i64(rows, row, 20),
        .archived_ms = db_i64(rows, row, 21),
        .archived_by = arena_strdup(arena, db_text(rows, row, 22)),
        .archive_reason = arena_strdup(arena, db_text(rows, row, 23)),
        .deleted_ms = db_i64(rows, row, 24),
        .deleted_by = arena_strdup(arena, db_text(rows, row, 25)),
        .delete_reason = arena_strdup(arena, db_text(rows, row, 26)),
        .listed_ms = db_i64(rows, row, 27),
        .yanked_ms = db_i64(rows, row, 28),
        .yanked_by = arena_strdup(arena, db_text(rows, row, 29)),
    };
}

int q_version_find(struct db *db, int64_t model_id, const char *version, struct arena *arena,
                   struct q_version *ret_version)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_text(&params, version);
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_VERSION_E_MISSING;
    read_row(&rows, 0, arena, ret_version);
    return 0;
}

int q_version_list(struct db *db, int64_t model_id, const char *status, int64_t before_id,
                   int64_t limit, struct arena *arena, struct q_version_page *ret_page)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_text(&params, status);
    db_add_i64(&params, before_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    ret_page->count = (size_t)rows.count;
    ret_page->more = rows.count > 0 && db_i64(&rows, 0, 30) > rows.count;
    ret_page->versions = arena_array(arena, ret_page->count, sizeof(*ret_page->versions));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &ret_page->versions[i]);
    return 0;
}

static void read_digest(const struct db_rows *rows, int row, int column,
                        uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    size_t size;
    const uint8_t *bytes = db_bytes(rows, row, column, &size);

    assert(size == DIGEST_SHA256_SIZE);
    memcpy(ret_digest, bytes, DIGEST_SHA256_SIZE);
}

int q_version_manifest(struct db *db, int64_t model_id, const char *version, bool lock,
                       struct arena *arena, struct q_version_manifest *ret_manifest)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    const uint8_t *bytes;
    int r;

    db_add_i64(&params, model_id);
    db_add_text(&params, version);
    r = db_exec(db, lock ? &lock_manifest : &select_manifest, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_VERSION_E_MISSING;
    ret_manifest->id = db_i64(&rows, 0, 0);
    ret_manifest->published = db_bool(&rows, 0, 1);
    bytes = db_bytes(&rows, 0, 2, &ret_manifest->size);
    ret_manifest->bytes = arena_memdup(arena, bytes, ret_manifest->size);
    read_digest(&rows, 0, 3, ret_manifest->sha256);
    read_digest(&rows, 0, 4, ret_manifest->signed_sha256);
    return 0;
}
