/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_device.h"

#include "base/cleanup.h"

#include <string.h>

/* Every change that the roster must know raises the revision and leaves a row in device_change. */
#define TELL(SET)                                                                                  \
    " s AS (UPDATE device_state SET revision = revision + 1" SET " FROM d WHERE device_id = d.id"  \
    "  RETURNING device_id),"                                                                      \
    " c AS (INSERT INTO device_change (device_ids) SELECT ARRAY[device_id] FROM s)"                \
    " SELECT id FROM d"

static const struct db_stmt INSERT = {
    "q_device_insert",
    "WITH d AS (INSERT INTO device (workspace_id, name, public_key, keyid, token_sha256,"
    "  enrolment_id, attributes, assigned, enrolled_at)"
    "  VALUES ($1::bigint, $2::text, $3::bytea, $4::bytea, $5::bytea, $6::bigint, $7::text::jsonb,"
    "  $8::text::jsonb, at_ms($10::bigint)) RETURNING id, uuid, workspace_id),"
    " s AS (INSERT INTO device_state (device_id, workspace_id, capabilities, revision)"
    "  SELECT id, workspace_id, $9::text, 1 FROM d),"
    " c AS (INSERT INTO device_change (device_ids) SELECT ARRAY[id] FROM d)"
    " SELECT id, uuid::text FROM d",
};

static const struct db_stmt REENROL = {
    "q_device_reenrol",
    "WITH d AS (UPDATE device SET token_sha256 = $2::bytea, next_token_sha256 = NULL,"
    "  enrolment_id = $3::bigint, attributes = $4::text::jsonb, assigned = $5::text::jsonb,"
    "  enrolled_at = at_ms($7::bigint)"
    "  WHERE id = $1::bigint RETURNING id)," TELL(", capabilities = $6::text"),
};

#define COLUMNS                                                                                    \
    "SELECT d.id, d.workspace_id, d.enrolment_id, d.uuid::text, d.name::text,"                     \
    " d.state = 'active', d.public_key, d.keyid::bytea, (d.attributes || d.assigned)::text,"       \
    " s.capabilities, ms(d.enrolled_at), coalesce(ms(d.revoked_at), 0),"                           \
    " coalesce(ms(n.seen_at), 0), coalesce(n.online_until > now(), false) AND d.state = 'active'," \
    " s.version, a.slots, d.report_sequence,"                                                      \
    " (SELECT coalesce(jsonb_object_agg(i.slot, i.report || jsonb_build_object("                   \
    "   'sequence', i.sequence, 'received_at', to_char(i.received_at AT TIME ZONE 'UTC',"          \
    "    'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))), '{}')::text"                                      \
    "  FROM (SELECT * FROM device_installed WHERE device_id = d.id"                                \
    "   ORDER BY received_at DESC, slot LIMIT 64) i)"                                              \
    " FROM device d JOIN device_state s ON s.device_id = d.id"                                     \
    " LEFT JOIN device_seen n ON n.device_id = d.id"                                               \
    " LEFT JOIN assignment a ON a.id = s.assignment_id"

static const struct db_stmt FIND = {
    "q_device_find",
    COLUMNS " WHERE d.workspace_id = $1::bigint AND d.name = $2::text"
            " ORDER BY d.state = 'active' DESC, d.revoked_at DESC LIMIT 1",
};

static const struct db_stmt GET = {
    "q_device_get",
    COLUMNS " WHERE d.workspace_id = $1::bigint AND d.id = $2::bigint",
};

static const struct db_stmt BY_KEY = {
    "q_device_by_key",
    COLUMNS " WHERE d.workspace_id = $1::bigint AND d.keyid = $2::bytea"
            " ORDER BY d.state = 'active' DESC, d.id DESC LIMIT 1",
};

static const struct db_stmt LIST = {
    "q_device_list",
    COLUMNS " WHERE d.workspace_id = $1::bigint AND d.state = $2::text"
            " AND ($3::text IS NULL OR (d.name, d.id) > ($3::text, $4::bigint))"
            " ORDER BY d.name, d.id LIMIT $5::bigint",
};

