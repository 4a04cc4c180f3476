/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_model.h"

#include "base/cleanup.h"

#include <assert.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "m.id, m.name, m.description, m.created_by, ms(m.created_at),"                                 \
    " (SELECT coalesce(json_object_agg(t.key, t.value ORDER BY t.key), '{}')::text"                \
    "  FROM model_tag t WHERE t.model_id = m.id) AS tags,"                                         \
    " (SELECT coalesce(json_agg(json_build_object('keyid', encode(k.keyid, 'hex'),"                \
    "   'name', nullif(k.name, ''), 'key', k.key::json, 'added_at', rfc3339(k.added_at),"          \
    "   'revoked_at', rfc3339(k.revoked_at)) ORDER BY k.added_at, k.keyid), '[]')::text"           \
    "  FROM model_key k WHERE k.model_id = m.id) AS keys,"                                         \
    " (SELECT v.version FROM model_version v JOIN version_state s ON s.version_id = v.id"          \
    "  WHERE v.model_id = m.id AND v.state = 'published' AND s.status = 'published'"               \
    "  ORDER BY v.published_at DESC, v.id DESC LIMIT 1) AS latest,"                                \
    " (SELECT coalesce(json_object_agg(a.name, v.version ORDER BY a.name), '{}')::text"            \
    "  FROM alias a JOIN model_version v ON v.id = a.version_id WHERE a.model_id = m.id)"          \
    " AS aliases, octet_length(m.card)::bigint AS card_bytes, m.revision,"                         \
    " coalesce(ms(m.archived_at), 0) AS archived_ms, m.archived_by, m.archive_reason "

static const struct db_stmt insert = {
    "q_model_insert",
    "INSERT INTO model (workspace_id, name, description, created_by, created_at)"
    " VALUES ($1::bigint, $2::text, $3::text, $4::text, at_ms($5::bigint))"
    " ON CONFLICT DO NOTHING RETURNING id",
};

static const struct db_stmt insert_tags = {
    "q_model_insert_tags",
    "INSERT INTO model_tag (workspace_id, model_id, key, value)"
    " SELECT $1::bigint, $2::bigint, u.key, u.value"
    " FROM unnest($3::text[], $4::text[]) AS u (key, value)",
};

static const struct db_stmt find = {
    "q_model_find",
    "SELECT " COLUMNS "FROM model m WHERE m.workspace_id = $1::bigint AND m.name = $2::text",
};

/* A page is cut where it would become too large to hold. */
static const struct db_stmt list = {
    "q_model_list",
    "SELECT * FROM"
    " (SELECT candidate.*, count(*) OVER () AS candidates, row_number() OVER w AS n,"
    "   sum(bytes) OVER w - bytes AS bytes_before FROM"
    "   (SELECT whole.*, octet_length(description) + octet_length(tags) + octet_length(keys)"
    "    AS bytes FROM (SELECT " COLUMNS "FROM model m"
    "     WHERE m.workspace_id = $1::bigint AND m.name > $2::text"
    "     AND (m.archived_at IS NOT NULL) = $4::bool"
    "     ORDER BY m.name LIMIT $3::bigint + 1) whole) candidate"
    "  WINDOW w AS (ORDER BY name)) page"
    " WHERE n <= $3::bigint AND bytes_before < 4194304 ORDER BY name",
};

static const struct db_stmt resolve = {
    "q_model_resolve",
    "SELECT m.id, w.name FROM model m JOIN workspace w ON w.id = m.workspace_id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text",
};

static const struct db_stmt count_keys = {
    "q_model_count_keys",
    "SELECT count(*) FROM model_key WHERE model_id = $1::bigint",
};

static const struct db_stmt insert_key = {
    "q_model_insert_key",
    "INSERT INTO model_key (workspace_id, model_id, keyid, name, key, added_by, added_at)"
    " VALUES ($1::bigint, $2::bigint, $3::bytea, $4::text, $5::text, $6::text, at_ms($7::bigint))"
    " ON CONFLICT DO NOTHING",
};

static const struct db_stmt revoke_key = {
    "q_model_revoke_key",
    "WITH k AS (SELECT model_id, keyid, revoked_at FROM model_key"
    "  WHERE model_id = $1::bigint AND keyid = $2::bytea FOR NO KEY UPDATE),"
    " u AS (UPDATE model_key m SET revoked_at = at_ms($4::bigint), revoked_by = $3::text FROM k"
    "  WHERE m.model_id = k.model_id AND m.keyid = k.keyid AND k.revoked_at IS NULL)"
    " SELECT revoked_at IS NULL FROM k",
};

