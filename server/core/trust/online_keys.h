/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TRUST_ONLINE_KEYS_H
#define CORE_TRUST_ONLINE_KEYS_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "core/trust/vault.h"
#include "db/db.h"
#include "db/q_tuf.h"
#include "tuf/key.h"
#include "tuf/role.h"

#include <stddef.h>

/*
 * The keys with which the server itself signs: one a repository, made when first asked for. The
 * audit key (core/audit/audit_key.h) is kept here too, as that of the repository "audit".
 */

enum {
    ONLINE_KEYS_E_CLOSED = 1, /* no master key: keys.master_file is not configured */
    ONLINE_KEYS_E_NONE = 2,   /* the role names no key of ours */
    ONLINE_KEYS_E_SEALED = 3, /* sealed with another master key */
};

/*
 * The public key that a new root should name; makes one where there is none. Inside a tx_run that
 * holds q_tuf_lock. Returns 0, ONLINE_KEYS_E_CLOSED, or negative.
 */
int online_keys_offer(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                      const struct audit_actor *actor, int64_t now_ms,
                      struct key *ret_key) MUST_CHECK;

/* Retires those there are, so that the next offer is a new one. Inside a tx_run, too. Returns 0,
 * ONLINE_KEYS_E_CLOSED, or negative. */
int online_keys_rotate(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                       const struct audit_actor *actor, int64_t now_ms,
                       struct key *ret_key) MUST_CHECK;

/*
 * One of our keys that a role names, retired or not, as many as its threshold asks for (one).
 *
 * ret_pair  key_pair_release()
 *
 * Returns 0, ONLINE_KEYS_E_*, or negative.
 */
int online_keys_open(struct db *db, const struct vault *vault, const struct q_tuf_place *place,
                     const struct tuf_role *role, struct key_pair *ret_pair) MUST_CHECK;

/* The one that is not retired. ret_pair: key_pair_release(). Returns 0, ONLINE_KEYS_E_* (NONE:
 * there is none), or negative. */
int online_keys_open_newest(struct db *db, const struct vault *vault,
                            const struct q_tuf_place *place, struct key_pair *ret_pair) MUST_CHECK;

/* The public half of a stored one. Returns 0 or negative. */
int online_keys_public(const struct q_tuf_online_key *row, struct key *ret_key) MUST_CHECK;

#endif
