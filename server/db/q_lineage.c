/* SPDX-License-Identifier: Apache-2.0 */
#include "db/q_lineage.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <string.h>

static const struct db_stmt event_known = {
    "q_lineage_event_known",
    "SELECT 1 FROM lineage_event WHERE workspace_id = $1::bigint AND sha256 = $2::bytea",
};

static const struct db_stmt event_insert = {
    "q_lineage_event_insert",
    "INSERT INTO lineage_event"
    " (workspace_id, sha256, run_id, type, at, body, received_at, received_by)"
    " VALUES ($1::bigint, $2::bytea, nullif($3::bigint, 0), $4::text, at_ms($5::bigint), $6::text,"
    " at_ms($7::bigint), $8::text) ON CONFLICT (workspace_id, sha256) DO NOTHING RETURNING id",
};

static const struct db_stmt find_nodes = {
    "q_lineage_find_nodes",
    "SELECT u.n, l.id FROM unnest($2::bytea[]) WITH ORDINALITY AS u (ref_sha256, n)"
    " JOIN lineage_node l ON l.workspace_id = $1::bigint AND l.ref_sha256 = u.ref_sha256",
};

static const struct db_stmt insert_nodes = {
    "q_lineage_insert_nodes",
    "INSERT INTO lineage_node (workspace_id, kind, ref, ref_sha256)"
    " SELECT $1::bigint, u.kind, u.ref, u.ref_sha256"
    " FROM unnest($2::bytea[], $3::bigint[], $4::text[]) AS u (ref_sha256, kind, ref)"
    " ORDER BY u.ref_sha256 ON CONFLICT (workspace_id, ref_sha256) DO NOTHING",
};

static const struct db_stmt insert_edges = {
    "q_lineage_insert_edges",
    "INSERT INTO lineage_edge AS e (workspace_id, source_id, target_id, kind, at)"
    " SELECT $1::bigint, u.source_id, u.target_id, u.kind, at_ms($5::bigint)"
    " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS u (source_id, target_id, kind)"
    " ORDER BY u.target_id, u.kind, u.source_id"
    " ON CONFLICT (target_id, kind, source_id) DO UPDATE SET at = excluded.at"
    " WHERE CASE WHEN e.kind = 5 THEN e.at < excluded.at ELSE e.at > excluded.at END",
};

static const struct db_stmt insert_claims = {
    "q_lineage_insert_claims",
    "INSERT INTO lineage_claim (workspace_id, source_id, target_id, kind, event_id)"
    " SELECT $1::bigint, u.source_id, u.target_id, u.kind, $5::bigint"
    " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS u (source_id, target_id, kind)",
};

#define NEWER                                                                                      \
    "(excluded.ended, excluded.state_at, excluded.state_sha256) > (r.ended, r.state_at,"           \
    " r.state_sha256)"
#define NEWEST(column)                                                                             \
#column " = CASE WHEN " NEWER " THEN excluded." #column " ELSE r." #column " END"

static const struct db_stmt put_run = {
    "q_lineage_put_run",
    "INSERT INTO lineage_run AS r (node_id, workspace_id, job_id, state, ended, state_at,"
    " state_sha256, first_at, started_at)"
    " VALUES ($1::bigint, $2::bigint, $3::bigint, $4::text, $5::bool, at_ms($6::bigint),"
    " $7::bytea, at_ms($6::bigint), CASE WHEN $4::text = 'START' THEN at_ms($6::bigint) END)"
    " ON CONFLICT (node_id) DO UPDATE SET first_at = least(r.first_at, excluded.first_at),"
    " started_at = least(r.started_at, excluded.started_at), " NEWEST(job_id) ", " NEWEST(
        state) ", " NEWEST(ended) ", " NEWEST(state_at) ", " NEWEST(state_sha256),
};

