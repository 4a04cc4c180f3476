/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_explain.h"

#include "base/cleanup.h"

/* How many of its deployments, or entries of its history, are told of one thing. */
#define FEW "LIMIT 1000"

#define VARIANT(T) "concat_ws('/', " T ".runtime, " T ".hardware, " T ".precision)"
#define HEX(VALUE) "encode(" VALUE "::bytea, 'hex')"
#define LIST(OBJECT, ORDER) "coalesce(jsonb_agg(" OBJECT " ORDER BY " ORDER "), '[]')"
/* A device's clock may be wrong; it ran nothing before it enrolled, nor after it said so. */
#define RAN_SINCE(R, D) "greatest(least(" R ".since, " R ".received_at), " D ".enrolled_at)"

static const struct db_stmt find = {
    "q_explain_find",
    "SELECT v.id FROM model m JOIN model_version v ON v.model_id = m.id"
    " WHERE m.workspace_id = $1::bigint AND m.name = $2::text AND v.version = $3::text"
    " AND v.state = 'published'",
};

/* What told a device to run what it ran: later repetitions too. */
#define DEPLOYED_TO_DEVICE                                                                         \
    "(SELECT " LIST(                                                                               \
        "q.told",                                                                                  \
        "q.id DESC") " FROM (SELECT e.id, jsonb_build_object("                                     \
                     "'deployment', e.id, 'at', rfc3339(e.at), 'by', e.actor, 'devices', "         \
                     "e.device_count,"                                                             \
                     " 'role', s.role) AS told FROM desired_event e JOIN assignment_slot s"        \
                     " ON s.assignment_id = e.assignment_id AND s.slot = r.slot AND s.variant_id " \
                     "= r.variant_id"                                                              \
                     " WHERE e.devices @> r.device_id AND e.workspace_id = r.workspace_id"         \
                     " AND e.at <= at_ms($2::bigint) ORDER BY e.id DESC " FEW ") q)"

static const struct db_stmt slots = {
    "q_explain_slots",
    "SELECT jsonb_build_object('slot', r.slot::text, 'model', r.model, 'version', r.version,"
    " 'variant', r.variant, 'manifest_sha256', " HEX(
        "r.manifest_sha256") ","
                             " 'since', rfc3339(r.from_at), 'said_since', rfc3339(r.since),"
                             " 'said_at', rfc3339(r.received_at), 'report', r.sequence,"
                             " 'until', (SELECT rfc3339(" RAN_SINCE(
                                 "x",
                                 "d") ") FROM device_ran x JOIN device d"
                                      "  ON d.id = x.device_id WHERE x.device_id = r.device_id AND "
                                      "x.slot = r.slot AND x.id > r.id"
                                      "  ORDER BY x.id LIMIT 1),"
                                      " 'deployed', " DEPLOYED_TO_DEVICE
                                      ")::text, coalesce(t.version_id, 0), coalesce(n.ref, '')"
                                      " FROM (SELECT DISTINCT ON (r.slot) r.*, " RAN_SINCE(
                                          "r",
                                          "d") " AS from_at"
                                               "  FROM device_ran r JOIN device d ON d.id = "
                                               "r.device_id"
                                               "  WHERE r.device_id = $1::bigint AND " RAN_SINCE(
                                                   "r", "d") " <= at_ms($2::bigint)"
                                                             "  ORDER BY r.slot, r.id DESC) r"
                                                             " LEFT JOIN variant t ON t.id = "
                                                             "r.variant_id"
                                                             " LEFT JOIN lineage_node n ON "
                                                             "n.variant_id = r.variant_id"
                                                             " WHERE r.model IS NOT NULL ORDER BY "
                                                             "r.slot",
};

static const struct db_stmt told = {
    "q_explain_told",
    "SELECT jsonb_build_object('deployment', e.id, 'at', rfc3339(e.at), 'by', e.actor,"
    " 'devices', e.device_count, 'slots', (SELECT " LIST(
        "jsonb_build_object('slot', s.slot::text, 'role', s.role, 'model', m.name::text,"
        " 'version', v.version, 'variant', " VARIANT("t") ")",
        "s.slot") "  FROM assignment_slot s JOIN model_version v ON v.id = s.version_id"
                  "  JOIN model m ON m.id = v.model_id JOIN variant t ON t.id = s.variant_id"
                  "  WHERE s.assignment_id = e.assignment_id))::text"
                  " FROM desired_event e WHERE e.workspace_id = $1::bigint AND e.devices @> "
                  "$2::bigint"
                  " AND e.at <= at_ms($3::bigint) ORDER BY e.id DESC LIMIT 1",
};

