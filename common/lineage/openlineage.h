/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAGE_OPENLINEAGE_H
#define LINEAGE_OPENLINEAGE_H

#include "base/arena.h"
#include "base/error.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Events of OpenLineage (specification 2-0-2, OpenLineage.json): read, checked, not interpreted;
 * what they say about the graph is in lineage/claims.h. Facets that we do not know are allowed
 * everywhere. Pure: no input or output, no time.
 */

#define OPENLINEAGE_EVENT_MAX ((size_t)1 << 20) /* bytes of one event */
#define OPENLINEAGE_BATCH_MAX ((size_t)8 << 20) /* bytes of a batch */
#define OPENLINEAGE_BATCH_EVENTS_MAX 1000
#define OPENLINEAGE_DATASETS_MAX 2000 /* inputs, and outputs */
#define OPENLINEAGE_FACETS_MAX 256    /* of one object */
#define OPENLINEAGE_FACETS_TOTAL_MAX 20000
#define OPENLINEAGE_DEPTH_MAX 64

#define OPENLINEAGE_SPEC "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"

enum openlineage_kind {
    OPENLINEAGE_RUN_EVENT,
    OPENLINEAGE_DATASET_EVENT,
    OPENLINEAGE_JOB_EVENT,
};

struct openlineage_facet {
    const char *name;
    const char *producer;   /* NULL: not said */
    const char *schema_url; /* NULL: not said */
    bool deleted;
};

struct openlineage_facets {
    struct openlineage_facet *facets;
    size_t count;
};

/* A dataset as an event names it. */
struct openlineage_dataset {
    const char *space;
    const char *name;
    const char *version; /* of the facet "version"; NULL: not said, or deleted */
    struct openlineage_facets facets;
    struct openlineage_facets input_facets;
    struct openlineage_facets output_facets;
};

struct openlineage_job {
    const char *space;
    const char *name;
    struct openlineage_facets facets;
    const char *repository; /* of sourceCodeLocation: its repoUrl, or else its url; NULL */
    const char *revision;   /* of sourceCodeLocation: its version; NULL */
};

struct openlineage_run {
    const char *id; /* a UUID */
    struct openlineage_facets facets;
    const char *parent_id; /* NULL: no parent */
    const char *parent_job_space;
    const char *parent_job_name;
};

/* Strings and arrays live in the arena. */
struct openlineage_event {
    enum openlineage_kind kind;
    const char *type; /* START, RUNNING, COMPLETE, ABORT, FAIL, OTHER; of a run event */
    int64_t time_ms;
    const char *producer;
    struct openlineage_run run;         /* of a run event */
    struct openlineage_job job;         /* of run and job events */
    struct openlineage_dataset dataset; /* of a dataset event */
    struct openlineage_dataset *inputs; /* of run and job events */
    struct openlineage_dataset *outputs;
    size_t input_count;
    size_t output_count;
};

enum {
    OPENLINEAGE_E_SYNTAX = 1,  /* not JSON, or nested too deep; ret_error has line and column */
    OPENLINEAGE_E_INVALID = 2, /* ret_error->pointer names the field */
};

/* Reads one event. Returns 0, or one of the above with ret_error filled. */
int openlineage_parse(const void *bytes, size_t size, struct arena *arena,
                      struct openlineage_event *ret_event,
                      struct fields_error *ret_error) MUST_CHECK;

struct openlineage_slice {
    const char *bytes;
    size_t size;
};

/*
 * Cuts a JSON array into the texts of its elements, which keep their bytes as they were sent; they
 * are checked when they are parsed. At most OPENLINEAGE_BATCH_EVENTS_MAX.
 *
 * Returns 0, OPENLINEAGE_E_SYNTAX where it is no array, or OPENLINEAGE_E_INVALID where it has too
 * many elements.
 */
int openlineage_split(const char *bytes, size_t size, struct arena *arena,
                      struct openlineage_slice **ret_slices, size_t *ret_count,
                      struct fields_error *ret_error) MUST_CHECK;

/* How many facets an event has, all objects together. */
size_t openlineage_count_facets(const struct openlineage_event *event);

/* Whether the type ends a run: COMPLETE, ABORT or FAIL. */
bool openlineage_is_terminal(const char *type);

#endif
