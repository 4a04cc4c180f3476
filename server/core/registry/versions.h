/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_REGISTRY_VERSIONS_H
#define CORE_REGISTRY_VERSIONS_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "core/registry/formats.h"
#include "db/db.h"
#include "db/q_variant.h"
#include "db/q_version.h"
#include "tuf/envelope.h"
#include "tuf/key.h"
#include "json/fields.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The registry of versions. A version that is not signed is a draft, which no device can get. It
 * becomes published, and immutable, by a signature of one of its model's keys, and only once all
 * of its artifacts are stored: nothing is visible before it is whole.
 */

enum {
    VERSIONS_E_SYNTAX = 33,    /* not JSON; failure.error */
    VERSIONS_E_UNKNOWN = 34,   /* a member that is not known; failure.error */
    VERSIONS_E_INVALID = 35,   /* not an envelope, or not a manifest; failure.error */
    VERSIONS_E_LARGE = 36,     /* the envelope is beyond MANIFEST_SIZE_MAX */
    VERSIONS_E_MODEL = 37,     /* no such model */
    VERSIONS_E_MISSING = 38,   /* no such version */
    VERSIONS_E_EXISTS = 39,    /* the model has that version, with other bytes; failure.exists */
    VERSIONS_E_SIGNATURE = 40, /* does not verify; failure.keyids */
    VERSIONS_E_ARTIFACTS = 41, /* bytes are not stored; failure.missing */
    VERSIONS_E_PUBLISHED = 42, /* it is published, and so immutable */
    VERSIONS_E_ARCHIVED = 43,  /* the model is archived */
    VERSIONS_E_FORMAT = 44,    /* its files are not what they should be; failure.format */
    VERSIONS_E_DELETED = 45,   /* the model had that version, which was deleted; failure.exists */
};

/* What the caller needs to say what is wrong. Strings live in the arena. */
struct versions_failure {
    struct fields_error error;
    struct q_version exists;     /* the version that is in the way */
    bool exists_same;            /* as a draft with the same contents */
    char (*keyids)[KEY_ID_SIZE]; /* the model's keys that are not revoked */
    size_t keyid_count;
    size_t bad_count;     /* signatures by one of these that do not verify */
    size_t unknown_count; /* signatures by none of these */
    struct q_variant_missing *missing;
    size_t missing_count;
    struct formats_failure format;
};

/* Whose version it is, and who acts. */
struct versions_place {
    int64_t workspace_id;
    const char *model;
    const struct audit_actor *actor;
    int64_t now_ms;
};

/*
 * Takes an envelope: with a good signature the version is published at once, with none it is a
 * draft. The model files of what is published were read (core/registry/formats.h). Of several that
 * submit the same version at the same time one succeeds. The same bytes again are a success.
 *
 * ret_created  false: it was there already, with the same bytes
 *
 * Returns 0, SYNTAX, UNKNOWN, INVALID, LARGE, MODEL, ARCHIVED, EXISTS, DELETED, SIGNATURE,
 * ARTIFACTS, FORMAT, or negative.
 */
int versions_submit(struct db *db, const struct versions_place *place, const void *bytes,
                    size_t size, struct arena *arena, struct q_version *ret_version,
                    bool *ret_created, struct versions_failure *ret_failure) MUST_CHECK;

/*
 * Publishes a draft with signatures over its `signed`. Signatures that a published version bears
 * already are a success.
 *
 * Returns 0, LARGE, MODEL, MISSING, SIGNATURE, ARTIFACTS, FORMAT, PUBLISHED, or negative.
 */
int versions_sign(struct db *db, const struct versions_place *place, const char *version,
                  const struct envelope_signature *signatures, size_t count, struct arena *arena,
                  struct q_version *ret_version, struct versions_failure *ret_failure) MUST_CHECK;

/* Removes a draft. Returns 0, MODEL, MISSING, PUBLISHED, or negative. */
int versions_delete_draft(struct db *db, const struct versions_place *place,
                          const char *version) MUST_CHECK;

/* With what was read from its files. Returns 0, MODEL, MISSING, or negative. */
int versions_find(struct db *db, const struct versions_place *place, const char *version,
                  struct arena *arena, struct q_version *ret_version) MUST_CHECK;

/* Newest first, as q_version_list. Returns 0, MODEL, or negative. */
int versions_list(struct db *db, const struct versions_place *place, const char *status,
                  int64_t before_id, int64_t limit, struct arena *arena,
                  struct q_version_page *ret_page) MUST_CHECK;

/* The envelope, verbatim. Returns 0, MODEL, MISSING, or negative. */
int versions_manifest(struct db *db, const struct versions_place *place, const char *version,
                      struct arena *arena, struct q_version_manifest *ret_manifest) MUST_CHECK;

#endif
