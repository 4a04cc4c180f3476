/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_enrolment.h"

#include "base/cleanup.h"

static const struct db_stmt INSERT = {
    "q_enrolment_insert",
    "INSERT INTO enrolment (workspace_id, name, token_sha256, uses_max, attributes, created_by,"
    " created_at, expires_at)"
    " VALUES ($1::bigint, $2::text, $3::bytea, $4::bigint, $5::text::jsonb, $6::text,"
    " at_ms($7::bigint), at_ms($8::bigint)) RETURNING id",
};

#define COLUMNS                                                                                    \
    "SELECT e.id, e.workspace_id, w.name::text, e.name::text, e.uses_max, e.uses,"                 \
    " e.attributes::text, e.created_by, ms(e.created_at), ms(e.expires_at),"                       \
    " coalesce(ms(e.revoked_at), 0)"                                                               \
    " FROM enrolment e JOIN workspace w ON w.id = e.workspace_id"

static const struct db_stmt FIND = {
    "q_enrolment_find",
    COLUMNS " WHERE e.token_sha256 = $1::bytea",
};

static const struct db_stmt LOCK = {
    "q_enrolment_lock",
    COLUMNS " WHERE e.workspace_id = $1::bigint AND e.id = $2::bigint FOR NO KEY UPDATE OF e",
};

static const struct db_stmt LIST = {
    "q_enrolment_list",
    COLUMNS " WHERE e.workspace_id = $1::bigint AND e.id > $2::bigint ORDER BY e.id"
            " LIMIT $3::bigint",
};

static const struct db_stmt USE = {
    "q_enrolment_use",
    "UPDATE enrolment SET uses = uses + 1 WHERE id = $1::bigint AND uses < uses_max",
};

static const struct db_stmt REVOKE = {
    "q_enrolment_revoke",
    "UPDATE enrolment SET revoked_at = at_ms($2::bigint) WHERE id = $1::bigint",
};

static void read_row(const struct db_rows *rows, int row, struct arena *arena,
                     struct q_enrolment *ret_enrolment)
{
    *ret_enrolment = (struct q_enrolment){
        .id = db_i64(rows, row, 0),
        .workspace_id = db_i64(rows, row, 1),
        .workspace = arena_strdup(arena, db_text(rows, row, 2)),
        .name = arena_strdup(arena, db_text(rows, row, 3)),
        .uses_max = db_i64(rows, row, 4),
        .uses = db_i64(rows, row, 5),
        .attributes = arena_strdup(arena, db_text(rows, row, 6)),
        .created_by = arena_strdup(arena, db_text(rows, row, 7)),
        .created_ms = db_i64(rows, row, 8),
        .expires_ms = db_i64(rows, row, 9),
        .revoked_ms = db_i64(rows, row, 10),
    };
}

int q_enrolment_insert(struct db *db, const struct q_enrolment *enrolment,
                       const uint8_t hash[static DIGEST_SHA256_SIZE], int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, enrolment->workspace_id);
    db_add_text(&params, enrolment->name);
    db_add_bytes(&params, hash, DIGEST_SHA256_SIZE);
    db_add_i64(&params, enrolment->uses_max);
    db_add_text(&params, enrolment->attributes);
    db_add_text(&params, enrolment->created_by);
    db_add_i64(&params, enrolment->created_ms);
    db_add_i64(&params, enrolment->expires_ms);
    r = db_exec(db, &INSERT, &params, &rows);
    if (r)
        return r;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

static int one(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
               struct arena *arena, struct q_enrolment *ret_enrolment)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r = db_exec(db, stmt, params, &rows);

    if (r)
        return r;
    if (rows.count == 0)
        return Q_ENROLMENT_E_MISSING;
    read_row(&rows, 0, arena, ret_enrolment);
    return 0;
}

int q_enrolment_find(struct db *db, const uint8_t hash[static DIGEST_SHA256_SIZE],
                     struct arena *arena, struct q_enrolment *ret_enrolment)
{
    struct db_params params = {0};

    db_add_bytes(&params, hash, DIGEST_SHA256_SIZE);
    return one(db, &FIND, &params, arena, ret_enrolment);
}

int q_enrolment_lock(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                     struct q_enrolment *ret_enrolment)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, id);
    return one(db, &LOCK, &params, arena, ret_enrolment);
}

int q_enrolment_use(struct db *db, int64_t id)
{
    struct db_params params = {0};
    int r;

    db_add_i64(&params, id);
    r = db_exec(db, &USE, &params, NULL);
    if (r)
        return r;
    return db_affected(db) == 1 ? 0 : Q_ENROLMENT_E_USED_UP;
}

int q_enrolment_list(struct db *db, int64_t workspace_id, int64_t after_id, int64_t limit,
                     struct arena *arena, struct q_enrolment **ret_enrolments, size_t *ret_count)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, after_id);
    db_add_i64(&params, limit);
    r = db_exec(db, &LIST, &params, &rows);
    if (r)
        return r;

    struct q_enrolment *enrolments = arena_array(arena, (size_t)rows.count, sizeof(*enrolments));
    for (int i = 0; i < rows.count; i++)
        read_row(&rows, i, arena, &enrolments[i]);
    *ret_enrolments = enrolments;
    *ret_count = (size_t)rows.count;
    return 0;
}

int q_enrolment_revoke(struct db *db, int64_t id, int64_t now_ms)
{
    struct db_params params = {0};

    db_add_i64(&params, id);
    db_add_i64(&params, now_ms);
    return db_exec(db, &REVOKE, &params, NULL);
}