static const struct db_stmt put_facets = {
    "q_lineage_put_facets",
    "INSERT INTO lineage_facet AS f"
    " (workspace_id, node_id, scope, other_id, name, at, event_sha256, event_id, path, deleted)"
    " SELECT DISTINCT ON (u.node_id, u.scope, u.other_id, u.name) $1::bigint, u.node_id, u.scope,"
    " u.other_id, u.name, at_ms($2::bigint), $3::bytea, $4::bigint, u.path, u.deleted <> 0"
    " FROM unnest($5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::bigint[])"
    " AS u (node_id, scope, other_id, name, path, deleted)"
    " ORDER BY u.node_id, u.scope, u.other_id, u.name, u.path DESC"
    " ON CONFLICT (node_id, scope, other_id, name) DO UPDATE SET at = excluded.at,"
    " event_sha256 = excluded.event_sha256, event_id = excluded.event_id, path = excluded.path,"
    " deleted = excluded.deleted"
    " WHERE (excluded.at, excluded.event_sha256) > (f.at, f.event_sha256)",
};

int q_lineage_event_known(struct db *db, int64_t workspace_id,
                          const uint8_t sha256[static DIGEST_SHA256_SIZE], bool *ret_known)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes(&params, sha256, DIGEST_SHA256_SIZE);
    r = db_exec(db, &event_known, &params, &rows);
    if (r)
        return r;
    *ret_known = rows.count > 0;
    return 0;
}

int q_lineage_event_insert(struct db *db, const struct q_lineage_event *event, int64_t *ret_id)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, event->workspace_id);
    db_add_bytes(&params, event->sha256, sizeof(event->sha256));
    db_add_i64(&params, event->run_id);
    db_add_text(&params, event->type);
    db_add_i64(&params, event->at_ms);
    db_add_text(&params, event->body);
    db_add_i64(&params, event->received_ms);
    db_add_text(&params, event->received_by);
    r = db_exec(db, &event_insert, &params, &rows);
    if (r)
        return r;
    if (rows.count == 0)
        return Q_LINEAGE_E_KNOWN;
    *ret_id = db_i64(&rows, 0, 0);
    return 0;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* Fills in the ids that are there, and leaves the others alone. */
static int look_up(struct db *db, int64_t workspace_id, struct arena *arena, const uint8_t *digests,
                   size_t count, int64_t *ids, size_t *ret_found)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct db_params params = {0};
    int r;

    db_add_i64(&params, workspace_id);
    db_add_bytes_array(&params, arena, digests, DIGEST_SHA256_SIZE, count);
    r = db_exec(db, &find_nodes, &params, &rows);
    if (r)
        return r;
    for (int i = 0; i < rows.count; i++)
        ids[db_i64(&rows, i, 0) - 1] = db_i64(&rows, i, 1);
    *ret_found = (size_t)rows.count;
    return 0;
}

/* Adds those whose id is 0. */
static int add_missing(struct db *db, int64_t workspace_id, struct arena *arena,
                       const struct claims_node *nodes, const uint8_t *digests, size_t count,
                       const int64_t *ids)
{
    uint8_t *keys = arena_array(arena, count, DIGEST_SHA256_SIZE);
    int64_t *kinds = arena_array(arena, count, sizeof(*kinds));
    const char **refs = arena_array(arena, count, sizeof(*refs));
    struct db_params params = {0};
    size_t missing = 0;

    for (size_t i = 0; i < count; i++) {
        if (ids[i])
            continue;
        memcpy(keys + missing * DIGEST_SHA256_SIZE, digests + i * DIGEST_SHA256_SIZE,
               DIGEST_SHA256_SIZE);
        kinds[missing] = (int64_t)nodes[i].kind;
        refs[missing++] = nodes[i].ref;
    }
    db_add_i64(&params, workspace_id);
    db_add_bytes_array(&params, arena, keys, DIGEST_SHA256_SIZE, missing);
    db_add_i64_array(&params, arena, kinds, missing);
    db_add_text_array(&params, arena, refs, missing);
    return db_exec(db, &insert_nodes, &params, NULL);
}

