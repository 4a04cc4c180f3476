/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_TRUST_ROLE_H
#define CLI_TRUST_TRUST_ROLE_H

#include "cli/trust/trust.h"
#include "tuf/role.h"

/* What may be said of the file that the snapshot names for a role. */
enum trust_role_standing {
    TRUST_ROLE_NONE,     /* there is none yet */
    TRUST_ROLE_VERIFIED, /* those have signed it who may */
    TRUST_ROLE_EXPIRED,  /* the same, but it has expired */
    TRUST_ROLE_FORMER,   /* it was verified here, before its keys were changed */
    TRUST_ROLE_STRANGE,  /* none of it */
};

/* Release it. */
struct trust_role {
    enum trust_role_standing standing;
    int64_t version;      /* 0: none */
    struct metadata file; /* document NULL where it is none or strange */
};

/*
 * Judges "targets" or "model-NAME" after a refresh; for a model, the top-level targets must have
 * been trusted by it. What it says of a file never comes from the server alone: the snapshot
 * promises its hash, and its signers are those that verified metadata names.
 *
 * Returns 0, an exit status once reported, or negative.
 */
int trust_role_read(struct trust *trust, const char *role, struct trust_role *ret_role) MUST_CHECK;

/* Whether enough of the keys of another role have signed it too, such as of the one to come. */
bool trust_role_satisfies(const struct trust_role *role, const struct tuf_role *signers);

/* Accepts NULL and a zeroed struct. */
void trust_role_release(struct trust_role *role);

#endif
