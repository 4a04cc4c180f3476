/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lineage/lineage.h"

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "crypto/text.h"
#include "db/q_lineage.h"
#include "lineage/claims.h"
#include "lineage/openlineage.h"

#include <stdlib.h>

/* One event on its way through the transaction. */
struct work {
    const struct lineage_place *place;
    struct arena *arena;
    const struct openlineage_event *event;
    const struct claims *claims;
    struct q_lineage_event row;
    bool known;
};

static const char *row_type(const struct openlineage_event *event)
{
    static const char *const types[] = {
        [OPENLINEAGE_DATASET_EVENT] = "DATASET",
        [OPENLINEAGE_JOB_EVENT] = "JOB",
    };

    return event->kind == OPENLINEAGE_RUN_EVENT ? event->type : types[event->kind];
}

static int store_run(struct db *db, const struct work *work, const int64_t *ids)
{
    const struct q_lineage_run run = {
        .node_id = ids[work->claims->run],
        .workspace_id = work->place->workspace_id,
        .job_id = ids[work->claims->job],
        .state = work->event->type,
        .ended = openlineage_is_terminal(work->event->type),
        .at_ms = work->event->time_ms,
        .event_sha256 = work->row.sha256,
    };

    return q_lineage_run(db, &run);
}

static int store_edges(struct db *db, const struct work *work, const int64_t *ids, int64_t event_id)
{
    const struct claims *claims = work->claims;
    struct q_lineage_edge *edges = arena_array(work->arena, claims->edge_count, sizeof(*edges));
    int r;

    for (size_t i = 0; i < claims->edge_count; i++)
        edges[i] = (struct q_lineage_edge){
            .source_id = ids[claims->edges[i].source],
            .target_id = ids[claims->edges[i].target],
            .kind = claims->edges[i].kind,
        };
    r = q_lineage_edges(db, work->place->workspace_id, work->arena, edges, claims->edge_count,
                        work->event->time_ms);
    if (r)
        return r;
    return q_lineage_claims(db, work->place->workspace_id, work->arena, edges, claims->edge_count,
                            event_id);
}

/* A run that wrote a version wrote what it consists of, whichever of the two is told first. */
static int spread(struct db *db, const struct work *work, const int64_t *ids)
{
    const struct claims *claims = work->claims;
    int64_t *versions = arena_array(work->arena, claims->edge_count, sizeof(*versions));
    size_t count = 0;

    for (size_t i = 0; i < claims->edge_count; i++)
        if (claims->edges[i].kind == CLAIMS_WRITE &&
            claims->nodes[claims->edges[i].target].kind == REF_VERSION)
            versions[count++] = ids[claims->edges[i].target];
    return q_lineage_spread(db, work->arena, versions, count);
}

static int store_facets(struct db *db, const struct work *work, const int64_t *ids,
                        int64_t event_id)
{
    const struct q_lineage_facets facets = {
        .workspace_id = work->place->workspace_id,
        .event_id = event_id,
        .event_sha256 = work->row.sha256,
        .at_ms = work->event->time_ms,
        .facets = work->claims->facets,
        .count = work->claims->facet_count,
        .node_ids = ids,
    };

    return q_lineage_facets(db, work->arena, &facets);
}

/* What the event is about; its text, and so all that it says, is held by its digest. */
static int record(struct db *db, const struct work *work)
{
    size_t about = work->claims->run != CLAIMS_NONE ? work->claims->run : 0;
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(work->row.sha256, sizeof(work->row.sha256), hex);
    return audit_record(db, &(struct audit_change){
                                .workspace_id = work->place->workspace_id,
                                .actor = work->place->actor,
                                .now_ms = work->place->now_ms,
                                .action = AUDIT_LINEAGE_TAKE,
                                .object = hex,
                                .after = json_pack("{s:s, s:s}", "type", work->row.type, "about",
                                                   work->claims->nodes[about].ref),
                            });
}

static int store(struct db *db, void *arg)
{
    struct work *work = arg;
    const struct claims *claims = work->claims;
    int64_t *ids = arena_array(work->arena, claims->node_count, sizeof(*ids));
    int64_t event_id;
    int r;

    work->known = false;
    r = q_lineage_nodes(db, work->place->workspace_id, work->arena, claims->nodes,
                        claims->node_count, ids);
    if (r)
        return r;
    work->row.run_id = claims->run == CLAIMS_NONE ? 0 : ids[claims->run];
    r = q_lineage_event_insert(db, &work->row, &event_id);
    if (r == Q_LINEAGE_E_KNOWN) {
        work->known = true;
        return 0;
    }
    if (!r && claims->run != CLAIMS_NONE)
        r = store_run(db, work, ids);
    if (!r)
        r = store_edges(db, work, ids, event_id);
    if (!r)
        r = spread(db, work, ids);
    if (!r)
        r = store_facets(db, work, ids, event_id);
    return r ? r : record(db, work);
}

