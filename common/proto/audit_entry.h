/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTO_AUDIT_ENTRY_H
#define PROTO_AUDIT_ENTRY_H

#include "base/error.h"
#include "crypto/digest.h"

#include <jansson.h>
#include <stdint.h>

/*
 * One entry of a workspace's audit log (docs/AUDIT.md): a change, by whom, from where, before and
 * after. Entries are numbered without gaps, and each holds the digest of the one before it.
 *
 * An entry's digest is the SHA-256 of the canonical JSON of audit_entry_encode(): what is shown of
 * it, but for the member "hash". Whoever has the entries can check them without us.
 */

/* Who changed something. */
struct audit_actor {
    const char *kind; /* "token", "device", "enrolment" (a device with such a token), "server" */
    int64_t id;       /* of the token, device or enrolment; 0: the server itself */
    const char *name;
    const char *role;    /* of the token; "" where there is none */
    const char *address; /* numeric, of the peer; "" on the server's own machine */
};

struct audit_entry {
    const char *workspace; /* its name */
    int64_t seq;           /* from 1 */
    int64_t at_ms;
    struct audit_actor actor;
    const char *action;                   /* "alias.set" */
    const char *kind;                     /* of the object: "model" */
    const char *object;                   /* which: "digits" */
    json_t *before;                       /* borrowed; NULL: it was not there */
    json_t *after;                        /* borrowed; NULL: it is gone */
    uint8_t previous[DIGEST_SHA256_SIZE]; /* digest of the entry before; zeros for the first */
};

/* A new reference; NULL where memory ends. */
json_t *audit_entry_encode(const struct audit_entry *entry);

/* Returns 0, or negative where it is beyond what canonical JSON can hold (tuf/canon.h). */
int audit_entry_digest(const struct audit_entry *entry,
                       uint8_t ret_digest[static DIGEST_SHA256_SIZE]) MUST_CHECK;

#endif