static const struct db_stmt LIST_ONLINE = {
    "q_device_list_online",
    COLUMNS " WHERE d.workspace_id = $1::bigint AND d.state = $2::text"
            " AND ($3::text IS NULL OR (d.name, d.id) > ($3::text, $4::bigint))"
            " AND n.online_until > now()"
            " ORDER BY d.name, d.id LIMIT $5::bigint",
};

static const struct db_stmt REVOKE = {
    "q_device_revoke",
    "WITH d AS (UPDATE device SET state = 'revoked', revoked_by = $3::text,"
    "  revoked_at = at_ms($4::bigint)"
    "  WHERE workspace_id = $1::bigint AND name = $2::text AND state = 'active' RETURNING "
    "id)," TELL(", active = false"),
};

static const struct db_stmt SET_NEXT_TOKEN = {
    "q_device_set_next_token",
    "WITH d AS (UPDATE device SET next_token_sha256 = $3::bytea"
    "  WHERE workspace_id = $1::bigint AND id = $2::bigint AND state = 'active' RETURNING "
    "id)," TELL(""),
};

static const struct db_stmt SET_FACTS = {
    "q_device_set_facts",
    "WITH o AS (SELECT d.id, d.attributes, s.capabilities,"
    "  coalesce($3::text::jsonb, d.attributes) AS new_attributes,"
    "  coalesce($4::text, s.capabilities) AS new_capabilities"
    "  FROM device d JOIN device_state s ON s.device_id = d.id"
    "  WHERE d.workspace_id = $1::bigint AND d.id = $2::bigint FOR NO KEY UPDATE OF d),"
    " a AS (UPDATE device d SET attributes = o.new_attributes FROM o"
    "  WHERE d.id = o.id AND o.attributes <> o.new_attributes),"
    " c AS (UPDATE device_state s SET capabilities = o.new_capabilities FROM o"
    "  WHERE s.device_id = o.id AND o.capabilities <> o.new_capabilities)"
    " SELECT attributes::text, capabilities, new_attributes::text, new_capabilities,"
    " attributes <> new_attributes OR capabilities <> new_capabilities FROM o",
};

static void copy_bytes(const struct db_rows *rows, int row, int column,
                       uint8_t ret_bytes[static 32])
{
    size_t size;
    const uint8_t *bytes = db_bytes(rows, row, column, &size);

    if (size == 32) /* the schema's CHECK */
        memcpy(ret_bytes, bytes, 32);
}

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_device *ret_device)
{
    *ret_device = (struct q_device){
        .id = db_i64(rows, row, 0),
        .workspace_id = db_i64(rows, row, 1),
        .enrolment_id = db_i64(rows, row, 2),
        .uuid = arena_strdup(arena, db_text(rows, row, 3)),
        .name = arena_strdup(arena, db_text(rows, row, 4)),
        .active = db_bool(rows, row, 5),
        .attributes = arena_strdup(arena, db_text(rows, row, 8)),
        .capabilities = arena_strdup(arena, db_text(rows, row, 9)),
        .enrolled_ms = db_i64(rows, row, 10),
        .revoked_ms = db_i64(rows, row, 11),
        .seen_ms = db_i64(rows, row, 12),
        .online = db_bool(rows, row, 13),
        .version = db_i64(rows, row, 14),
        .slots = arena_strdup(arena, db_text(rows, row, 15)),
        .report_sequence = db_i64(rows, row, 16),
        .installed = arena_strdup(arena, db_text(rows, row, 17)),
    };
    copy_bytes(rows, row, 6, ret_device->public_key);
    copy_bytes(rows, row, 7, ret_device->keyid);
}

static int read_one(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                    struct arena *arena, struct q_device *ret_device)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = db_exec(db, stmt, params, &rows);

    if (r)
        return r;
    if (rows.count == 0)
        return Q_DEVICE_E_MISSING;
    read_row(&rows, 0, arena, ret_device);
    return 0;
}