/* ---- versions ---------------------------------------------------------------------------------
 */

#define SIGNERS                                                                                    \
    "(SELECT " LIST(                                                                               \
        "jsonb_build_object('keyid', " HEX(                                                        \
            "s.keyid") ", 'name', k.name,"                                                         \
                       " 'brought_at', rfc3339(s.added_at), 'brought_by', s.added_by,"             \
                       " 'key_added_by', k.added_by, 'key_revoked_at', rfc3339(k.revoked_at))",    \
        "s.keyid") " FROM version_signature s JOIN model_key k USING (model_id, keyid)"            \
                   " WHERE s.version_id = v.id)"

#define VARIANTS                                                                                   \
    "(SELECT " LIST(                                                                               \
        "jsonb_build_object('variant', " VARIANT(                                                  \
            "t") ", 'added_by', a.created_by,"                                                     \
                 " 'added_at', rfc3339(a.created_at), 'artifacts', (SELECT " LIST(                 \
                     "jsonb_build_object('name', f.name, 'sha256', " HEX(                          \
                         "f.sha256") ","                                                           \
                                     " 'length', f.size_bytes)",                                   \
                     "f.position") " FROM variant_artifact f WHERE f.variant_id = t.id))",         \
        "t.position") " FROM variant t LEFT JOIN variant_addition a ON a.variant_id = t.id"        \
                      " WHERE t.version_id = v.id)"

#define METRICS                                                                                    \
    "(SELECT " LIST("jsonb_build_object('name', x.name::text, 'value', x.value_text,"              \
                    " 'dataset', x.dataset, 'signed', x.signed, 'set_at', rfc3339(x.set_at),"      \
                    " 'set_by', x.set_by)",                                                        \
                    "x.name, x.dataset") " FROM version_metric x WHERE x.version_id = v.id)"

#define PARAMS                                                                                     \
    "(SELECT " LIST("jsonb_build_object('name', x.name::text, 'value', x.value,"                   \
                    " 'signed', x.signed)",                                                        \
                    "x.name") " FROM version_param x WHERE x.version_id = v.id)"

#define APPROVALS                                                                                  \
    "(SELECT " LIST("jsonb_build_object('by', x.approved_by, 'role', x.role, 'at',"                \
                    " rfc3339(x.approved_at), 'reason', x.reason, 'evidence', x.evidence,"         \
                    " 'withdrawn_at', rfc3339(x.withdrawn_at), 'withdrawn_by', x.withdrawn_by,"    \
                    " 'withdraw_reason', x.withdraw_reason)",                                      \
                    "x.id") " FROM approval x WHERE x.version_id = v.id)"

#define DEMANDED                                                                                   \
    "(SELECT coalesce(max(x.approvals), 0) FROM registry_rules x"                                  \
    " WHERE x.workspace_id = v.workspace_id AND (x.model_id IS NULL OR x.model_id = v.model_id))"

#define LISTING                                                                                    \
    "(SELECT jsonb_build_object('listed_at', rfc3339(x.listed_at), 'yanked_at',"                   \
    " rfc3339(x.yanked_at), 'yanked_by', x.yanked_by) FROM version_listing x"                      \
    " WHERE x.version_id = v.id)"

#define ALIASES                                                                                    \
    "(SELECT " LIST("jsonb_build_object('alias', x.name::text, 'moved_at', rfc3339(x.moved_at),"   \
                    " 'moved_by', x.moved_by)",                                                    \
                    "x.name") " FROM alias x WHERE x.version_id = v.id)"

#define DEPLOYMENTS                                                                                \
    "(SELECT " LIST(                                                                               \
        "q.told",                                                                                  \
        "q.id DESC") " FROM (SELECT DISTINCT ON (e.id) e.id,"                                      \
                     " jsonb_build_object('deployment', e.id, 'at', rfc3339(e.at), 'by', "         \
                     "e.actor, 'devices',"                                                         \
                     " e.device_count, 'slot', s.slot::text, 'role', s.role, 'variant', " VARIANT( \
                         "t") ") AS told"                                                          \
                              " FROM variant t JOIN assignment_slot s ON s.variant_id = t.id"      \
                              " JOIN desired_event e ON e.assignment_id = s.assignment_id"         \
                              " WHERE t.version_id = v.id ORDER BY e.id DESC, s.slot " FEW ") q)"

