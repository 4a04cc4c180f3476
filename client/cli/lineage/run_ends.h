/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_ENDS_H
#define CLI_LINEAGE_RUN_ENDS_H

#include "cli/cli.h"
#include "cli/interrupt.h"
#include "crypto/digest.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a run reads and writes, as `modelferry run --in X --out X` names it:
 *
 *     FILE                      its bytes: an artifact, by their SHA-256
 *     DIRECTORY                 a dataset of the namespace "file", whose version is the digest of
 *                               all that is below it (run_tree.h)
 *     dataset:NAME=PATH         the same for a dataset with a name of its own
 *     REFERENCE                 a dataset, with its version, or a version or variant of a model, or
 *                               an artifact: nothing is read (only --in)
 */
struct run_end {
    const char *said;    /* as on the command line, for messages */
    const char *path;    /* NULL: a reference */
    const char *space;   /* of the dataset in OpenLineage's sense */
    const char *name;    /* filled by run_ends_hash() for an artifact */
    const char *version; /* NULL: none */
    bool is_artifact;    /* its name is its digest */
    bool hashed;
    uint64_t size_bytes;
    uint64_t file_count; /* of a directory; 0: a file */
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

struct run_ends {
    struct run_end *ends;
    size_t count;
};

/* Reads the words of a flag. Returns 0, CLI_USAGE once reported, or negative. */
int run_ends_read(struct cli *cli, const char *flag, const struct options_list *said,
                  bool references, struct run_ends *ret_ends) MUST_CHECK;

/*
 * Hashes what is named by a path. missing_ok: what is not there is left unhashed, and *ret_missing
 * (may be NULL) names the first.
 *
 * Returns 0, an exit status once reported, or negative.
 */
int run_ends_hash(struct cli *cli, struct interrupt *interrupt, struct run_ends *ends,
                  bool missing_ok, const char **ret_missing) MUST_CHECK;

/* As datasets of an OpenLineage event, a new reference; what was to be hashed and was not is left
 * out. NULL where memory ends. */
json_t *run_ends_encode(const struct run_ends *ends);

#endif