int q_lineage_nodes(struct db *db, int64_t workspace_id, struct arena *arena,
                    const struct claims_node *nodes, size_t count, int64_t *ret_ids)
{
    uint8_t *digests = arena_array(arena, count, DIGEST_SHA256_SIZE);
    int64_t *ids = arena_array(arena, count, sizeof(*ids));
    size_t found = 0;
    int r;

    for (size_t i = 0; i < count; i++)
        digest_sha256(nodes[i].ref, strlen(nodes[i].ref), digests + i * DIGEST_SHA256_SIZE);
    r = look_up(db, workspace_id, arena, digests, count, ids, &found);
    if (!r && found < count) {
        r = add_missing(db, workspace_id, arena, nodes, digests, count, ids);
        if (!r)
            r = look_up(db, workspace_id, arena, digests, count, ids, &found);
    }
    if (r)
        return r;
    if (found < count)
        return log_fail(ERR_INTERNAL, "nodes that were just added are not there");
    memcpy(ret_ids, ids, count * sizeof(*ids));
    return 0;
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void add_edges(struct db_params *params, int64_t workspace_id, struct arena *arena,
                      const struct q_lineage_edge *edges, size_t count)
{
    int64_t *sources = arena_array(arena, count, sizeof(*sources));
    int64_t *targets = arena_array(arena, count, sizeof(*targets));
    int64_t *kinds = arena_array(arena, count, sizeof(*kinds));

    for (size_t i = 0; i < count; i++) {
        sources[i] = edges[i].source_id;
        targets[i] = edges[i].target_id;
        kinds[i] = (int64_t)edges[i].kind;
    }
    db_add_i64(params, workspace_id);
    db_add_i64_array(params, arena, sources, count);
    db_add_i64_array(params, arena, targets, count);
    db_add_i64_array(params, arena, kinds, count);
}

int q_lineage_edges(struct db *db, int64_t workspace_id, struct arena *arena,
                    const struct q_lineage_edge *edges, size_t count, int64_t at_ms)
{
    struct db_params params = {0};

    if (count == 0)
        return 0;
    add_edges(&params, workspace_id, arena, edges, count);
    db_add_i64(&params, at_ms);
    return db_exec(db, &insert_edges, &params, NULL);
}

int q_lineage_claims(struct db *db, int64_t workspace_id, struct arena *arena,
                     const struct q_lineage_edge *edges, size_t count, int64_t event_id)
{
    struct db_params params = {0};

    if (count == 0)
        return 0;
    add_edges(&params, workspace_id, arena, edges, count);
    db_add_i64(&params, event_id);
    return db_exec(db, &insert_claims, &params, NULL);
}

/* ---- runs and facets ------------------------------------------------------------------------- */

int q_lineage_run(struct db *db, const struct q_lineage_run *run)
{
    struct db_params params = {0};

    db_add_i64(&params, run->node_id);
    db_add_i64(&params, run->workspace_id);
    db_add_i64(&params, run->job_id);
    db_add_text(&params, run->state);
    db_add_bool(&params, run->ended);
    db_add_i64(&params, run->at_ms);
    db_add_bytes(&params, run->event_sha256, DIGEST_SHA256_SIZE);
    return db_exec(db, &put_run, &params, NULL);
}

int q_lineage_facets(struct db *db, struct arena *arena, const struct q_lineage_facets *facets)
{
    size_t count = facets->count;
    int64_t *nodes = arena_array(arena, count, sizeof(*nodes));
    int64_t *scopes = arena_array(arena, count, sizeof(*scopes));
    int64_t *others = arena_array(arena, count, sizeof(*others));
    int64_t *deleted = arena_array(arena, count, sizeof(*deleted));
    const char **names = arena_array(arena, count, sizeof(*names));
    const char **paths = arena_array(arena, count, sizeof(*paths));
    struct db_params params = {0};

    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct claims_facet *facet = &facets->facets[i];

        nodes[i] = facets->node_ids[facet->node];
        scopes[i] = (int64_t)facet->scope;
        others[i] = facet->other == CLAIMS_NONE ? 0 : facets->node_ids[facet->other];
        deleted[i] = facet->deleted;
        names[i] = facet->name;
        paths[i] = facet->path;
    }
    db_add_i64(&params, facets->workspace_id);
    db_add_i64(&params, facets->at_ms);
    db_add_bytes(&params, facets->event_sha256, DIGEST_SHA256_SIZE);
    db_add_i64(&params, facets->event_id);
    db_add_i64_array(&params, arena, nodes, count);
    db_add_i64_array(&params, arena, scopes, count);
    db_add_i64_array(&params, arena, others, count);
    db_add_text_array(&params, arena, names, count);
    db_add_text_array(&params, arena, paths, count);
    db_add_i64_array(&params, arena, deleted, count);
    return db_exec(db, &put_facets, &params, NULL);
}

