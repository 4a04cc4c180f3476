/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_facet.h"

#include "base/cleanup.h"

static const struct db_stmt list = {
    "q_facet_list",
    "SELECT f.event_id, f.path, f.scope::bigint, o.ref, f.name, ms(f.at),"
    " encode(f.event_sha256, 'hex') FROM lineage_facet f"
    " LEFT JOIN lineage_node o ON o.id = f.other_id"
    " WHERE f.node_id = $1::bigint AND NOT f.deleted"
    " ORDER BY f.event_id, f.scope, f.other_id, f.name LIMIT $2::bigint",
};

static const struct db_stmt event = {
    "q_facet_event",
    "SELECT body FROM lineage_event WHERE id = $1::bigint",
};

static const struct db_stmt event_by_digest = {
    "q_facet_event_by_digest",
    "SELECT body FROM lineage_event WHERE workspace_id = $1::bigint AND sha256 = $2::bytea",
};

static const struct db_stmt events = {
    "q_facet_events",
    "SELECT encode(sha256, 'hex'), type, ms(at), ms(received_at), received_by FROM lineage_event"
    " WHERE run_id = $1::bigint ORDER BY at DESC, id DESC LIMIT $2::bigint",
};

int q_facet_list(struct db *db, int64_t node_id, int64_t limit, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, node_id);
    db_add_i64(&params, limit);
    return db_exec(db, &list, &params, ret_rows);
}

static int read_body(struct db *db, const struct db_stmt *stmt, const struct db_params *params,
                     struct arena *arena, const char **ret_body)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = db_exec(db, stmt, params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_FACET_E_MISSING;
    *ret_body = arena_strdup(arena, db_text(&rows, 0, 0));
    return 0;
}

int q_facet_event(struct db *db, int64_t event_id, struct arena *arena, const char **ret_body)
{
    struct db_params params = {0};

    db_add_i64(&params, event_id);
    return read_body(db, &event, &params, arena, ret_body);
}

int q_facet_event_by_digest(struct db *db, int64_t workspace_id,
                            const uint8_t sha256[static DIGEST_SHA256_SIZE], struct arena *arena,
                            const char **ret_body)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, DIGEST_SHA256_SIZE);
    return read_body(db, &event_by_digest, &params, arena, ret_body);
}

int q_facet_events(struct db *db, int64_t run_id, int64_t limit, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, run_id);
    db_add_i64(&params, limit);
    return db_exec(db, &events, &params, ret_rows);
}
