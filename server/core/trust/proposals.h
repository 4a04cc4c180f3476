/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TRUST_PROPOSALS_H
#define CORE_TRUST_PROPOSALS_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "core/trust/image.h"
#include "core/trust/vault.h"
#include "db/db.h"
#include "tuf/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Metadata that people sign on their own machines: root (both repositories), top-level targets and
 * the roles of models (image repository). A file that enough of its signers have signed comes into
 * force; until then it is a proposal to which others add their signatures.
 *
 * The server accepts what a client would accept (TUF 1.0.33, 5.3 and 5.6), and what the rules of
 * model/rules and core/trust/image_rules ask for besides.
 */
enum {
    PROPOSALS_E_ROLE = 64,      /* no such role in this repository */
    PROPOSALS_E_FORMAT = 65,    /* not such a file, or it breaks a rule; reason */
    PROPOSALS_E_VERSION = 66,   /* not the version that comes next; reason, expected_version */
    PROPOSALS_E_SIGNATURE = 67, /* no good signature of anybody who may sign it; reason */
    PROPOSALS_E_PENDING = 68,   /* another proposal for the role is pending; reason */
    PROPOSALS_E_MISSING = 69,   /* no proposal is pending */
    PROPOSALS_E_CLOSED = 70,    /* no master key: the server cannot sign its part */
    PROPOSALS_E_EXPIRED = 71,   /* it has expired, or will within the hour */
};

struct proposals_place {
    int64_t workspace_id;
    const char *repository; /* "image" or "director" */
    const char *role;
    const struct audit_actor *actor;
    int64_t now_ms;
    const struct vault *vault;
    const struct image_lifetimes *lifetimes;
};

struct proposals_result {
    bool in_force;      /* false: pending */
    int64_t version;    /* of the file */
    int64_t signatures; /* good ones */
    int64_t threshold;  /* so many are needed (of the new root's; old_threshold of the old one) */
    int64_t old_signatures;
    int64_t old_threshold; /* 0: there is no old root, or it is no root */
    int64_t expected_version;
    struct reason reason; /* where it was refused */
};

/*
 * Takes a file. The same one again adds its signatures to what is pending.
 * Returns 0, PROPOSALS_E_*, or negative.
 */
int proposals_submit(struct db *db, const struct proposals_place *place, const void *bytes,
                     size_t size, struct proposals_result *ret_result) MUST_CHECK;

/* Withdraws what is pending. Returns 0, PROPOSALS_E_MISSING, or negative. */
int proposals_withdraw(struct db *db, const struct proposals_place *place) MUST_CHECK;

#endif
