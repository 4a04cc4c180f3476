/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/openlineage.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "lineage/ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX 4096
#define FACET_NAME_MAX 256

/* ---- what the fields are -------------------------------------------------------------------- */

static const char *check_type(const char *text)
{
    static const char *const types[] = {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"};

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i], text) == 0)
            return NULL;
    return "START, RUNNING, COMPLETE, ABORT, FAIL or OTHER";
}

static const char *check_uri(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c <= ' ' || *c == 0x7f)
            return "a URI";
    return NULL;
}

static const char *check_uuid(const char *text)
{
    return ref_is_uuid(text) ? NULL : "a UUID";
}

static const char *check_facet_name(const char *text)
{
    return strlen(text) <= FACET_NAME_MAX ? NULL : "a facet's name of at most 256 bytes";
}

static const struct field facet_fields[] = {
    FIELD("_producer", STRING, struct openlineage_facet, producer, .nullable = true,
          .max = URL_MAX),
    FIELD("_schemaURL", STRING, struct openlineage_facet, schema_url, .nullable = true,
          .max = URL_MAX),
    FIELD("_deleted", BOOL, struct openlineage_facet, deleted, .nullable = true),
};
static const struct shape facet_shape =
    SHAPE(struct openlineage_facet, facet_fields, .open = true,
          .key_offset = offsetof(struct openlineage_facet, name));

#define FACETS(label, T, items, items_count)                                                       \
    FIELD_ARRAY(label, MAP, T, items, items_count, .nullable = true,                               \
                .max = OPENLINEAGE_FACETS_MAX, .key_check = check_facet_name,                      \
                .shape = &facet_shape)
#define TEXT_FACET_FIELD(label, T, member, limit)                                                  \
    FIELD(label, STRING, T, member, .nullable = true, .max = (limit))

/* ---- datasets ------------------------------------------------------------------------------- */

struct dataset {
    struct openlineage_dataset said;
    const char *version;
    bool version_deleted;
};

static const struct field version_fields[] = {
    TEXT_FACET_FIELD("datasetVersion", struct dataset, version, REF_REVISION_MAX),
    FIELD("_deleted", BOOL, struct dataset, version_deleted, .nullable = true),
};
static const struct shape version_shape = SHAPE(struct dataset, version_fields, .open = true);

static const struct field dataset_facet_fields[] = {
    FIELD_INSIDE("version", .shape = &version_shape),
};
static const struct shape dataset_facet_shape =
    SHAPE(struct dataset, dataset_facet_fields, .open = true);

static const struct field dataset_fields[] = {
    FIELD("namespace", STRING, struct dataset, said.space, .required = true, .min = 1,
          .max = REF_NAMESPACE_MAX),
    FIELD("name", STRING, struct dataset, said.name, .required = true, .min = 1,
          .max = REF_NAME_MAX),
    FACETS("facets", struct dataset, said.facets.facets, said.facets.count),
    FIELD_INSIDE("facets", .nullable = true, .shape = &dataset_facet_shape),
    FACETS("inputFacets", struct dataset, said.input_facets.facets, said.input_facets.count),
    FACETS("outputFacets", struct dataset, said.output_facets.facets, said.output_facets.count),
};
static const struct shape dataset_shape = SHAPE(struct dataset, dataset_fields, .open = true);

/* ---- jobs and runs -------------------------------------------------------------------------- */

struct job {
    struct openlineage_job said;
    const char *repo_url;
    const char *url;
    const char *revision;
    bool location_deleted;
};

static const struct field location_fields[] = {
    TEXT_FACET_FIELD("repoUrl", struct job, repo_url, REF_NAME_MAX),
    TEXT_FACET_FIELD("url", struct job, url, REF_NAME_MAX),
    TEXT_FACET_FIELD("version", struct job, revision, REF_REVISION_MAX),
    FIELD("_deleted", BOOL, struct job, location_deleted, .nullable = true),
};
static const struct shape location_shape = SHAPE(struct job, location_fields, .open = true);

static const struct field job_facet_fields[] = {
    FIELD_INSIDE("sourceCodeLocation", .shape = &location_shape),
};
static const struct shape job_facet_shape = SHAPE(struct job, job_facet_fields, .open = true);

