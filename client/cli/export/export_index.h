/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_EXPORT_INDEX_H
#define CLI_EXPORT_EXPORT_INDEX_H

#include "base/arena.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdint.h>

/* The index of an export, and what its members are called (docs/LIFECYCLE.md). */
#define EXPORT_INDEX_TYPE "modelferry-export"
#define EXPORT_INDEX_FORMAT 1
#define EXPORT_INDEX_MAX ((size_t)256 << 20)
/* Folders of the file; what they hold is called by its SHA-256, in hex. */
#define EXPORT_INDEX_MANIFEST "manifests"
#define EXPORT_INDEX_ARTIFACT "artifacts"
#define EXPORT_INDEX_EVENT "events"

struct export_index_metric {
    const char *name;
    const char *value;
    const char *dataset; /* NULL: not said */
};

/* What the publisher did not sign. */
struct export_index_notes {
    struct fields_pair *tags;
    size_t tag_count;
    struct fields_pair *params;
    size_t param_count;
    struct export_index_metric *metrics;
    size_t metric_count;
    const char *card; /* NULL: none */
};

/* A signed document: the version's own, or that of a variant which was added to it. */
struct export_index_document {
    const char *variant; /* "onnx/cpu/int8"; NULL of a version's own */
    const char *sha256;  /* in hex */
};

struct export_index_version {
    const char *version;
    struct export_index_document own;
    struct export_index_document *added; /* in the order they came */
    size_t added_count;
    struct export_index_notes notes;
    const json_t *approvals; /* as the server gave them, withdrawn ones too; borrowed; NULL: none */
};

/* Of a model alone; what a workspace demands is its own. */
struct export_index_rules {
    int64_t approvals;
    struct fields_pair *aliases; /* protected: the role that may move each */
    size_t alias_count;
};

struct export_index_retention {
    int64_t newest;
    int64_t days;       /* 0: age keeps none */
    int64_t grace_days; /* 0: as the server has it */
};

struct export_index_model {
    const char *name;
    const char *description; /* NULL: none */
    struct fields_pair *tags;
    size_t tag_count;
    const char *card;
    const json_t *keys; /* as the server gave them; borrowed */
    struct fields_pair *aliases;
    size_t alias_count;
    struct export_index_rules *rules;         /* NULL: it has none */
    struct export_index_retention *retention; /* NULL: every version is kept */
    struct export_index_version *versions;    /* newest first */
    size_t version_count;
};

struct export_index {
    struct export_index_model *models;
    size_t model_count;
    size_t version_count; /* of all models */
};

enum {
    EXPORT_INDEX_E_OTHER = 1,   /* something else than an export */
    EXPORT_INDEX_E_FORMAT = 2,  /* a later modelferry wrote it */
    EXPORT_INDEX_E_INVALID = 3, /* ret_error says where */
};

/*
 * Reads an index that was parsed, strictly: every name, digest and number is of its kind.
 *
 * value      borrowed as long as the result
 * ret_index  in the arena
 *
 * Returns 0, or one of the above.
 */
int export_index_read(const json_t *value, struct arena *arena, struct export_index *ret_index,
                      struct fields_error *ret_error) MUST_CHECK;

#endif
