/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_AUDIT_AUDIT_KEY_H
#define CORE_AUDIT_AUDIT_KEY_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "core/trust/vault.h"
#include "db/db.h"
#include "tuf/key.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The key with which the server signs what it says about the past of a workspace: reports, and
 * checkpoints of the audit log. One Ed25519 key a workspace, made when first asked for, sealed with
 * the master key. Retired keys are kept, so that what they signed can be checked.
 */

/* What the name of the key says, wherever keys have names. */
#define AUDIT_KEY_NAME "audit"

enum {
    AUDIT_KEY_E_CLOSED = 1, /* no master key: keys.master_file is not configured */
    AUDIT_KEY_E_SEALED = 2, /* sealed with another master key: restore that, or rotate */
};

struct audit_key_place {
    const struct vault *vault;
    int64_t workspace_id;
    const struct audit_actor *actor; /* who is recorded where a key is made */
    int64_t now_ms;
};

/*
 * The key in use; makes one where there is none. Inside a tx_run, and before anything is recorded
 * in it (core/audit/audit.h).
 *
 * ret_pair  with its secret; key_pair_release()
 *
 * Returns 0, AUDIT_KEY_E_*, or negative.
 */
int audit_key_open(struct db *db, const struct audit_key_place *place,
                   struct key_pair *ret_pair) MUST_CHECK;

/* The same without the secret, also where that cannot be opened. Returns 0, AUDIT_KEY_E_CLOSED
 * where there is no key and none can be made, or negative. */
int audit_key_offer(struct db *db, const struct audit_key_place *place,
                    struct key *ret_key) MUST_CHECK;

/* Retires the key in use and makes another. Inside a tx_run, as above. Returns 0,
 * AUDIT_KEY_E_CLOSED, or negative. */
int audit_key_rotate(struct db *db, const struct audit_key_place *place,
                     struct key *ret_key) MUST_CHECK;

struct audit_key_item {
    struct key key;
    int64_t created_ms;
    int64_t retired_ms; /* 0: in use */
};

/* All keys there ever were, newest first; in the arena. */
int audit_key_list(struct db *db, int64_t workspace_id, struct arena *arena,
                   struct audit_key_item **ret_items, size_t *ret_count) MUST_CHECK;

#endif
