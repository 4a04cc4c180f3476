/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/claims.h"

#include "base/cleanup.h"

#include <assert.h>
#include <string.h>

static const char *const edge_names[CLAIMS_EDGE_KINDS] = {
    [CLAIMS_JOB] = "job",
    [CLAIMS_READ] = "read",
    [CLAIMS_WRITE] = "write",
    [CLAIMS_READ_ANY] = "read-any",
    [CLAIMS_WRITE_ANY] = "write-any",
    [CLAIMS_VERSION_OF] = "version-of",
    [CLAIMS_CODE] = "code",
    [CLAIMS_PART_OF] = "part-of",
    [CLAIMS_DECLARED] = "declared",
    [CLAIMS_CONTAINS] = "contains",
    [CLAIMS_FROM] = "from",
    [CLAIMS_DEPLOYED] = "deployed",
    [CLAIMS_TOLD] = "told",
    [CLAIMS_RAN] = "ran",
    [CLAIMS_ASSUMED] = "assumed",
};

const char *claims_edge_name(enum claims_edge_kind kind)
{
    return edge_names[kind];
}

/* ---- collecting ------------------------------------------------------------------------------
 */

/* Nodes are found again by their text: open addressing over indexes, twice as many as nodes. */
struct collector {
    struct arena *arena;
    struct claims *claims;
    size_t *slots; /* index + 1; 0: free */
    size_t slot_count;
};

static size_t hash(const char *text)
{
    uint64_t value = 14695981039346656037U; /* FNV-1a */

    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 1099511628211U;
    return (size_t)(value ^ (value >> 32));
}

static size_t add_node(struct collector *collector, enum ref_kind kind, const char *ref)
{
    struct claims *claims = collector->claims;
    size_t slot = hash(ref) & (collector->slot_count - 1);

    while (collector->slots[slot]) {
        size_t index = collector->slots[slot] - 1;

        if (strcmp(claims->nodes[index].ref, ref) == 0)
            return index;
        slot = (slot + 1) & (collector->slot_count - 1);
    }
    collector->slots[slot] = claims->node_count + 1;
    claims->nodes[claims->node_count] = (struct claims_node){kind, ref};
    return claims->node_count++;
}

static void add_edge(struct collector *collector, size_t source, size_t target,
                     enum claims_edge_kind kind)
{
    struct claims *claims = collector->claims;

    claims->edges[claims->edge_count++] = (struct claims_edge){source, target, kind};
}

static int compare_edges(const void *a, const void *b)
{
    const struct claims_edge *left = a;
    const struct claims_edge *right = b;

    if (left->source != right->source)
        return left->source < right->source ? -1 : 1;
    if (left->target != right->target)
        return left->target < right->target ? -1 : 1;
    return (int)left->kind - (int)right->kind;
}

static void drop_equal_edges(struct claims *claims)
{
    size_t kept = 0;

    if (claims->edge_count == 0)
        return;
    qsort(claims->edges, claims->edge_count, sizeof(*claims->edges), compare_edges);
    for (size_t i = 0; i < claims->edge_count; i++)
        if (kept == 0 || compare_edges(&claims->edges[i], &claims->edges[kept - 1]) != 0)
            claims->edges[kept++] = claims->edges[i];
    claims->edge_count = kept;
}

/* ---- facets ----------------------------------------------------------------------------------
 */

static const char *escape_token(struct arena *arena, const char *name)
{
    char *escaped = arena_alloc(arena, 2 * strlen(name) + 1);
    char *at = escaped;

    for (; *name; name++) {
        if (*name != '~' && *name != '/') {
            *at++ = *name;
            continue;
        }
        *at++ = '~';
        *at++ = *name == '~' ? '0' : '1';
    }
    return escaped;
}