static const struct field job_fields[] = {
    FIELD("namespace", STRING, struct job, said.space, .required = true, .min = 1,
          .max = REF_NAMESPACE_MAX),
    FIELD("name", STRING, struct job, said.name, .required = true, .min = 1, .max = REF_NAME_MAX),
    FACETS("facets", struct job, said.facets.facets, said.facets.count),
    FIELD_INSIDE("facets", .nullable = true, .shape = &job_facet_shape),
};
static const struct shape job_shape = SHAPE(struct job, job_fields, .open = true);

struct run {
    struct openlineage_run said;
    bool parent_deleted;
};

static const struct field parent_run_fields[] = {
    FIELD("runId", STRING, struct run, said.parent_id, .nullable = true, .check = check_uuid),
};
static const struct shape parent_run_shape = SHAPE(struct run, parent_run_fields, .open = true);

static const struct field parent_job_fields[] = {
    TEXT_FACET_FIELD("namespace", struct run, said.parent_job_space, REF_NAMESPACE_MAX),
    TEXT_FACET_FIELD("name", struct run, said.parent_job_name, REF_NAME_MAX),
};
static const struct shape parent_job_shape = SHAPE(struct run, parent_job_fields, .open = true);

static const struct field parent_fields[] = {
    FIELD_INSIDE("run", .nullable = true, .shape = &parent_run_shape),
    FIELD_INSIDE("job", .nullable = true, .shape = &parent_job_shape),
    FIELD("_deleted", BOOL, struct run, parent_deleted, .nullable = true),
};
static const struct shape parent_shape = SHAPE(struct run, parent_fields, .open = true);

static const struct field run_facet_fields[] = {
    FIELD_INSIDE("parent", .shape = &parent_shape),
};
static const struct shape run_facet_shape = SHAPE(struct run, run_facet_fields, .open = true);

static const struct field run_fields[] = {
    FIELD("runId", STRING, struct run, said.id, .required = true, .check = check_uuid),
    FACETS("facets", struct run, said.facets.facets, said.facets.count),
    FIELD_INSIDE("facets", .nullable = true, .shape = &run_facet_shape),
};
static const struct shape run_shape = SHAPE(struct run, run_fields, .open = true);

/* ---- events --------------------------------------------------------------------------------- */

struct event {
    struct openlineage_event said;
    const char *schema_url;
    struct run run;
    struct job job;
    struct dataset dataset;
    struct dataset *inputs;
    struct dataset *outputs;
};

#define BASE_FIELDS                                                                                \
    FIELD("eventTime", TIME, struct event, said.time_ms, .required = true),                        \
        FIELD("producer", STRING, struct event, said.producer, .required = true, .min = 1,         \
              .max = URL_MAX, .check = check_uri),                                                 \
        FIELD("schemaURL", STRING, struct event, schema_url, .nullable = true, .max = URL_MAX,     \
              .check = check_uri)

#define JOB_FIELDS                                                                                 \
    FIELD("job", INLINE, struct event, job, .required = true, .shape = &job_shape),                \
        FIELD_ARRAY("inputs", LIST, struct event, inputs, said.input_count, .nullable = true,      \
                    .max = OPENLINEAGE_DATASETS_MAX, .shape = &dataset_shape),                     \
        FIELD_ARRAY("outputs", LIST, struct event, outputs, said.output_count, .nullable = true,   \
                    .max = OPENLINEAGE_DATASETS_MAX, .shape = &dataset_shape)

static const struct field run_event_fields[] = {
    BASE_FIELDS,
    FIELD("eventType", STRING, struct event, said.type, .nullable = true, .check = check_type),
    FIELD("run", INLINE, struct event, run, .required = true, .shape = &run_shape),
    JOB_FIELDS,
};
static const struct field dataset_event_fields[] = {
    BASE_FIELDS,
    FIELD("dataset", INLINE, struct event, dataset, .required = true, .shape = &dataset_shape),
};
static const struct field job_event_fields[] = {
    BASE_FIELDS,
    JOB_FIELDS,
};

static const struct {
    const char *name;   /* in the schema's URL */
    const char *member; /* that only this kind has */
    struct shape shape;
} kinds[] = {
    [OPENLINEAGE_RUN_EVENT] = {"RunEvent",     "run",
                               SHAPE(struct event, run_event_fields,     .open = true)},
    [OPENLINEAGE_DATASET_EVENT] = {"DatasetEvent", "dataset",
                               SHAPE(struct event, dataset_event_fields, .open = true)},
    [OPENLINEAGE_JOB_EVENT] = {"JobEvent",     "job",
                               SHAPE(struct event, job_event_fields,     .open = true)},
};

