/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TRUST_H
#define AGENT_TRUST_H

#include "agent/store.h"
#include "base/error.h"
#include "tuf/envelope.h"
#include "tuf/key.h"

#include <stddef.h>

/*
 * Whose models this device may run: the publishers' public keys that were pinned at enrolment.
 * The server has no say in it. Who decides differently (a TUF root) replaces this module; the rest
 * of the agent asks trust_verify() and nothing else.
 */

#define TRUST_KEYS_MAX 64

struct trust {
    struct key *keys;
    size_t count;
};

enum {
    TRUST_E_NONE = 1,       /* no key is pinned */
    TRUST_E_BROKEN = 2,     /* a key file cannot be used: ret_detail says which, and why */
    TRUST_E_UNVERIFIED = 3, /* no trusted key has signed this: ret_detail says who has */
};

#define TRUST_DETAIL_SIZE 512

/* Pins the public half of a key file; pinning it again is fine. Returns 0 or TRUST_E_BROKEN. */
int trust_pin(const struct store *store, const char *key_file,
              char ret_detail[static TRUST_DETAIL_SIZE]) MUST_CHECK;

int trust_load(const struct store *store, struct trust *ret_trust,
               char ret_detail[static TRUST_DETAIL_SIZE]) MUST_CHECK;

/* Whether a trusted publisher of this model has signed. Returns 0, TRUST_E_UNVERIFIED, negative. */
int trust_verify(const struct trust *trust, const char *workspace, const char *model,
                 const struct envelope *envelope,
                 char ret_detail[static TRUST_DETAIL_SIZE]) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void trust_release(struct trust *trust);

#endif