/* ---- what is published ----------------------------------------------------------------------- */

static const struct db_stmt publish_version = {
    "q_lineage_publish_version",
    "INSERT INTO lineage_node AS o (workspace_id, kind, ref, ref_sha256, version_id)"
    " SELECT v.workspace_id, 6, n.ref, pg_catalog.sha256(convert_to(n.ref, 'UTF8')), v.id"
    " FROM model_version v JOIN model m ON m.id = v.model_id"
    " CROSS JOIN LATERAL (SELECT 'model:' || m.name || '@' || v.version AS ref) n"
    " WHERE v.id = $1::bigint ON CONFLICT (workspace_id, ref_sha256) DO UPDATE"
    " SET version_id = excluded.version_id RETURNING o.id",
};

static const struct db_stmt publish_variants = {
    "q_lineage_publish_variants",
    "INSERT INTO lineage_node AS o (workspace_id, kind, ref, ref_sha256, variant_id)"
    " SELECT t.workspace_id, 7, n.ref, pg_catalog.sha256(convert_to(n.ref, 'UTF8')), t.id"
    " FROM variant t JOIN lineage_node p ON p.version_id = t.version_id"
    " CROSS JOIN LATERAL (SELECT concat_ws('/', p.ref, t.runtime, t.hardware, t.precision) AS ref) "
    "n"
    " WHERE t.version_id = $1::bigint AND ($2::bigint = 0 OR t.id = $2::bigint)"
    " ORDER BY 4 ON CONFLICT (workspace_id, ref_sha256) DO UPDATE"
    " SET variant_id = excluded.variant_id RETURNING o.id",
};

static const struct db_stmt publish_artifacts = {
    "q_lineage_publish_artifacts",
    "INSERT INTO lineage_node (workspace_id, kind, ref, ref_sha256)"
    " SELECT DISTINCT t.workspace_id, 8, n.ref, pg_catalog.sha256(convert_to(n.ref, 'UTF8'))"
    " FROM variant t JOIN variant_artifact a ON a.variant_id = t.id"
    " CROSS JOIN LATERAL (SELECT 'artifact:' || encode(a.sha256, 'hex') AS ref) n"
    " WHERE t.version_id = $1::bigint AND ($2::bigint = 0 OR t.id = $2::bigint)"
    " ORDER BY 4 ON CONFLICT (workspace_id, ref_sha256) DO NOTHING",
};

static const struct db_stmt publish_edges = {
    "q_lineage_publish_edges",
    "INSERT INTO lineage_edge (source_id, target_id, kind, workspace_id, at)"
    " SELECT e.source_id, e.target_id, 10, e.workspace_id, at_ms($3::bigint) FROM ("
    " SELECT r.id AS source_id, o.id AS target_id, r.workspace_id FROM variant t"
    "  JOIN lineage_node r ON r.variant_id = t.id JOIN lineage_node o ON o.version_id = "
    "t.version_id"
    "  WHERE t.version_id = $1::bigint AND ($2::bigint = 0 OR t.id = $2::bigint)"
    " UNION"
    " SELECT n.id, r.id, r.workspace_id FROM variant t JOIN lineage_node r ON r.variant_id = t.id"
    "  JOIN variant_artifact a ON a.variant_id = t.id"
    "  JOIN lineage_node n ON n.workspace_id = a.workspace_id AND n.ref_sha256 ="
    "   pg_catalog.sha256(convert_to('artifact:' || encode(a.sha256, 'hex'), 'UTF8'))"
    "  WHERE t.version_id = $1::bigint AND ($2::bigint = 0 OR t.id = $2::bigint)) e"
    " ORDER BY 2, 1 ON CONFLICT (target_id, kind, source_id) DO NOTHING",
};