int lineage_accept(struct db *db, const struct lineage_place *place, const char *bytes, size_t size,
                   bool *ret_known, struct fields_error *ret_error)
{
    CLEANUP(arena_release) struct arena arena = {.ceiling_bytes = (size_t)256 << 20};
    struct openlineage_event event;
    struct claims claims;
    struct work work = {
        .place = place,
        .arena = &arena,
        .event = &event,
        .claims = &claims,
        .row = {.workspace_id = place->workspace_id,
                .received_ms = place->now_ms,
                .received_by = place->actor->name},
    };
    int r;

    r = openlineage_parse(bytes, size, &arena, &event, ret_error);
    if (r > 0)
        return r == OPENLINEAGE_E_SYNTAX ? LINEAGE_E_SYNTAX : LINEAGE_E_INVALID;
    if (r)
        return r;
    digest_sha256(bytes, size, work.row.sha256);
    r = q_lineage_event_known(db, place->workspace_id, work.row.sha256, ret_known);
    if (r || *ret_known)
        return r;
    claims_derive(&event, &arena, &claims);
    work.row.type = row_type(&event);
    work.row.at_ms = event.time_ms;
    work.row.body = arena_strndup(&arena, bytes, size);
    r = tx_run(db, store, &work);
    if (r)
        return r;
    *ret_known = work.known;
    return 0;
}

/* ---- what is published ----------------------------------------------------------------------- */

int lineage_read_from(const char *const *texts, size_t count, struct arena *arena,
                      struct ref **ret_refs, struct fields_error *ret_error)
{
    struct ref *refs = arena_array(arena, count, sizeof(*refs));

    for (size_t i = 0; i < count; i++) {
        const char *path = arena_printf(arena, "signed.from[%zu]", i);
        const char *why;

        if (ref_parse(texts[i], arena, &refs[i], &why)) {
            (void)fields_refuse(ret_error, path, "'%.200s' names no node: %s", texts[i], why);
            return LINEAGE_E_INVALID;
        }
        if (refs[i].kind == REF_DEVICE || refs[i].kind == REF_DEPLOYMENT) {
            (void)fields_refuse(ret_error, path, "nothing is made from a %s",
                                ref_kind_name(refs[i].kind));
            return LINEAGE_E_INVALID;
        }
    }
    *ret_refs = refs;
    return 0;
}

static int compare_edges(const void *a, const void *b)
{
    const struct q_lineage_edge *left = a;
    const struct q_lineage_edge *right = b;

    return left->source_id < right->source_id ? -1 : left->source_id > right->source_id;
}

static int store_from(struct db *db, const struct lineage_publication *publication,
                      struct arena *arena, int64_t target)
{
    size_t count = publication->from_count;
    struct claims_node *nodes = arena_array(arena, count, sizeof(*nodes));
    struct q_lineage_edge *edges = arena_array(arena, count, sizeof(*edges));
    int64_t *ids = arena_array(arena, count, sizeof(*ids));
    size_t kept = 0;
    int r;

    for (size_t i = 0; i < count; i++)
        nodes[i] = (struct claims_node){publication->from[i].kind, publication->from[i].text};
    r = q_lineage_nodes(db, publication->workspace_id, arena, nodes, count, ids);
    if (r)
        return r;
    for (size_t i = 0; i < count; i++)
        edges[i] = (struct q_lineage_edge){ids[i], target, CLAIMS_FROM};
    if (count)
        qsort(edges, count, sizeof(*edges), compare_edges);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || edges[i].source_id != edges[kept - 1].source_id)
            edges[kept++] = edges[i];
    return q_lineage_edges(db, publication->workspace_id, arena, edges, kept, publication->now_ms);
}

int lineage_publish(struct db *db, const struct lineage_publication *publication,
                    struct arena *arena)
{
    const struct q_lineage_published published = {
        .workspace_id = publication->workspace_id,
        .version_id = publication->version_id,
        .variant_id = publication->variant_id,
        .at_ms = publication->now_ms,
    };
    int64_t node_id;
    int r;

    r = q_lineage_publish(db, &published, &node_id);
    if (!r && publication->from_count)
        r = store_from(db, publication, arena, node_id);
    if (r)
        return r;
    return publication->variant_id ? q_lineage_spread_variant(db, node_id)
                                   : q_lineage_spread(db, arena, &node_id, 1);
}
