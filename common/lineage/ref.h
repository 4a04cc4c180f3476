/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAGE_REF_H
#define LINEAGE_REF_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How a node of the lineage graph is named in text, the same in the API, on the command line and
 * in the database (docs/LINEAGE.md):
 *
 *     dataset:NAMESPACE#NAME            a dataset; "dataset:NAME" is of the namespace "default"
 *     dataset:NAMESPACE#NAME@VERSION    one version of it
 *     code:REPOSITORY@REVISION          a code revision
 *     job:NAMESPACE#NAME                what runs are runs of
 *     run:UUID                          one run
 *     model:MODEL@VERSION               a version; "MODEL@VERSION" alone is accepted
 *     model:MODEL@VERSION/RT/HW/PREC    a variant of it
 *     artifact:SHA256                   bytes; "sha256:..." is accepted
 *     deployment:NUMBER                 a change of desired states
 *     device:NAME or device:UUID        a device
 *
 * In foreign names '%', '#', '@', white space and control characters are percent-encoded, so that
 * equal texts are equal nodes and different nodes have different texts.
 */
enum ref_kind {
    REF_DATASET = 1,
    REF_DATASET_VERSION = 2,
    REF_CODE = 3,
    REF_JOB = 4,
    REF_RUN = 5,
    REF_VERSION = 6,
    REF_VARIANT = 7,
    REF_ARTIFACT = 8,
    REF_DEPLOYMENT = 9,
    REF_DEVICE = 10,
};
#define REF_KINDS 11 /* kinds are below it; 0 is none */

#define REF_NAMESPACE_DEFAULT "default"

/* Bytes of foreign names before they are encoded. */
#define REF_NAMESPACE_MAX 1024
#define REF_NAME_MAX 2048
#define REF_REVISION_MAX 256
#define REF_TEXT_MAX 10240 /* of any reference */

/* A reference and its parts, decoded; all in the arena. Parts that a kind does not have are NULL.
 */
struct ref {
    enum ref_kind kind;
    const char *text;     /* canonical */
    const char *space;    /* namespace of a dataset or job */
    const char *name;     /* of dataset, job, model, device; repository; digest; uuid; number */
    const char *revision; /* of a dataset, of code, of a model */
    const char *variant;  /* "onnx/cpu/fp32" */
};

enum {
    REF_E_INVALID = 1, /* ret_why says what is wrong, one sentence in the arena */
};

/* Parses what people type; ret_ref->text is its canonical form. */
int ref_parse(const char *text, struct arena *arena, struct ref *ret_ref,
              const char **ret_why) MUST_CHECK;

/* The canonical texts. Names must be within their limits; an empty version is none. */
const char *ref_dataset(struct arena *arena, const char *space, const char *name,
                        const char *version);
const char *ref_job(struct arena *arena, const char *space, const char *name);
const char *ref_code(struct arena *arena, const char *repository, const char *revision);
const char *ref_run(struct arena *arena, const char *uuid); /* a valid one, of either case */
const char *ref_version(struct arena *arena, const char *model, const char *version);
const char *ref_variant(struct arena *arena, const char *model, const char *version,
                        const char *variant);
const char *ref_artifact(struct arena *arena, const char *hex);
const char *ref_deployment(struct arena *arena, int64_t id);
const char *ref_device(struct arena *arena, const char *name);

/* "dataset-version", the word of a kind in API and command line. */
const char *ref_kind_name(enum ref_kind kind);

/* False where there is no such word. */
bool ref_kind_parse(const char *word, enum ref_kind *ret_kind);

/* 8-4-4-4-12 hex digits, of either case. */
bool ref_is_uuid(const char *text);

#endif
