/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_walk.h"

#include "base/cleanup.h"
#include "crypto/digest.h"

#include <string.h>

static const struct db_stmt find = {
    "q_walk_find",
    "SELECT id FROM lineage_node WHERE workspace_id = $1::bigint AND ref_sha256 = $2::bytea",
};

/* One index-only scan a level: docs/PERFORMANCE.md, Lineage. */
static const struct db_stmt upstream = {
    "q_walk_upstream",
    "SELECT source_id, target_id, kind::bigint FROM lineage_edge"
    " WHERE target_id = ANY ($1::bigint[]) AND (kind <> 9 OR $2::bool) LIMIT $3::bigint + 1",
};

static const struct db_stmt downstream = {
    "q_walk_downstream",
    "SELECT source_id, target_id, kind::bigint FROM lineage_edge"
    " WHERE source_id = ANY ($1::bigint[]) AND (kind <> 9 OR $2::bool) LIMIT $3::bigint + 1",
};

/* Breadth first: a level's rows stand together. What is a leaf (core/lineage/walk_level.c) is not
 * gone beyond; a node of several levels is read in each of them, so that a ring needs the bound. */
#define AHEAD(NAME, NEAR, FAR, LEAVES)                                                             \
    {                                                                                              \
        "q_walk_" NAME,                                                                            \
            "WITH RECURSIVE ahead (source_id, target_id, kind, level) AS ("                        \
            " SELECT source_id, target_id, kind::bigint, 1::bigint FROM lineage_edge"              \
            "  WHERE " NEAR " = ANY ($1::bigint[]) AND (kind <> 9 OR $2::bool)"                    \
            " UNION SELECT e.source_id, e.target_id, e.kind::bigint, a.level + 1 FROM ahead a"     \
            "  JOIN lineage_edge e ON e." NEAR " = a." FAR                                         \
            "  WHERE a.level < $3::bigint AND a.kind NOT IN (" LEAVES ")"                          \
            "  AND (e.kind <> 9 OR $2::bool))"                                                     \
            " SELECT source_id, target_id, kind, level FROM ahead LIMIT $4::bigint",               \
    }

static const struct db_stmt ahead_upstream =
    AHEAD("ahead_upstream", "target_id", "source_id", "4, 6");
static const struct db_stmt ahead_downstream =
    AHEAD("ahead_downstream", "source_id", "target_id", "5");

/* Whether the run of a read said a version of the same dataset, in another breath. */
#define SAID_VERSION                                                                               \
    "EXISTS (SELECT FROM lineage_edge s JOIN lineage_edge o"                                       \
    " ON o.target_id = s.source_id AND o.kind = 6 AND o.source_id = q.source_id"                   \
    " WHERE s.target_id = q.target_id AND s.kind = 2)"

static const struct db_stmt assumed_upstream = {
    "q_walk_assumed_upstream",
    "SELECT l.id, q.target_id FROM lineage_edge q CROSS JOIN LATERAL ("
    " SELECT c.id FROM ("
    "  (SELECT w.source_id AS id, w.at FROM lineage_edge w"
    "   WHERE w.target_id = q.source_id AND w.kind = 5 AND w.at <= q.at"
    "   AND (w.at < q.at OR w.source_id <> q.target_id)"
    "   ORDER BY w.at DESC FETCH FIRST 1 ROW WITH TIES)"
    "  UNION ALL"
    "  (SELECT v.target_id, v.at FROM lineage_edge v"
    "   WHERE v.source_id = q.source_id AND v.kind = 6 AND v.at <= q.at"
    "   AND (v.at < q.at OR NOT EXISTS (SELECT FROM lineage_edge m WHERE m.target_id = v.target_id"
    "    AND m.kind = 3 AND m.source_id = q.target_id))"
    "   ORDER BY v.at DESC FETCH FIRST 1 ROW WITH TIES)) c"
    " ORDER BY c.at DESC FETCH FIRST 1 ROW WITH TIES) l"
    " WHERE q.target_id = ANY ($1::bigint[]) AND q.kind = 4 AND NOT " SAID_VERSION
    " LIMIT $2::bigint + 1",
};