/* What the schema's URL says, and else what there is; a run event where neither helps. */
static enum openlineage_kind find_kind(const json_t *root)
{
    const char *url = json_string_value(json_object_get(root, "schemaURL"));
    const char *slash = url ? strrchr(url, '/') : NULL;

    for (size_t i = 0; slash && i < ARRAY_LEN(kinds); i++)
        if (strcmp(slash + 1, kinds[i].name) == 0)
            return (enum openlineage_kind)i;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (json_object_get(root, kinds[i].member))
            return (enum openlineage_kind)i;
    return OPENLINEAGE_RUN_EVENT;
}

/* ---- from what was decoded to what is meant ------------------------------------------------- */

static const char *unless_empty(const char *text)
{
    return text && *text ? text : NULL;
}

static struct openlineage_dataset finish_dataset(const struct dataset *dataset)
{
    struct openlineage_dataset said = dataset->said;

    said.version = dataset->version_deleted ? NULL : unless_empty(dataset->version);
    return said;
}

static struct openlineage_dataset *finish_datasets(struct arena *arena,
                                                   const struct dataset *datasets, size_t count)
{
    struct openlineage_dataset *said = arena_array(arena, count, sizeof(*said));

    for (size_t i = 0; i < count; i++)
        said[i] = finish_dataset(&datasets[i]);
    return said;
}

static struct openlineage_event finish(struct arena *arena, const struct event *event,
                                       enum openlineage_kind kind)
{
    struct openlineage_event said = event->said;

    said.kind = kind;
    if (!said.type)
        said.type = "OTHER";
    said.run = event->run.said;
    if (event->run.parent_deleted)
        said.run.parent_id = NULL;
    said.job = event->job.said;
    if (!event->job.location_deleted) {
        said.job.repository = unless_empty(event->job.repo_url);
        if (!said.job.repository)
            said.job.repository = unless_empty(event->job.url);
        said.job.revision = unless_empty(event->job.revision);
    }
    said.dataset = finish_dataset(&event->dataset);
    said.inputs = finish_datasets(arena, event->inputs, said.input_count);
    said.outputs = finish_datasets(arena, event->outputs, said.output_count);
    return said;
}

/* ---- text ----------------------------------------------------------------------------------- */

/* A walk over JSON text that knows strings and brackets only. */
struct scan {
    const char *bytes;
    size_t size;
    size_t at;
    size_t depth;
};

/* Moves behind the string that begins here, or to the end. */
static void skip_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->size && scan->bytes[scan->at] != '"'; scan->at++)
        if (scan->bytes[scan->at] == '\\')
            scan->at++;
    scan->at = scan->at < scan->size ? scan->at + 1 : scan->size;
}

/* Moves by one string or one character, keeping count of the depth. */
static void step(struct scan *scan)
{
    switch (scan->bytes[scan->at]) {
    case '"':
        skip_string(scan);
        return;
    case '{':
    case '[':
        scan->depth++;
        break;
    case '}':
    case ']':
        scan->depth -= scan->depth > 0;
        break;
    default:
        break;
    }
    scan->at++;
}

static void find_line(const char *bytes, size_t at, struct fields_error *error)
{
    error->line = 1;
    error->column = 1;
    for (size_t i = 0; i < at; i++) {
        error->column = bytes[i] == '\n' ? 1 : error->column + 1;
        error->line += bytes[i] == '\n';
    }
}

static int refuse_syntax(struct fields_error *error, const char *why)
{
    (void)snprintf(error->text, sizeof(error->text), "line %u, column %u: %s", error->line,
                   error->column, why);
    utf8_trim(error->text);
    return OPENLINEAGE_E_SYNTAX;
}

/* The parser of JSON recurses: the depth is checked before it starts. */
static int check_depth(const char *bytes, size_t size, struct fields_error *error)
{
    struct scan scan = {bytes, size, 0, 0};

    while (scan.at < size) {
        step(&scan);
        if (scan.depth <= OPENLINEAGE_DEPTH_MAX)
            continue;
        *error = (struct fields_error){0};
        find_line(bytes, scan.at - 1, error);
        return refuse_syntax(error, "nested deeper than 64 levels");
    }
    return 0;
}