#define HISTORY                                                                                    \
    "(SELECT " LIST(                                                                               \
        "q.entry",                                                                                 \
        "q.seq") " FROM (SELECT x.seq, jsonb_build_object('seq', x.seq,"                           \
                 " 'at', rfc3339(x.at), 'action', x.action, 'by', x.actor_name, 'role', "          \
                 "x.actor_role) AS entry"                                                          \
                 " FROM audit_entry x WHERE x.workspace_id = v.workspace_id AND x.object_kind = "  \
                 "'version'"                                                                       \
                 " AND x.object_id = m.name || '@' || v.version ORDER BY x.seq DESC " FEW ") q)"

static const struct db_stmt version = {
    "q_explain_version",
    "SELECT jsonb_build_object('model', m.name::text, 'version', v.version, 'description',"
    " v.description, 'manifest_sha256', " HEX(
        "v.manifest_sha256") ", 'uploaded_at',"
                             " rfc3339(v.created_at), 'uploaded_by', v.created_by, 'published_at', "
                             "rfc3339(v.published_at),"
                             " 'status', s.status, 'deleted', (SELECT jsonb_build_object('at',"
                             " rfc3339(x.deleted_at), 'by', x.deleted_by, 'reason', x.reason)"
                             " FROM version_deletion x WHERE x.version_id = v.id), "
                             "'signers', " SIGNERS ", 'variants', " VARIANTS ", 'metrics', " METRICS
                             ", 'params', " PARAMS ", 'approvals_demanded', " DEMANDED
                             ", 'approvals', " APPROVALS ", 'listing', " LISTING
                             ", 'aliases', " ALIASES ", 'deployments', " DEPLOYMENTS
                             ", 'history', " HISTORY ")::text"
                             " FROM model_version v JOIN model m ON m.id = v.model_id"
                             " JOIN version_state s ON s.version_id = v.id WHERE v.id = $1::bigint",
};

/* ---- runs -------------------------------------------------------------------------------------
 */

/* The steps of a JSON pointer. */
#define STEPS                                                                                      \
    "(SELECT array_agg(replace(replace(p.step, '~1', '/'), '~0', '~') ORDER BY p.n)"               \
    " FROM unnest(string_to_array(substr(f.path, 2), '/')) WITH ORDINALITY AS p (step, n))"

static const struct db_stmt runs = {
    "q_explain_runs",
    "SELECT jsonb_build_object('run', n.ref, 'job', j.ref, 'state', r.state,"
    " 'began_at', rfc3339(coalesce(r.started_at, r.first_at)), 'state_at', rfc3339(r.state_at),"
    " 'facets', (SELECT " LIST(
        "jsonb_build_object('name', f.name, 'text', left((e.body::json #> " STEPS ")::text,"
        " 65536))",
        "f.name") "  FROM lineage_facet f JOIN lineage_event e ON e.id = f.event_id"
                  "  WHERE f.node_id = n.id AND f.scope = 1 AND NOT f.deleted),"
                  " 'events', (SELECT " LIST(
                      "q.event",
                      "q.at, q.id") " FROM (SELECT e.at, e.id,"
                                    "  jsonb_build_object('sha256', " HEX(
                                        "e.sha256") ", 'type', e.type, 'at', rfc3339(e.at),"
                                                    "  'received_at', rfc3339(e.received_at), "
                                                    "'received_by', e.received_by) AS event"
                                                    "  FROM lineage_event e WHERE e.run_id = n.id "
                                                    "ORDER BY e.at, e.id " FEW ") q))::text"
                                                    " FROM lineage_run r JOIN lineage_node n ON "
                                                    "n.id = r.node_id"
                                                    " JOIN lineage_node j ON j.id = r.job_id WHERE "
                                                    "r.node_id = ANY ($1::bigint[])"
                                                    " ORDER BY r.first_at, n.ref",
};

/* ---- what became of something ------------------------------------------------------------------
 */

#define WANTED                                                                                     \
    "WITH wanted AS (SELECT variant_id, ref FROM lineage_node"                                     \
    " WHERE id = ANY ($1::bigint[]) AND variant_id IS NOT NULL)"