/*
 * The other way round: d is a dataset at the moment when one of the nodes was written. Readers up
 * to the next write are candidates; one at the very moment of the next is kept only where that
 * write is its own, which it did not read.
 */
static const struct db_stmt assumed_downstream = {
    "q_walk_assumed_downstream",
    "SELECT d.id, q.target_id FROM ("
    " SELECT w.source_id AS id, w.target_id AS dataset_id, w.at, w.source_id AS writer_id"
    "  FROM lineage_edge w WHERE w.source_id = ANY ($1::bigint[]) AND w.kind = 5"
    " UNION ALL"
    " SELECT v.target_id, v.source_id, v.at, NULL FROM lineage_edge v"
    "  WHERE v.target_id = ANY ($1::bigint[]) AND v.kind = 6) d"
    " CROSS JOIN LATERAL (SELECT least("
    "  (SELECT n.at FROM lineage_edge n WHERE n.target_id = d.dataset_id AND n.kind = 5"
    "   AND n.at > d.at ORDER BY n.at LIMIT 1),"
    "  (SELECT n.at FROM lineage_edge n WHERE n.source_id = d.dataset_id AND n.kind = 6"
    "   AND n.at > d.at ORDER BY n.at LIMIT 1)) AS at) next"
    " JOIN lineage_edge q ON q.source_id = d.dataset_id AND q.kind = 4 AND q.at >= d.at"
    "  AND (next.at IS NULL OR q.at <= next.at)"
    " WHERE (q.at > d.at OR (q.target_id IS DISTINCT FROM d.writer_id"
    "  AND NOT EXISTS (SELECT FROM lineage_edge m WHERE m.target_id = d.id AND m.kind = 3"
    "   AND m.source_id = q.target_id AND d.writer_id IS NULL)))"
    " AND (next.at IS NULL OR q.at < next.at OR NOT EXISTS ("
    "  SELECT FROM lineage_edge n WHERE n.target_id = d.dataset_id AND n.kind = 5"
    "   AND n.at = next.at AND n.source_id <> q.target_id)"
    "  AND NOT EXISTS ("
    "  SELECT FROM lineage_edge n WHERE n.source_id = d.dataset_id AND n.kind = 6"
    "   AND n.at = next.at AND NOT EXISTS (SELECT FROM lineage_edge m"
    "    WHERE m.target_id = n.target_id AND m.kind = 3 AND m.source_id = q.target_id)))"
    " AND NOT " SAID_VERSION " LIMIT $2::bigint + 1",
};

static const struct db_stmt begin_upstream = {
    "q_walk_begin_upstream",
    "SELECT source_id, target_id, kind::bigint FROM lineage_edge"
    " WHERE source_id = $1::bigint AND kind IN (1, 6) LIMIT $2::bigint + 1",
};

/* An artifact came with the version that was published with it first. */
static const struct db_stmt begin_downstream = {
    "q_walk_begin_downstream",
    "SELECT c.source_id, c.target_id, c.kind::bigint, 1 AS turn FROM lineage_edge c"
    " WHERE c.target_id = $1::bigint AND c.kind = 10 AND EXISTS"
    "  (SELECT FROM lineage_node n WHERE n.id = $1::bigint AND n.kind = 6)"
    " UNION ALL"
    " SELECT a.source_id, a.target_id, a.kind::bigint, 2 FROM lineage_edge a WHERE a.kind = 10"
    " AND a.target_id IN (SELECT n.id FROM lineage_node n WHERE n.id = $1::bigint AND n.kind = 7"
    "  UNION ALL SELECT c.source_id FROM lineage_edge c JOIN lineage_node n ON n.id = c.target_id"
    "   WHERE c.target_id = $1::bigint AND c.kind = 10 AND n.kind = 6)"
    " AND NOT EXISTS (SELECT FROM lineage_edge o WHERE o.source_id = a.source_id AND o.kind = 10"
    "  AND o.at < a.at)"
    " ORDER BY turn LIMIT $2::bigint + 1",
};

static const struct db_stmt assumes = {
    "q_walk_assumes",
    "SELECT EXISTS (SELECT FROM lineage_edge WHERE kind = 4)",
};

