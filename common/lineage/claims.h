/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAGE_CLAIMS_H
#define LINEAGE_CLAIMS_H

#include "base/arena.h"
#include "lineage/openlineage.h"
#include "lineage/ref.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What an event says about the graph: nodes, edges and facets. Pure, and the only place that knows
 * how OpenLineage's words become ours. What several events say is joined by the database with
 * operations that do not care for order or repetition (db/q_lineage.h).
 *
 * Datasets of two namespaces are ours: what `modelferry run` reads and writes.
 *
 *     modelferry:artifacts   name is a SHA-256: an artifact
 *     modelferry:models      name MODEL with a version facet, or MODEL@VERSION: a version;
 *                            MODEL@VERSION/RT/HW/PREC: a variant
 */
#define CLAIMS_SPACE_ARTIFACTS "modelferry:artifacts"
#define CLAIMS_SPACE_MODELS "modelferry:models"

/* Edges point the way that data flows: downstream is from source to target. */
enum claims_edge_kind {
    CLAIMS_JOB = 1,        /* job -> run of it */
    CLAIMS_READ = 2,       /* dataset version, artifact, version, variant -> run */
    CLAIMS_WRITE = 3,      /* run -> one of these */
    CLAIMS_READ_ANY = 4,   /* dataset -> run, which did not say what version it read */
    CLAIMS_WRITE_ANY = 5,  /* run -> dataset, without saying what version it wrote */
    CLAIMS_VERSION_OF = 6, /* dataset -> version of it */
    CLAIMS_CODE = 7,       /* code revision -> run */
    CLAIMS_PART_OF = 8,    /* run -> the run that it was a part of */
    CLAIMS_DECLARED = 9,   /* to or from a job that says what it reads and writes when it runs */
    CLAIMS_CONTAINS = 10,  /* artifact -> variant -> version that it is in */
    CLAIMS_FROM = 11,      /* anything -> what its publisher says was made from it */
    CLAIMS_DEPLOYED = 12,  /* variant -> deployment */
    CLAIMS_TOLD = 13,      /* deployment -> device */
    CLAIMS_RAN = 14,       /* variant -> device that said that it runs it */
    CLAIMS_ASSUMED = 15,   /* the latest before it -> run that did not say what version it read */
};
#define CLAIMS_EDGE_KINDS 16

/* "read-any" */
const char *claims_edge_name(enum claims_edge_kind kind);

struct claims_node {
    enum ref_kind kind;
    const char *ref;
};

struct claims_edge {
    size_t source; /* index into nodes */
    size_t target;
    enum claims_edge_kind kind;
};

/* Where a facet hangs: on a node, or between a run or job and one of its datasets. */
enum claims_scope {
    CLAIMS_OWN = 1,
    CLAIMS_INPUT = 2,
    CLAIMS_OUTPUT = 3,
};

#define CLAIMS_NONE SIZE_MAX

struct claims_facet {
    size_t node;
    enum claims_scope scope;
    size_t other; /* the dataset of an input or output facet, or CLAIMS_NONE */
    const char *name;
    const char *path; /* of its JSON in the event: a JSON pointer (RFC 6901) */
    bool deleted;
};

/* Nodes and edges are distinct; in the arena. */
struct claims {
    struct claims_node *nodes;
    size_t node_count;
    struct claims_edge *edges;
    size_t edge_count;
    struct claims_facet *facets;
    size_t facet_count;
    size_t run; /* index of the event's run, or CLAIMS_NONE */
    size_t job; /* index of the event's job, or CLAIMS_NONE */
};

void claims_derive(const struct openlineage_event *event, struct arena *arena,
                   struct claims *ret_claims);

#endif
