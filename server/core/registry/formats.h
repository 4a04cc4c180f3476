/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_FORMATS_H
#define CORE_REGISTRY_FORMATS_H

#include "base/arena.h"
#include "db/db.h"
#include "model/manifest.h"

#include <stdint.h>

/*
 * The model files of a version, read from the database before the version becomes visible
 * (common/format). What they say is stored; what they must not be is refused.
 */

enum {
    FORMATS_E_ARTIFACT = 33,   /* a file is truncated, damaged, or beyond what is read */
    FORMATS_E_FORMAT = 34,     /* a file, or all of them, are not of the variant's format */
    FORMATS_E_INCOMPLETE = 35, /* a file lacks another one, or the part of it that it needs */
    FORMATS_E_SIGNATURE = 36,  /* the declared signature contradicts the file */
};

struct formats_failure {
    int outcome;          /* one of these; 0: none */
    const char *variant;  /* "onnx/cpu/fp32" */
    const char *artifact; /* its name; NULL: none alone */
    const char *reason;   /* of FORMATS_E_ARTIFACT: of format/fault.h, "truncated"; or NULL */
    const char *text;     /* a sentence */
};

/* Which of a version's variants the manifest describes. */
struct formats_place {
    int64_t workspace_id;
    int64_t version_id;
    int64_t first_variant;             /* position in the version of the manifest's first one */
    const struct signature *signature; /* what is declared where the manifest says nothing */
};

/*
 * Reads all files and stores what they say; inside the tx_run that publishes. All artifacts are
 * stored. Memory is bounded whatever the files claim.
 *
 * Returns 0, an outcome above with the failure filled (strings in the arena), or negative.
 */
int formats_take(struct db *db, const struct formats_place *place, const struct manifest *manifest,
                 struct arena *arena, struct formats_failure *ret_failure) MUST_CHECK;

#endif
