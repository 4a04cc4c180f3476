/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_roster.h"

#include "base/cleanup.h"

#define DEVICE_COLUMNS                                                                             \
    "d.id, d.workspace_id, d.name::text, d.state = 'active', s.revision, s.version,"               \
    " coalesce(s.assignment_id, 0), d.token_sha256::bytea, d.next_token_sha256::bytea"             \
    " FROM device d JOIN device_state s ON s.device_id = d.id"

static const struct db_stmt PAGE = {
    "q_roster_page",
    "SELECT " DEVICE_COLUMNS
    " WHERE d.id > $1::bigint AND d.state = 'active' ORDER BY d.id LIMIT $2::integer",
};

static const struct db_stmt CHANGED = {
    "q_roster_changed",
    "SELECT " DEVICE_COLUMNS
    " WHERE d.id IN (SELECT unnest(device_ids) FROM device_change WHERE id = $1::bigint)",
};

static const struct db_stmt MOVES = {
    "q_roster_moves",
    "SELECT unnest(device_ids), unnest(revisions), unnest(versions), unnest(assignment_ids)"
    " FROM device_change WHERE id = $1::bigint AND revisions IS NOT NULL",
};

static const struct db_stmt DEVICES = {
    "q_roster_devices",
    "SELECT " DEVICE_COLUMNS " WHERE d.id = ANY ($1::bigint[])",
};

static const struct db_stmt DEVICE = {
    "q_roster_device",
    "SELECT " DEVICE_COLUMNS " WHERE d.id = $1::bigint",
};

static const struct db_stmt TOKEN = {
    "q_roster_token",
    "SELECT " DEVICE_COLUMNS " WHERE d.state = 'active'"
    " AND (d.token_sha256 = $1::bytea OR d.next_token_sha256 = $1::bytea)",
};

static const struct db_stmt XMIN = {
    "q_roster_xmin",
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
};

static const struct db_stmt CHANGES = {
    "q_roster_changes",
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, c.id,"
    " c.changed_xid::text::bigint"
    " FROM (SELECT) one LEFT JOIN device_change c"
    " ON c.changed_xid >= $1::bigint::text::xid8 AND c.id <> ALL ($2::bigint[])"
    " ORDER BY c.id",
};

static const struct db_stmt ASSIGNMENTS = {
    "q_roster_assignments",
    "SELECT id, slots FROM assignment WHERE id = ANY ($1::bigint[])",
};

static const struct db_stmt PROMOTE = {
    "q_roster_promote",
    "WITH d AS (UPDATE device SET token_sha256 = next_token_sha256, next_token_sha256 = NULL"
    "  WHERE id = $1::bigint AND next_token_sha256 = $2::bytea RETURNING id),"
    " s AS (UPDATE device_state SET revision = revision + 1 FROM d WHERE device_id = d.id"
    "  RETURNING device_id)"
    " INSERT INTO device_change (device_ids) SELECT ARRAY[device_id] FROM s",
};

static const struct db_stmt SEEN = {
    "q_roster_seen",
    "INSERT INTO device_seen (device_id, seen_at, online_until)"
    " SELECT id, at_ms(seen), at_ms(until)"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS news (id, seen, until)"
    " ORDER BY id"
    " ON CONFLICT (device_id) DO UPDATE"
    " SET seen_at = excluded.seen_at, online_until = excluded.online_until"
    " WHERE device_seen.seen_at <= excluded.seen_at",
};

static const struct db_stmt TRIM = {
    "q_roster_trim",
    "DELETE FROM device_change WHERE changed_at < now() - interval '1 hour'",
};

void q_roster_row(const struct db_rows *rows, int row, struct q_roster_row *ret_row)
{
    size_t size;

    *ret_row = (struct q_roster_row){
        .id = db_i64(rows, row, 0),
        .workspace_id = db_i64(rows, row, 1),
        .name = db_text(rows, row, 2),
        .active = db_bool(rows, row, 3),
        .revision = db_i64(rows, row, 4),
        .version = db_i64(rows, row, 5),
        .assignment_id = db_i64(rows, row, 6),
        .token = db_bytes(rows, row, 7, &size),
        .next_token = db_bytes(rows, row, 8, &size),
    };
}

int q_roster_page(struct db *db, int64_t after_id, int limit, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, after_id);
    db_add_i32(&params, limit);
    return db_exec(db, &PAGE, &params, ret_rows);
}

int q_roster_changed(struct db *db, int64_t change_id, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, change_id);
    return db_exec(db, &CHANGED, &params, ret_rows);
}

void q_roster_move(const struct db_rows *rows, int row, struct q_roster_move *ret_move)
{
    *ret_move = (struct q_roster_move){
        .device_id = db_i64(rows, row, 0),
        .revision = db_i64(rows, row, 1),
        .version = db_i64(rows, row, 2),
        .assignment_id = db_i64(rows, row, 3),
    };
}

int q_roster_moves(struct db *db, int64_t change_id, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, change_id);
    return db_exec(db, &MOVES, &params, ret_rows);
}

int q_roster_devices(struct db *db, struct arena *arena, const int64_t *device_ids, size_t count,
                     struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, device_ids, count);
    return db_exec(db, &DEVICES, &params, ret_rows);
}

int q_roster_device(struct db *db, int64_t device_id, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, device_id);
    return db_exec(db, &DEVICE, &params, ret_rows);
}

int q_roster_token(struct db *db, const uint8_t token[static 32], struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_bytes(&params, token, 32);
    return db_exec(db, &TOKEN, &params, ret_rows);
}

int q_roster_xmin(struct db *db, int64_t *ret_xmin)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = db_exec(db, &XMIN, NULL, &rows);

    if (r)
        return r;
    *ret_xmin = db_i64(&rows, 0, 0);
    return 0;
}

int q_roster_changes(struct db *db, struct arena *arena, int64_t xid, const int64_t *seen_ids,
                     size_t seen_count, int64_t *ret_xmin, struct q_roster_change **ret_changes,
                     size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    struct q_roster_change *changes;
    size_t count;
    int r;

    db_add_i64(&params, xid);
    db_add_i64_array(&params, arena, seen_ids, seen_count);
    r = db_exec(db, &CHANGES, &params, &rows);
    if (r)
        return r;

    /* A single row of NULLs: no changes. */
    count = db_is_null(&rows, 0, 1) ? 0 : (size_t)rows.count;
    changes = arena_array(arena, count, sizeof(*changes));
    for (size_t i = 0; i < count; i++)
        changes[i] = (struct q_roster_change){db_i64(&rows, (int)i, 1), db_i64(&rows, (int)i, 2)};
    *ret_xmin = db_i64(&rows, 0, 0);
    *ret_changes = changes;
    *ret_count = count;
    return 0;
}

int q_roster_assignments(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                         struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, ids, count);
    return db_exec(db, &ASSIGNMENTS, &params, ret_rows);
}

int q_roster_promote(struct db *db, int64_t device_id, const uint8_t token[static 32])
{
    struct db_params params = {0};

    db_add_i64(&params, device_id);
    db_add_bytes(&params, token, 32);
    return db_exec(db, &PROMOTE, &params, NULL);
}

int q_roster_seen(struct db *db, struct arena *arena, const int64_t *device_ids,
                  const int64_t *seen_ms, const int64_t *online_until_ms, size_t count)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, device_ids, count);
    db_add_i64_array(&params, arena, seen_ms, count);
    db_add_i64_array(&params, arena, online_until_ms, count);
    return db_exec(db, &SEEN, &params, NULL);
}

int q_roster_trim(struct db *db)
{
    return db_exec(db, &TRIM, NULL, NULL);
}
