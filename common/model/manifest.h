/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_MANIFEST_H
#define MODEL_MANIFEST_H

#include "base/arena.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "model/signature.h"
#include "model/variant.h"
#include "json/fields.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a publisher signs of a version (docs/PROTOCOL.md, Manifest). */

#define MANIFEST_SIZE_MAX ((size_t)1 << 20) /* of the envelope, in bytes */
#define MANIFEST_VARIANTS_MAX 64
#define MANIFEST_ARTIFACTS_MAX 64 /* a variant */
#define MANIFEST_PAIRS_MAX 1000   /* tags, metrics, params, each */
#define MANIFEST_DESCRIPTION_MAX 16384
#define MANIFEST_FROM_MAX 100
#define MANIFEST_ARTIFACT_LENGTH_MAX ((int64_t)1 << 50)

struct manifest_artifact {
    const char *name;
    int64_t length; /* bytes */
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

struct manifest_variant {
    struct variant id;
    struct manifest_artifact *artifacts; /* at least one, names unique */
    size_t artifact_count;
    const struct signature *signature; /* NULL: that of the manifest */
};

/* Strings and arrays live in the arena of who decoded it, or are borrowed from who fills it. */
struct manifest {
    const char *workspace;
    const char *model;
    const char *version;
    int64_t created_ms;
    const char *description; /* NULL: none */
    int64_t release_counter; /* 0: none; devices never go below the highest that they served */
    struct fields_pair *tags;
    size_t tag_count;
    struct fields_pair *metrics; /* values are decimal numbers */
    size_t metric_count;
    struct fields_pair *measured_on; /* what some of the metrics were measured on */
    size_t measured_on_count;
    struct fields_pair *params;
    size_t param_count;
    struct manifest_variant *variants; /* at least one, ids unique */
    size_t variant_count;
    const char **from; /* what it was made from: references (lineage/ref.h), not checked here */
    size_t from_count;
    /* Of a variant that is added to a version later: the digest of the version's own envelope. All
     * zeros: it is a version. */
    uint8_t adds_to[DIGEST_SHA256_SIZE];
    const struct signature *signature; /* NULL: none is declared */
};

/* Whether it is a document that adds its one variant to a version. */
bool manifest_is_addition(const struct manifest *manifest);

/*
 * Decodes and checks the `signed` part of a manifest's envelope. Members that we do not know are
 * allowed at every level: they are part of what is signed.
 *
 * Returns 0, or FIELDS_E_INVALID with the member and the reason in ret_error, such as
 * "variants[0].artifacts[1].hashes.sha256: 64 lower-case hex digits expected".
 */
int manifest_decode(const json_t *signed_part, struct arena *arena, struct manifest *ret_manifest,
                    struct fields_error *ret_error) MUST_CHECK;

/* The `signed` part as a new reference; NULL where memory ends. Decode it to check it. */
json_t *manifest_encode(const struct manifest *manifest);

/* What a metric was measured on; "" where the manifest does not say. */
const char *manifest_dataset(const struct manifest *manifest, const char *metric);

/* The variant "runtime/hardware/precision", or NULL. */
const struct manifest_variant *manifest_find(const struct manifest *manifest, const char *variant);

/* The first variant that fits, or NULL. */
const struct manifest_variant *manifest_pick(const struct manifest *manifest,
                                             const struct variant_capability *capabilities,
                                             size_t capability_count);

#endif