/* What was served until the next entry of its slot: looked up for what is asked about alone, since
 * devices have run much else. */
static const struct db_stmt ran = {
    "q_explain_ran",
    /* clang-format off */
    WANTED
    " SELECT json_build_object('device', h.name::text, 'uuid', h.uuid::text, 'state', h.state,"
    "  'slot', h.slot::text, 'ran', h.ref, 'from', rfc3339(h.since), 'until', rfc3339(h.until))::text"
    " FROM (SELECT r.id, r.slot, w.ref, d.name, d.uuid, d.state, " RAN_SINCE("r", "d") " AS since,"
    "   (SELECT " RAN_SINCE("x", "d") " FROM device_ran x WHERE x.device_id = r.device_id"
    "    AND x.slot = r.slot AND x.id > r.id ORDER BY x.id LIMIT 1) AS until"
    "  FROM wanted w JOIN device_ran r USING (variant_id) JOIN device d ON d.id = r.device_id) h"
    " ORDER BY h.name, h.uuid, h.slot, h.id LIMIT $2::bigint + 1",
    /* clang-format on */
};

static const struct db_stmt waiting = {
    "q_explain_waiting",
    WANTED " SELECT jsonb_build_object('device', d.name::text, 'uuid', d.uuid::text, 'slot',"
           " a.slot::text, 'told', w.ref)::text"
           " FROM wanted w JOIN assignment_slot a USING (variant_id)"
           " JOIN device_state s ON s.assignment_id = a.assignment_id AND s.active"
           " JOIN device d ON d.id = s.device_id WHERE NOT EXISTS (SELECT FROM device_ran r"
           "  WHERE r.device_id = s.device_id AND r.variant_id = w.variant_id)"
           " ORDER BY d.name, a.slot LIMIT $2::bigint + 1",
};

static const struct db_stmt deployed = {
    "q_explain_deployed",
    WANTED
    " SELECT jsonb_build_object('deployment', e.id, 'at', rfc3339(e.at), 'by', e.actor, 'devices',"
    " e.device_count, 'slot', a.slot::text, 'told', w.ref)::text"
    " FROM wanted w JOIN assignment_slot a USING (variant_id)"
    " JOIN desired_event e ON e.assignment_id = a.assignment_id"
    " ORDER BY e.id DESC, a.slot LIMIT $2::bigint + 1",
};

/* ------------------------------------------------------------------------------------------------
 */

int q_explain_find(struct db *db, int64_t workspace_id, const char *model, const char *name,
                   int64_t *ret_version_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_text(&params, model);
    db_add_text(&params, name);
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_EXPLAIN_E_MISSING;
    *ret_version_id = db_i64(&rows, 0, 0);
    return 0;
}

int q_explain_slots(struct db *db, int64_t device_id, int64_t at_ms, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, device_id);
    db_add_i64(&params, at_ms);
    return db_exec(db, &slots, &params, ret_rows);
}

int q_explain_told(struct db *db, int64_t workspace_id, int64_t device_id, int64_t at_ms,
                   struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, workspace_id);
    db_add_i64(&params, device_id);
    db_add_i64(&params, at_ms);
    return db_exec(db, &told, &params, ret_rows);
}

int q_explain_version(struct db *db, int64_t version_id, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, version_id);
    return db_exec(db, &version, &params, ret_rows);
}

int q_explain_runs(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                   struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, nodes, count);
    return db_exec(db, &runs, &params, ret_rows);
}

static int of_variants(struct db *db, const struct db_stmt *stmt, struct arena *arena,
                       const int64_t *nodes, size_t count, int64_t limit, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, nodes, count);
    db_add_i64(&params, limit);
    return db_exec(db, stmt, &params, ret_rows);
}

int q_explain_ran(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                  int64_t limit, struct db_rows *ret_rows)
{
    return of_variants(db, &ran, arena, nodes, count, limit, ret_rows);
}

int q_explain_waiting(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                      int64_t limit, struct db_rows *ret_rows)
{
    return of_variants(db, &waiting, arena, nodes, count, limit, ret_rows);
}

int q_explain_deployed(struct db *db, struct arena *arena, const int64_t *nodes, size_t count,
                       int64_t limit, struct db_rows *ret_rows)
{
    return of_variants(db, &deployed, arena, nodes, count, limit, ret_rows);
}