static const struct db_stmt lock_keys = {
    "q_model_lock_keys",
    "SELECT keyid, name, key, added_by, ms(added_at) FROM model_key"
    " WHERE model_id = $1::bigint AND revoked_at IS NULL ORDER BY added_at, keyid FOR SHARE",
};

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_model *ret_model)
{
    *ret_model = (struct q_model){
        .id = db_i64(rows, row, 0),
        .name = arena_strdup(arena, db_text(rows, row, 1)),
        .description = arena_strdup(arena, db_text(rows, row, 2)),
        .created_by = arena_strdup(arena, db_text(rows, row, 3)),
        .created_ms = db_i64(rows, row, 4),
        .tags_json = arena_strdup(arena, db_text(rows, row, 5)),
        .keys_json = arena_strdup(arena, db_text(rows, row, 6)),
        .latest = arena_strdup(arena, db_text(rows, row, 7)),
        .aliases_json = arena_strdup(arena, db_text(rows, row, 8)),
        .card_bytes = db_i64(rows, row, 9),
        .revision = db_i64(rows, row, 10),
        .archived_ms = db_i64(rows, row, 11),
        .archived_by = arena_strdup(arena, db_text(rows, row, 12)),
        .archive_reason = arena_strdup(arena, db_text(rows, row, 13)),
    };
}

int q_model_insert(struct db *db, int64_t workspace_id, const struct q_model *model,
                   int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, model->name);
    db_add_text(&params, model->description);
    db_add_text(&params, model->created_by);
    db_add_i64(&params, model->created_ms);
    r = db_exec(db, &insert, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_MODEL_E_EXISTS;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

int q_model_insert_tags(struct db *db, int64_t workspace_id, int64_t model_id, struct arena *arena,
                        const char *const *keys, const char *const *values, size_t count)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, model_id);
    db_add_text_array(&params, arena, keys, count);
    db_add_text_array(&params, arena, values, count);
    return db_exec(db, &insert_tags, &params, NULL);
}

int q_model_find(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                 struct q_model *ret_model)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, name);
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_MODEL_E_MISSING;
    read_row(&rows, 0, arena, ret_model);
    return 0;
}

int q_model_list(struct db *db, int64_t workspace_id, bool archived, const char *after,
                 int64_t limit, struct arena *arena, struct q_model_page *ret_page)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, after);
    db_add_i64(&params, limit);
    db_add_bool(&params, archived);
    r = db_exec(db, &list, &params, &rows);
    if (r)
        return r;
    ret_page->count = (size_t)rows.count;
    ret_page->more = rows.count > 0 && db_i64(&rows, 0, 15) > rows.count;
    ret_page->models = arena_array(arena, ret_page->count, sizeof(*ret_page->models));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &ret_page->models[i]);
    return 0;
}

int q_model_resolve(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                    int64_t *ret_id, const char **ret_workspace)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, name);
    r = db_exec(db, &resolve, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_MODEL_E_MISSING;
    *ret_id = db_i64(&rows, 0, 0);
    if (ret_workspace)
        *ret_workspace = arena_strdup(arena, db_text(&rows, 0, 1));
    return 0;
}

/* ---- keys --------------------------------------------------------------------------------- */

int q_model_count_keys(struct db *db, int64_t model_id, int64_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    r = db_exec(db, &count_keys, &params, &rows);
    if (r)
        return r;
    *ret_count = db_i64(&rows, 0, 0);
    return 0;
}

int q_model_insert_key(struct db *db, int64_t workspace_id, int64_t model_id,
                       const struct q_model_key *key)
{
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, model_id);
    db_add_bytes(&params, key->keyid, sizeof(key->keyid));
    db_add_text(&params, key->name);
    db_add_text(&params, key->json);
    db_add_text(&params, key->added_by);
    db_add_i64(&params, key->added_ms);
    r = db_exec(db, &insert_key, &params, NULL);
    if (r)
        return r;
    return db_affected(db) == 1 ? 0 : Q_MODEL_E_EXISTS;
}

int q_model_revoke_key(struct db *db, int64_t model_id,
                       const uint8_t keyid[static DIGEST_SHA256_SIZE], const char *by,
                       int64_t now_ms, bool *ret_changed)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    db_add_bytes(&params, keyid, DIGEST_SHA256_SIZE);
    db_add_text(&params, by);
    db_add_i64(&params, now_ms);
    r = db_exec(db, &revoke_key, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_MODEL_E_MISSING;
    *ret_changed = db_bool(&rows, 0, 0);
    return 0;
}

static void read_key(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_model_key *ret_key)
{
    size_t size;
    const uint8_t *keyid = db_bytes(rows, row, 0, &size);

    assert(size == sizeof(ret_key->keyid));
    memcpy(ret_key->keyid, keyid, size);
    ret_key->name = arena_strdup(arena, db_text(rows, row, 1));
    ret_key->json = arena_strdup(arena, db_text(rows, row, 2));
    ret_key->added_by = arena_strdup(arena, db_text(rows, row, 3));
    ret_key->added_ms = db_i64(rows, row, 4);
}

int q_model_lock_keys(struct db *db, int64_t model_id, struct arena *arena,
                      struct q_model_key **ret_keys, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, model_id);
    r = db_exec(db, &lock_keys, &params, &rows);
    if (r)
        return r;
    *ret_count = (size_t)rows.count;
    *ret_keys = arena_array(arena, *ret_count, sizeof(**ret_keys));
    for (int i = 0; i < rows.count; i++)
        read_key(&rows, i, arena, &(*ret_keys)[i]);
    return 0;
}
