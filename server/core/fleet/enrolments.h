/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_FLEET_ENROLMENTS_H
#define CORE_FLEET_ENROLMENTS_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "crypto/secret.h"
#include "db/db.h"
#include "db/q_enrolment.h"
#include "proto/enrolment.h"
#include "json/fields.h"

#include <stddef.h>
#include <stdint.h>

struct roster;

/* How devices come in: tokens that operators make, and what devices do with them. */

#define ENROLMENTS_PREFIX "mfe"
#define ENROLMENTS_DEVICE_PREFIX "mfd"
#define ENROLMENTS_EXPIRY_MAX_S ((int64_t)10 * 366 * 86400)
#define ENROLMENTS_USES_MAX ((int64_t)1000000000)

enum {
    ENROLMENTS_E_MISSING = 32,     /* no enrolment with that id in the workspace */
    ENROLMENTS_E_TOKEN = 33,       /* no such token, or revoked */
    ENROLMENTS_E_EXPIRED = 34,     /* the token's time is over */
    ENROLMENTS_E_USED_UP = 35,     /* as many devices have enrolled as may */
    ENROLMENTS_E_MISMATCH = 36,    /* what was signed names another token */
    ENROLMENTS_E_NAME_TAKEN = 37,  /* a device of that name has another key */
    ENROLMENTS_E_KEY_TAKEN = 38,   /* the key is enrolled under another name */
    ENROLMENTS_E_KEY_REVOKED = 39, /* a device with this key was revoked */
};

struct enrolments_draft {
    int64_t workspace_id;
    const char *name;
    int64_t uses_max; /* 0: any number */
    int64_t expires_in_s;
    const struct fields_pair *attributes;
    size_t attribute_count;
    const struct audit_actor *actor;
};

/* ret_secret exists nowhere else: show it once, then wipe it. The draft's limits were checked. */
int enrolments_create(struct db *db, const struct enrolments_draft *draft, int64_t now_ms,
                      struct arena *arena, struct q_enrolment *ret_enrolment,
                      char ret_secret[static SECRET_TOKEN_SIZE]) MUST_CHECK;

/* From now on the token is refused. Again is fine. Returns 0, ENROLMENTS_E_MISSING, or negative. */
int enrolments_revoke(struct db *db, int64_t workspace_id, int64_t id,
                      const struct audit_actor *actor, int64_t now_ms) MUST_CHECK;

/* What a device gets. */
struct enrolments_result {
    const char *device;
    const char *device_id;
    const char *workspace;
    char token[SECRET_TOKEN_SIZE]; /* exists nowhere else: wipe it */
};

/* What a device asks. */
struct enrolments_request {
    const char *token;   /* as the device sent it */
    const char *address; /* where it came from, numeric */
    const struct enrolment *enrolment;
    int64_t now_ms;
};

/*
 * Enrols a device, or gives one that is enrolled with the same name and key a new token; the roster
 * knows it when this returns. The caller has verified the request's signature with its key.
 *
 * Returns 0, one of the outcomes from ENROLMENTS_E_TOKEN on, or negative.
 */
int enrolments_redeem(struct db *db, struct roster *roster,
                      const struct enrolments_request *request, struct arena *arena,
                      struct enrolments_result *ret_result) MUST_CHECK;

#endif