static void add_facets(struct collector *collector, const struct openlineage_facets *facets,
                       struct claims_facet where, const char *path)
{
    for (size_t i = 0; i < facets->count; i++) {
        struct claims_facet facet = where;

        facet.name = facets->facets[i].name;
        facet.deleted = facets->facets[i].deleted;
        facet.path = arena_printf(collector->arena, "%s/%s", path,
                                  escape_token(collector->arena, facet.name));
        collector->claims->facets[collector->claims->facet_count++] = facet;
    }
}

/* ---- datasets --------------------------------------------------------------------------------
 */

/* A name in one of our namespaces; false where it is nothing of ours. */
static bool find_own(struct collector *collector, const struct openlineage_dataset *dataset,
                     struct ref *ret_ref)
{
    const char *text = NULL;
    const char *why;

    if (strcmp(dataset->space, CLAIMS_SPACE_ARTIFACTS) == 0)
        text = arena_printf(collector->arena, "artifact:%s", dataset->name);
    else if (strcmp(dataset->space, CLAIMS_SPACE_MODELS) == 0 && !strchr(dataset->name, '@') &&
             dataset->version)
        text = arena_printf(collector->arena, "model:%s@%s", dataset->name, dataset->version);
    else if (strcmp(dataset->space, CLAIMS_SPACE_MODELS) == 0)
        text = arena_printf(collector->arena, "model:%s", dataset->name);
    return text && ref_parse(text, collector->arena, ret_ref, &why) == 0;
}

/* The node that a dataset is, and whether its version is known. */
static size_t add_dataset(struct collector *collector, const struct openlineage_dataset *dataset,
                          bool *ret_versioned)
{
    struct arena *arena = collector->arena;
    struct ref own;
    size_t all;
    size_t version;

    *ret_versioned = true;
    if (find_own(collector, dataset, &own))
        return add_node(collector, own.kind, own.text);
    all = add_node(collector, REF_DATASET, ref_dataset(arena, dataset->space, dataset->name, NULL));
    *ret_versioned = dataset->version != NULL;
    if (!dataset->version)
        return all;
    version = add_node(collector, REF_DATASET_VERSION,
                       ref_dataset(arena, dataset->space, dataset->name, dataset->version));
    add_edge(collector, all, version, CLAIMS_VERSION_OF);
    return version;
}

/* What a run or a job reads or writes. */
static void add_side(struct collector *collector, const struct openlineage_dataset *datasets,
                     size_t count, enum claims_scope scope, size_t doer, bool declared)
{
    bool reads = scope == CLAIMS_INPUT;

    for (size_t i = 0; i < count; i++) {
        const char *path =
            arena_printf(collector->arena, "/%s/%zu", reads ? "inputs" : "outputs", i);
        bool versioned;
        size_t node = add_dataset(collector, &datasets[i], &versioned);
        enum claims_edge_kind kind = versioned ? (reads ? CLAIMS_READ : CLAIMS_WRITE)
                                               : (reads ? CLAIMS_READ_ANY : CLAIMS_WRITE_ANY);

        add_edge(collector, reads ? node : doer, reads ? doer : node,
                 declared ? CLAIMS_DECLARED : kind);
        add_facets(collector, &datasets[i].facets,
                   (struct claims_facet){.node = node, .scope = CLAIMS_OWN, .other = CLAIMS_NONE},
                   arena_printf(collector->arena, "%s/facets", path));
        add_facets(
            collector, reads ? &datasets[i].input_facets : &datasets[i].output_facets,
            (struct claims_facet){.node = doer, .scope = scope, .other = node},
            arena_printf(collector->arena, "%s/%s", path, reads ? "inputFacets" : "outputFacets"));
    }
}

/* ---- events ----------------------------------------------------------------------------------
 */

static size_t add_job(struct collector *collector, const struct openlineage_job *job)
{
    size_t node = add_node(collector, REF_JOB, ref_job(collector->arena, job->space, job->name));

    add_facets(collector, &job->facets,
               (struct claims_facet){.node = node, .scope = CLAIMS_OWN, .other = CLAIMS_NONE},
               "/job/facets");
    return node;
}

