/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_ENROLMENT_H
#define DB_Q_ENROLMENT_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

enum {
    Q_ENROLMENT_E_MISSING = 16,
    Q_ENROLMENT_E_USED_UP = 17,
};

/* Strings live in the arena of who read it. */
struct q_enrolment {
    int64_t id;
    int64_t workspace_id;
    const char *workspace; /* its name */
    const char *name;
    int64_t uses_max;       /* 0: any number */
    int64_t uses;           /* not counted where there is no limit */
    const char *attributes; /* a JSON object */
    const char *created_by;
    int64_t created_ms;
    int64_t expires_ms;
    int64_t revoked_ms; /* 0: not revoked */
};

/* Of enrolment it stores all but id, workspace, uses and revoked_ms. */
int q_enrolment_insert(struct db *db, const struct q_enrolment *enrolment,
                       const uint8_t hash[static DIGEST_SHA256_SIZE], int64_t *ret_id) MUST_CHECK;

/* By the hash of the token, whatever its state. Returns 0, Q_ENROLMENT_E_MISSING, or negative. */
int q_enrolment_find(struct db *db, const uint8_t hash[static DIGEST_SHA256_SIZE],
                     struct arena *arena, struct q_enrolment *ret_enrolment) MUST_CHECK;

/* Counts a use of one that has a limit. Returns 0, Q_ENROLMENT_E_USED_UP, or negative. */
int q_enrolment_use(struct db *db, int64_t id) MUST_CHECK;

/* Those with an id above after_id, by id, at most limit. */
int q_enrolment_list(struct db *db, int64_t workspace_id, int64_t after_id, int64_t limit,
                     struct arena *arena, struct q_enrolment **ret_enrolments,
                     size_t *ret_count) MUST_CHECK;

/* Inside a tx_run: by id, and nobody else changes it until that ends. Returns 0,
 * Q_ENROLMENT_E_MISSING, or negative. */
int q_enrolment_lock(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                     struct q_enrolment *ret_enrolment) MUST_CHECK;

/* Of one that is locked. */
int q_enrolment_revoke(struct db *db, int64_t id, int64_t now_ms) MUST_CHECK;

#endif
