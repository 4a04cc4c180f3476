/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TRUST_H
#define AGENT_TRUST_H

#include "agent/config.h"
#include "agent/pinned_keys.h"
#include "agent/roots.h"
#include "agent/store.h"
#include "base/error.h"

/*
 * Whose models this device may run. One of two modes, chosen at enrolment by whoever sets the
 * device up, and by nobody else:
 *
 *     roots   TUF and Uptane: what director and image repository agree on, both reached from the
 *             roots that were pinned
 *     keys    any version that one of the pinned publishers' keys has signed
 *
 * A device with roots never falls back to keys.
 */
enum trust_mode {
    TRUST_KEYS,
    TRUST_ROOTS,
};

struct trust {
    enum trust_mode mode;
    struct pinned_keys keys; /* TRUST_KEYS */
    struct roots roots;      /* TRUST_ROOTS */
};

enum {
    TRUST_E_NONE = 1,   /* neither roots nor keys are pinned */
    TRUST_E_BROKEN = 2, /* what is pinned cannot be used: ret_detail says why */
};

#define TRUST_DETAIL_SIZE 512

/* "keys", "roots" */
const char *trust_mode_name(enum trust_mode mode);

/*
 * Whether `enroll` was told something to trust, or was told so before; changes nothing.
 *
 * ret_workspace  the one that the roots are of; "": keys are trusted, in any
 *
 * Returns 0, TRUST_E_NONE, TRUST_E_BROKEN, or negative.
 */
int trust_check(const struct store *store, const struct config *config,
                char ret_workspace[static NAME_MAX_BYTES + 1],
                char ret_detail[static TRUST_DETAIL_SIZE]) MUST_CHECK;

/*
 * Pins durably what `enroll` was told: with --root the mode becomes `roots` and pinned keys are
 * forgotten; --trust adds a key, and is refused where roots are pinned; with neither, what was
 * pinned before stays.
 *
 * Returns 0, TRUST_E_NONE, TRUST_E_BROKEN, or negative.
 */
int trust_enroll(const struct store *store, const struct config *config,
                 char ret_detail[static TRUST_DETAIL_SIZE]) MUST_CHECK;

/* Returns 0, TRUST_E_NONE, TRUST_E_BROKEN, or negative. */
int trust_load(const struct store *store, struct trust *ret_trust,
               char ret_detail[static TRUST_DETAIL_SIZE]) MUST_CHECK;

/* Accepts NULL and a zeroed struct. */
void trust_release(struct trust *trust);

#endif
