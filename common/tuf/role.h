/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_ROLE_H
#define TUF_ROLE_H

#include "base/error.h"
#include "tuf/key.h"
#include "tuf/metadata.h"

/*
 * Who may sign: a threshold of some keys out of a map of keys. Borrowed from the root, or from the
 * targets file that delegates.
 */
struct tuf_role {
    const json_t *keys;   /* keyid -> key object */
    struct keyset *set;   /* the same, as far as they were asked for; the file's */
    const json_t *keyids; /* array */
    int64_t threshold;
};

enum {
    ROLE_E_SIGNATURE = 1,
};

/* The role that a root file gives to a top-level type (TUF 1.0.33, 4.3). */
struct tuf_role role_of_root(const struct metadata *root, enum metadata_type type);

/* Whether the role names that key, under whatever id. */
bool role_names_key(const struct tuf_role *role, const struct key *key);

/*
 * The keys that it names, for who makes the next one.
 *
 * ret_keys  holds capacity keys
 *
 * Returns 0, or ROLE_E_SIGNATURE where there are more, or one that cannot be read.
 */
int role_keys(const struct tuf_role *role, struct key *ret_keys, size_t capacity, size_t *ret_count,
              struct reason *reason) MUST_CHECK;

/* Whether both name the same keys, in any order. A changed threshold alone is no rotation. */
bool role_same_keys(const struct tuf_role *a, const struct tuf_role *b);

/*
 * Verifies a file's signatures (5.3.4, 5.4.2, 5.5.3, 5.6.3): good ones of at least `threshold` of
 * the role's keys. Each key counts once, also one that hides behind two keyids. Signatures by other
 * keys, and bad ones, are passed over; a keyid that signs twice refuses the file (4.2).
 *
 * Returns 0, ROLE_E_SIGNATURE with the reason, or negative when fatal.
 */
int role_verify(const struct tuf_role *role, const struct metadata *metadata,
                struct reason *reason) MUST_CHECK;

/*
 * How many keys of the role have signed, each counted once: who collects signatures wants to know.
 * Returns 0, ROLE_E_SIGNATURE (a keyid signs twice), or negative.
 */
int role_count(const struct tuf_role *role, const struct metadata *metadata, int64_t *ret_count,
               struct reason *reason) MUST_CHECK;

#endif