/* Numbers may be anything that JSON allows; none of the fields that are read is one. */
static int load(const void *bytes, size_t size, json_t **ret_root, struct fields_error *ret_error)
{
    json_error_t error;
    int r = check_depth(bytes, size, ret_error);

    if (r)
        return r;
    *ret_root = json_loadb(
        bytes, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    if (*ret_root)
        return 0;
    *ret_error = (struct fields_error){
        .line = error.line > 0 ? (unsigned)error.line : 1,
        .column = error.column > 0 ? (unsigned)error.column : 1,
    };
    return refuse_syntax(ret_error, size ? error.text : "no JSON at all: it is empty");
}

int openlineage_parse(const void *bytes, size_t size, struct arena *arena,
                      struct openlineage_event *ret_event, struct fields_error *ret_error)
{
    json_auto_t *root = NULL;
    enum openlineage_kind kind;
    struct event event;
    int r;

    if (size > OPENLINEAGE_EVENT_MAX) {
        (void)fields_refuse(ret_error, "", "the event has %zu bytes, at most %zu are allowed", size,
                            OPENLINEAGE_EVENT_MAX);
        return OPENLINEAGE_E_INVALID;
    }
    r = load(bytes, size, &root, ret_error);
    if (r)
        return r;
    kind = find_kind(root);
    r = fields_decode(&kinds[kind].shape, root, arena, &event, ret_error);
    if (r)
        return OPENLINEAGE_E_INVALID;
    event.said = finish(arena, &event, kind);
    if (openlineage_count_facets(&event.said) > OPENLINEAGE_FACETS_TOTAL_MAX) {
        (void)fields_refuse(ret_error, "", "more than %d facets in one event",
                            OPENLINEAGE_FACETS_TOTAL_MAX);
        return OPENLINEAGE_E_INVALID;
    }
    *ret_event = event.said;
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct openlineage_slice trim(const char *start, const char *end)
{
    while (start < end && is_space(*start))
        start++;
    while (start < end && is_space(end[-1]))
        end--;
    return (struct openlineage_slice){start, (size_t)(end - start)};
}

static int refuse_batch(struct fields_error *error, const char *bytes, size_t at)
{
    *error = (struct fields_error){0};
    find_line(bytes, at, error);
    return refuse_syntax(error, "an array of events is expected");
}

int openlineage_split(const char *bytes, size_t size, struct arena *arena,
                      struct openlineage_slice **ret_slices, size_t *ret_count,
                      struct fields_error *ret_error)
{
    struct openlineage_slice *slices =
        arena_array(arena, OPENLINEAGE_BATCH_EVENTS_MAX, sizeof(*slices));
    struct openlineage_slice text = trim(bytes, bytes + size);
    struct scan scan = {text.bytes, text.size, 1, 1};
    size_t start = 1;
    size_t count = 0;

    if (text.size < 2 || text.bytes[0] != '[')
        return refuse_batch(ret_error, bytes, (size_t)(text.bytes - bytes));
    while (scan.at < text.size && scan.depth > 0) {
        size_t at = scan.at;
        bool ends;

        step(&scan);
        ends = scan.depth == 0;
        if (!ends && (scan.depth > 1 || text.bytes[at] != ','))
            continue;
        struct openlineage_slice slice = trim(text.bytes + start, text.bytes + at);
        start = at + 1;
        if (ends && count == 0 && slice.size == 0)
            break; /* [] */
        if (count == OPENLINEAGE_BATCH_EVENTS_MAX) {
            (void)fields_refuse(ret_error, "", "more than %d events; send them in several batches",
                                OPENLINEAGE_BATCH_EVENTS_MAX);
            return OPENLINEAGE_E_INVALID;
        }
        slices[count++] = slice;
    }
    if (scan.depth > 0 || scan.at < text.size || text.bytes[text.size - 1] != ']')
        return refuse_batch(ret_error, bytes, (size_t)(text.bytes - bytes) + scan.at);
    *ret_slices = slices;
    *ret_count = count;
    return 0;
}

static size_t count_facets(const struct openlineage_dataset *datasets, size_t count)
{
    size_t facets = 0;

    for (size_t i = 0; i < count; i++)
        facets += datasets[i].facets.count + datasets[i].input_facets.count +
                  datasets[i].output_facets.count;
    return facets;
}

size_t openlineage_count_facets(const struct openlineage_event *event)
{
    return event->run.facets.count + event->job.facets.count + count_facets(&event->dataset, 1) +
           count_facets(event->inputs, event->input_count) +
           count_facets(event->outputs, event->output_count);
}

bool openlineage_is_terminal(const char *type)
{
    return strcmp(type, "COMPLETE") == 0 || strcmp(type, "ABORT") == 0 || strcmp(type, "FAIL") == 0;
}
