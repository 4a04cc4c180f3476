/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_BUILDER_H
#define TUF_BUILDER_H

#include "base/error.h"
#include "tuf/key.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes and edits the `signed` parts of metadata files (TUF 1.0.33, chapter 4), which
 * envelope_build() signs. Whoever publishes uses it: command line, server, tests.
 *
 * Functions that return json_t * give a new reference, or NULL where memory ends; those that return
 * int give 0, or negative where memory ends.
 */
#define BUILDER_SPEC_VERSION "1.0.33"

/*
 * A new part: {"_type", "spec_version", "version", "expires"} and what its type needs, empty.
 * type: "root" (consistent_snapshot true, four roles without keys), "timestamp", "snapshot",
 * "targets". expires_ms is cut to seconds.
 */
json_t *builder_new(const char *type, int64_t version, int64_t expires_ms);

/* A deep copy with the next version and another expiry. */
json_t *builder_next(const json_t *signed_part, int64_t expires_ms);

/* Sets a root's keys and threshold of a top-level role; keys that no role uses any more go. */
int builder_root_role(json_t *root, const char *role, const struct key *keys, size_t count,
                      int64_t threshold) MUST_CHECK;

/* Who speaks for which paths. */
struct builder_delegation {
    const char *name;
    const struct key *keys;
    size_t key_count;
    int64_t threshold;
    const char *const *paths;
    size_t path_count;
    bool terminating;
};

/* Adds a delegation behind the others, or replaces the one of that name where it stands. */
int builder_delegate(json_t *targets, const struct builder_delegation *delegation) MUST_CHECK;

/* Removes one, and keys that nothing uses any more. What is not there is fine. */
int builder_undelegate(json_t *targets, const char *name) MUST_CHECK;

/* Adds or replaces a target. custom may be NULL; its reference is taken, also on failure. */
int builder_target(json_t *targets, const char *path, int64_t length,
                   const uint8_t sha256[static DIGEST_SHA256_SIZE], json_t *custom) MUST_CHECK;

/* Names a file by what is known of it already. */
int builder_listed(json_t *listing, const char *name, int64_t version, int64_t length,
                   const uint8_t sha256[static DIGEST_SHA256_SIZE]) MUST_CHECK;

/* Names a file, its version, length and SHA-256 in a timestamp or snapshot ("targets.json"). */
int builder_meta(json_t *listing, const char *name, int64_t version, const void *bytes,
                 size_t size) MUST_CHECK;

#endif
