/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_REVIEW_H
#define CLI_TRUST_REVIEW_H

#include "cli/trust/trust_role.h"
#include "cli/trust/workspace.h"
#include "tuf/role.h"

#include <stdbool.h>

/*
 * A file that waits for signatures, checked before anybody here signs it: against what was signed
 * before, as it was verified here, and against the rules that the server has for it too.
 */
struct review {
    struct workspace *workspace;
    struct cli *cli;
    const char *repository;
    const char *role;
    struct metadata pending;
    struct metadata root;     /* of a root: the one before it; document NULL: none */
    struct trust_role file;   /* of anything else: the one before it */
    struct tuf_role roles[2]; /* whose keys sign it */
    size_t role_count;
    const json_t *before; /* the `signed` part; NULL: nothing that was verified here */
};

/*
 * Fetches and checks it. ret_review: review_release() it in any case.
 *
 * Returns 0, CLI_UNVERIFIED once reported where it must not be signed, another status, or negative.
 */
int review_pending(struct workspace *workspace, const char *repository, const char *role,
                   struct review *ret_review) MUST_CHECK;

/* Whether the key is one of those that sign it. */
bool review_concerns(const struct review *review, const struct key *key);

/* Reports that it is not. Returns CLI_FAILED. */
int review_refuse_key(struct review *review);

void review_release(struct review *review);

#endif