/* For statements that return the id of the device that they changed. */
static int change_one(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                      int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = db_exec(db, stmt, params, &rows);

    if (r)
        return r;
    if (rows.count == 0)
        return Q_DEVICE_E_MISSING;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

int q_device_insert(struct db *db, struct arena *arena, const struct q_device_enrol *enrol,
                    struct q_device *device)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, device->workspace_id);
    db_add_text(&params, device->name);
    db_add_bytes(&params, device->public_key, sizeof(device->public_key));
    db_add_bytes(&params, device->keyid, sizeof(device->keyid));
    db_add_bytes(&params, enrol->token, sizeof(enrol->token));
    db_add_i64(&params, enrol->enrolment_id);
    db_add_text(&params, enrol->attributes);
    db_add_text(&params, enrol->assigned);
    db_add_text(&params, enrol->capabilities);
    db_add_i64(&params, enrol->now_ms);
    r = db_exec(db, &INSERT, &params, &rows);
    if (r == DB_E_UNIQUE)
        return Q_DEVICE_E_EXISTS;
    if (r)
        return r;
    device->id = db_i64(&rows, 0, 0);
    device->uuid = arena_strdup(arena, db_text(&rows, 0, 1));
    return 0;
}

int q_device_reenrol(struct db *db, int64_t id, const struct q_device_enrol *enrol)
{
    struct db_params params = {0};
    int64_t changed;

    db_add_i64(&params, id);
    db_add_bytes(&params, enrol->token, sizeof(enrol->token));
    db_add_i64(&params, enrol->enrolment_id);
    db_add_text(&params, enrol->attributes);
    db_add_text(&params, enrol->assigned);
    db_add_text(&params, enrol->capabilities);
    db_add_i64(&params, enrol->now_ms);
    return change_one(db, &REENROL, &params, &changed);
}

int q_device_find(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                  struct q_device *ret_device)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_text(&params, name);
    return read_one(db, &FIND, &params, arena, ret_device);
}

int q_device_get(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                 struct q_device *ret_device)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    return read_one(db, &GET, &params, arena, ret_device);
}

int q_device_by_key(struct db *db, int64_t workspace_id,
                    const uint8_t keyid[static DIGEST_SHA256_SIZE], struct arena *arena,
                    struct q_device *ret_device)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, keyid, DIGEST_SHA256_SIZE);
    return read_one(db, &BY_KEY, &params, arena, ret_device);
}

int q_device_list(struct db *db, int64_t workspace_id, const struct q_device_filter *filter,
                  struct arena *arena, struct q_device **ret_devices, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, filter->active ? "active" : "revoked");
    db_add_text(&params, filter->after_name);
    db_add_i64(&params, filter->after_id);
    db_add_i64(&params, filter->limit);
    r = db_exec(db, filter->online ? &LIST_ONLINE : &LIST, &params, &rows);
    if (r)
        return r;

    struct q_device *devices = arena_array(arena, (size_t)rows.count, sizeof(*devices));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &devices[i]);
    *ret_devices = devices;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_device_revoke(struct db *db, int64_t workspace_id, const char *name, const char *by,
                    int64_t now_ms, int64_t *ret_id)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_text(&params, name);
    db_add_text(&params, by);
    db_add_i64(&params, now_ms);
    return change_one(db, &REVOKE, &params, ret_id);
}

int q_device_set_next_token(struct db *db, int64_t workspace_id, int64_t id,
                            const uint8_t hash[static DIGEST_SHA256_SIZE])
{
    struct db_params params = {0};
    int64_t changed;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    db_add_bytes(&params, hash, DIGEST_SHA256_SIZE);
    return change_one(db, &SET_NEXT_TOKEN, &params, &changed);
}

int q_device_set_facts(struct db *db, int64_t workspace_id, int64_t id,
                       const struct q_device_facts *facts, struct arena *arena,
                       struct q_device_facts *ret_before, struct q_device_facts *ret_after)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    db_add_text(&params, facts->attributes);
    db_add_text(&params, facts->capabilities);
    r = db_exec(db, &SET_FACTS, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_DEVICE_E_MISSING;
    if (!db_bool(&rows, 0, 4))
        return Q_DEVICE_E_UNCHANGED;
    *ret_before = (struct q_device_facts){arena_strdup(arena, db_text(&rows, 0, 0)),
                                          arena_strdup(arena, db_text(&rows, 0, 1))};
    *ret_after = (struct q_device_facts){arena_strdup(arena, db_text(&rows, 0, 2)),
                                         arena_strdup(arena, db_text(&rows, 0, 3))};
    return 0;
}