/* An artifact came with the variant that was published with it first. */
#define CAME_WITH(variant)                                                                         \
    " JOIN lineage_edge c ON c.target_id = " variant " AND c.kind = 10 AND NOT EXISTS"             \
    " (SELECT FROM lineage_edge o WHERE o.source_id = c.source_id AND o.kind = 10 AND o.at < "     \
    "c.at)"

static const struct db_stmt spread = {
    "q_lineage_spread",
    "WITH made AS (SELECT e.source_id, r.id AS variant_node, e.workspace_id, e.at"
    "  FROM lineage_node n JOIN lineage_edge e ON e.target_id = n.id AND e.kind IN (3, 11)"
    "  JOIN variant t ON t.version_id = n.version_id"
    "  AND NOT EXISTS (SELECT FROM variant_addition x WHERE x.variant_id = t.id)"
    "  JOIN lineage_node r ON r.variant_id = t.id"
    "  WHERE n.id = ANY ($1::bigint[]) AND n.kind = 6)"
    " INSERT INTO lineage_edge AS e (source_id, target_id, kind, workspace_id, at)"
    " SELECT s.source_id, s.target_id, 11, s.workspace_id, min(s.at) FROM ("
    "  SELECT source_id, variant_node AS target_id, workspace_id, at FROM made"
    "  UNION ALL SELECT m.source_id, c.source_id, m.workspace_id, m.at FROM made m" CAME_WITH(
        "m.variant_node") ") s"
                          " WHERE s.source_id <> s.target_id GROUP BY 1, 2, 4 ORDER BY 2, 1"
                          " ON CONFLICT (target_id, kind, source_id) DO UPDATE SET at = excluded.at"
                          " WHERE e.at > excluded.at",
};

static const struct db_stmt spread_variant = {
    "q_lineage_spread_variant",
    "INSERT INTO lineage_edge AS e (source_id, target_id, kind, workspace_id, at)"
    " SELECT f.source_id, c.source_id, 11, f.workspace_id, f.at FROM lineage_edge f" CAME_WITH(
        "f.target_id") " WHERE f.target_id = $1::bigint AND f.kind = 11 AND f.source_id <> "
                       "c.source_id ORDER BY 2, 1"
                       " ON CONFLICT (target_id, kind, source_id) DO UPDATE SET at = excluded.at"
                       " WHERE e.at > excluded.at",
};

int q_lineage_publish(struct db *db, const struct q_lineage_published *published,
                      int64_t *ret_node_id)
{
    CLEANUP(db_rows_release) struct db_rows version = {0};
    CLEANUP(db_rows_release) struct db_rows variants = {0};
    struct db_params params = {0};
    struct db_params edges;
    int r;

    db_add_i64(&params, published->version_id);
    r = db_exec(db, &publish_version, &params, &version);
    db_add_i64(&params, published->variant_id);
    edges = params;
    db_add_i64(&edges, published->at_ms);
    if (!r)
        r = db_exec(db, &publish_variants, &params, &variants);
    if (!r)
        r = db_exec(db, &publish_artifacts, &params, NULL);
    if (!r)
        r = db_exec(db, &publish_edges, &edges, NULL);
    if (r)
        return r;
    if (version.count != 1 || variants.count < 1)
        return log_fail(ERR_INTERNAL, "a version that was just published is not there");
    *ret_node_id = db_i64(published->variant_id ? &variants : &version, 0, 0);
    return 0;
}

int q_lineage_spread(struct db *db, struct arena *arena, const int64_t *node_ids, size_t count)
{
    struct db_params params = {0};

    if (count == 0)
        return 0;
    db_add_i64_array(&params, arena, node_ids, count);
    return db_exec(db, &spread, &params, NULL);
}

int q_lineage_spread_variant(struct db *db, int64_t node_id)
{
    struct db_params params = {0};

    db_add_i64(&params, node_id);
    return db_exec(db, &spread_variant, &params, NULL);
}