static const struct db_stmt nodes = {
    "q_walk_nodes",
    "SELECT id, kind::bigint, ref FROM lineage_node WHERE id = ANY ($1::bigint[])",
};

static const struct db_stmt runs = {
    "q_walk_runs",
    "SELECT r.node_id, j.ref, r.state, r.ended, ms(r.state_at), ms(r.first_at),"
    " coalesce(ms(r.started_at), 0), r.job_id FROM lineage_run r"
    " JOIN lineage_node j ON j.id = r.job_id WHERE r.node_id = ANY ($1::bigint[])",
};

int q_walk_find(struct db *db, int64_t workspace_id, const char *ref, int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    uint8_t digest[DIGEST_SHA256_SIZE];
    int r;

    digest_sha256(ref, strlen(ref), digest);
    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, digest, sizeof(digest));
    r = db_exec(db, &find, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_WALK_E_MISSING;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

static int step_along(struct db *db, struct arena *arena, const struct db_stmt *stmt,
                      const struct q_walk_step *step, bool with_declared, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, step->ids, step->count);
    if (with_declared)
        db_add_bool(&params, step->declared);
    db_add_i64(&params, step->limit);
    return db_exec(db, stmt, &params, ret_rows);
}

int q_walk_upstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                    struct db_rows *ret_rows)
{
    return step_along(db, arena, &upstream, step, true, ret_rows);
}

int q_walk_downstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                      struct db_rows *ret_rows)
{
    return step_along(db, arena, &downstream, step, true, ret_rows);
}

int q_walk_ahead(struct db *db, struct arena *arena, const struct q_walk_step *step, bool up,
                 int64_t levels, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, step->ids, step->count);
    db_add_bool(&params, step->declared);
    db_add_i64(&params, levels);
    db_add_i64(&params, step->limit);
    return db_exec(db, up ? &ahead_upstream : &ahead_downstream, &params, ret_rows);
}

int q_walk_assumed_upstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                            struct db_rows *ret_rows)
{
    return step_along(db, arena, &assumed_upstream, step, false, ret_rows);
}

int q_walk_assumed_downstream(struct db *db, struct arena *arena, const struct q_walk_step *step,
                              struct db_rows *ret_rows)
{
    return step_along(db, arena, &assumed_downstream, step, false, ret_rows);
}

static int begin_at(struct db *db, const struct db_stmt *stmt, int64_t id, int64_t limit,
                    struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64(&params, id);
    db_add_i64(&params, limit);
    return db_exec(db, stmt, &params, ret_rows);
}

int q_walk_begin_upstream(struct db *db, int64_t id, int64_t limit, struct db_rows *ret_rows)
{
    return begin_at(db, &begin_upstream, id, limit, ret_rows);
}

int q_walk_begin_downstream(struct db *db, int64_t id, int64_t limit, struct db_rows *ret_rows)
{
    return begin_at(db, &begin_downstream, id, limit, ret_rows);
}

int q_walk_assumes(struct db *db, bool *ret_assumes)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    int r;

    r = db_exec(db, &assumes, NULL, &rows);
    if (r)
        return r;
    *ret_assumes = db_bool(&rows, 0, 0);
    return 0;
}

int q_walk_settle(struct db *db)
{
    return db_exec_script(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                              "SET LOCAL statement_timeout = '10s';"
                              "SET LOCAL plan_cache_mode = force_generic_plan");
}

static int read_by_ids(struct db *db, struct arena *arena, const struct db_stmt *stmt,
                       const int64_t *ids, size_t count, struct db_rows *ret_rows)
{
    struct db_params params = {0};

    db_add_i64_array(&params, arena, ids, count);
    return db_exec(db, stmt, &params, ret_rows);
}

int q_walk_nodes(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                 struct db_rows *ret_rows)
{
    return read_by_ids(db, arena, &nodes, ids, count, ret_rows);
}

int q_walk_runs(struct db *db, struct arena *arena, const int64_t *ids, size_t count,
                struct db_rows *ret_rows)
{
    return read_by_ids(db, arena, &runs, ids, count, ret_rows);
}