static void add_code(struct collector *collector, const struct openlineage_job *job, size_t doer,
                     enum claims_edge_kind kind)
{
    size_t code;

    if (!job->repository || !job->revision)
        return;
    code =
        add_node(collector, REF_CODE, ref_code(collector->arena, job->repository, job->revision));
    add_edge(collector, code, doer, kind);
}

static void add_parent(struct collector *collector, const struct openlineage_run *run, size_t child)
{
    size_t parent;
    size_t job;

    if (!run->parent_id)
        return;
    parent = add_node(collector, REF_RUN, ref_run(collector->arena, run->parent_id));
    add_edge(collector, child, parent, CLAIMS_PART_OF);
    if (!run->parent_job_space || !run->parent_job_name || !*run->parent_job_space ||
        !*run->parent_job_name)
        return;
    job = add_node(collector, REF_JOB,
                   ref_job(collector->arena, run->parent_job_space, run->parent_job_name));
    add_edge(collector, job, parent, CLAIMS_JOB);
}

static void add_run_event(struct collector *collector, const struct openlineage_event *event)
{
    struct claims *claims = collector->claims;
    size_t run = add_node(collector, REF_RUN, ref_run(collector->arena, event->run.id));

    claims->run = run;
    claims->job = add_job(collector, &event->job);
    add_edge(collector, claims->job, run, CLAIMS_JOB);
    add_facets(collector, &event->run.facets,
               (struct claims_facet){.node = run, .scope = CLAIMS_OWN, .other = CLAIMS_NONE},
               "/run/facets");
    add_code(collector, &event->job, run, CLAIMS_CODE);
    add_parent(collector, &event->run, run);
    add_side(collector, event->inputs, event->input_count, CLAIMS_INPUT, run, false);
    add_side(collector, event->outputs, event->output_count, CLAIMS_OUTPUT, run, false);
}

static void add_dataset_event(struct collector *collector, const struct openlineage_event *event)
{
    bool versioned;
    size_t node = add_dataset(collector, &event->dataset, &versioned);

    add_facets(collector, &event->dataset.facets,
               (struct claims_facet){.node = node, .scope = CLAIMS_OWN, .other = CLAIMS_NONE},
               "/dataset/facets");
}

static void add_job_event(struct collector *collector, const struct openlineage_event *event)
{
    size_t job = add_job(collector, &event->job);

    collector->claims->job = job;
    add_code(collector, &event->job, job, CLAIMS_DECLARED);
    add_side(collector, event->inputs, event->input_count, CLAIMS_INPUT, job, true);
    add_side(collector, event->outputs, event->output_count, CLAIMS_OUTPUT, job, true);
}

void claims_derive(const struct openlineage_event *event, struct arena *arena,
                   struct claims *ret_claims)
{
    /* Each dataset is two nodes and two edges at most; run, job, parent, its job, code. */
    size_t most = 2 * (event->input_count + event->output_count + 1) + 5;
    struct claims claims = {
        .nodes = arena_array(arena, most, sizeof(*claims.nodes)),
        .edges = arena_array(arena, most, sizeof(*claims.edges)),
        .facets = arena_array(arena, openlineage_count_facets(event), sizeof(*claims.facets)),
        .run = CLAIMS_NONE,
        .job = CLAIMS_NONE,
    };
    struct collector collector = {.arena = arena, .claims = &claims, .slot_count = 16};

    while (collector.slot_count < 2 * most)
        collector.slot_count *= 2;
    collector.slots = arena_array(arena, collector.slot_count, sizeof(*collector.slots));
    if (event->kind == OPENLINEAGE_RUN_EVENT)
        add_run_event(&collector, event);
    else if (event->kind == OPENLINEAGE_DATASET_EVENT)
        add_dataset_event(&collector, event);
    else
        add_job_event(&collector, event);
    assert(claims.node_count <= most && claims.edge_count <= most);
    drop_equal_edges(&claims);
    *ret_claims = claims;
}
