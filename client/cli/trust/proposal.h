/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TRUST_PROPOSAL_H
#define CLI_TRUST_PROPOSAL_H

#include "cli/server.h"
#include "tuf/key.h"

#include <jansson.h>

/* Metadata that people sign: signing it here and bringing it to the server. */

/* One file. */
struct proposal {
    const char *repository; /* "image" or "director" */
    const char *role;
    const json_t *part;        /* what is signed */
    json_t *const *signatures; /* of others, so far; borrowed */
    size_t signature_count;
    const struct signer *signers; /* who signs here; borrowed */
    size_t signer_count;
};

/* What the server made of it. */
struct proposal_outcome {
    bool in_force;
    int64_t signatures;
    int64_t threshold;
    int64_t old_signatures;
    int64_t old_threshold;
    int64_t expected_version; /* where the version was taken by another: PROPOSAL_E_VERSION */
};

enum {
    PROPOSAL_E_VERSION = -100, /* another one was quicker: refresh and build it anew */
};

/* Signs: the envelope, with others' signatures before ours. */
int proposal_sign(const struct proposal *proposal, json_t **ret_envelope) MUST_CHECK;

/* Brings an envelope to the server. Returns as proposal_submit(). */
int proposal_send(struct server *server, const struct proposal *proposal, const json_t *envelope,
                  struct proposal_outcome *ret_outcome) MUST_CHECK;

/*
 * Signs and submits.
 *
 * ret_envelope  what was submitted; a new reference; may be NULL
 *
 * Returns 0, PROPOSAL_E_VERSION, an exit status once it reported, or negative.
 */
int proposal_submit(struct server *server, const struct proposal *proposal,
                    struct proposal_outcome *ret_outcome, json_t **ret_envelope) MUST_CHECK;

/* Says what became of it. */
void proposal_print(struct cli *cli, const struct proposal *proposal,
                    const struct proposal_outcome *outcome);

#endif
