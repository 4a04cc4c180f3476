/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_METADATA_H
#define TUF_METADATA_H

#include "base/error.h"
#include "crypto/digest.h"
#include "tuf/reason.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * TUF metadata files, parsed and checked for shape (TUF 1.0.33, chapter 4). Nothing here trusts
 * anything: signatures are role_verify's, order and expiry are the updater's.
 */
enum metadata_type {
    METADATA_ROOT,
    METADATA_TIMESTAMP,
    METADATA_SNAPSHOT,
    METADATA_TARGETS,
};

#define METADATA_TYPES 4

/* "root", "timestamp", "snapshot", "targets" */
const char *metadata_type_name(enum metadata_type type);

enum {
    METADATA_E_FORMAT = 1,   /* not such a file */
    METADATA_E_MISMATCH = 2, /* length or hash differ from what was promised */
};

struct keyset;

/* One file. Document and keys are owned; everything else borrows from the document. */
struct metadata {
    enum metadata_type type;
    json_t *document; /* {"signatures", "signed"}; NULL: none */
    const json_t *signed_part;
    struct keyset *keys; /* that it names for others; NULL: none */
    int64_t version;     /* at least 1 */
    int64_t expires_ms;  /* since 1970 */
};

/*
 * Parses a file of the given type; the caller has bounded its size.
 * Returns 0, METADATA_E_FORMAT, or negative when fatal.
 */
int metadata_parse(enum metadata_type type, const char *bytes, size_t size,
                   struct metadata *ret_metadata, struct reason *reason) MUST_CHECK;

/* Moves it out, and leaves it empty. */
struct metadata metadata_take(struct metadata *metadata);

/* Leaves it empty. Accepts NULL and a zeroed struct. */
void metadata_release(struct metadata *metadata);

/* Whether a root file says that the repository writes consistent snapshots (6.2). */
bool metadata_consistent(const struct metadata *root);

/* What one file says of another: its version, and perhaps its length and hashes. */
struct metadata_file {
    int64_t version;
    int64_t length;       /* -1: not said */
    const json_t *hashes; /* NULL: not said */
};

/* timestamp's word on "snapshot.json"; snapshot's word on "<role>.json". False: not listed. */
bool metadata_file(const struct metadata *metadata, const char *name,
                   struct metadata_file *ret_file);

/* The same for a role's name, to which ".json" is added here. */
bool metadata_file_of_role(const struct metadata *snapshot, const char *role,
                           struct metadata_file *ret_file);

/*
 * Checks bytes against length and hashes, as far as they are said; where hashes are said, at least
 * one of them must be of an algorithm known here (sha256, sha512).
 * Returns 0 or METADATA_E_MISMATCH.
 */
int metadata_file_check(const struct metadata_file *file, const char *bytes, size_t size,
                        struct reason *reason) MUST_CHECK;

/* One target, borrowed from its targets file. */
struct metadata_target {
    const char *path;
    int64_t length; /* bytes */
    const json_t *hashes;
    const json_t *custom; /* or NULL */
};

/* False: this file does not list it. */
bool metadata_target(const struct metadata *targets, const char *path,
                     struct metadata_target *ret_target);

/*
 * Hashes a target's bytes as they come, by every algorithm known here, and compares in the end:
 * metadata_hasher_init, _update ..., _matches.
 */
struct metadata_hasher {
    struct digest_sha256 sha256;
    struct digest_sha512 sha512;
    uint64_t size_bytes;
};

void metadata_hasher_init(struct metadata_hasher *hasher);
void metadata_hasher_update(struct metadata_hasher *hasher, const void *bytes, size_t size);
bool metadata_hasher_matches(const struct metadata_hasher *hasher,
                             const struct metadata_target *target);

/* The hash that names a target under consistent snapshots: sha256 where it is given, else sha512;
 * NULL where no algorithm is known. */
const char *metadata_target_hash(const struct metadata_target *target);

#endif
