/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TRUST_KEYS_H
#define CORE_TRUST_KEYS_H

#include "base/arena.h"
#include "core/audit/audit.h"
#include "db/db.h"
#include "db/q_model.h"
#include "tuf/key.h"
#include "json/fields.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The keys whose signatures a model's versions need. */

enum {
    KEYS_E_INVALID = 33, /* not a key; ret_error says why */
    KEYS_E_MODEL = 34,   /* no such model */
    KEYS_E_EXISTS = 35,  /* the model has it, or had it and it was revoked */
    KEYS_E_MISSING = 36, /* the model has no such key */
    KEYS_E_MANY = 37,    /* the model has KEYS_MAX of them */
};

#define KEYS_MAX 256 /* of a model, revoked ones too: all of them are shown with it */

/*
 * Checks a key object and makes of it what is stored.
 *
 * name       who it belongs to, at most 128 bytes, or NULL
 * path       of the key object, for ret_error
 *
 * Returns 0, KEYS_E_INVALID, or negative.
 */
int keys_prepare(const json_t *object, const char *name, const char *path, struct arena *arena,
                 struct q_model_key *ret_key, struct fields_error *ret_error) MUST_CHECK;

/* Whose keys, and who changes them. */
struct keys_place {
    int64_t workspace_id;
    const char *model;
    const struct audit_actor *actor;
    int64_t now_ms;
};

/* key: as prepared; sets added_by and added_ms. Returns 0, KEYS_E_MODEL, KEYS_E_EXISTS,
 * KEYS_E_MANY, or negative. */
int keys_add(struct db *db, const struct keys_place *place, struct q_model_key *key) MUST_CHECK;

/* Nothing more is accepted that it signs. Again is fine. Returns 0, KEYS_E_MODEL, KEYS_E_MISSING,
 * or negative. */
int keys_revoke(struct db *db, const struct keys_place *place,
                const uint8_t keyid[static DIGEST_SHA256_SIZE]) MUST_CHECK;

/* Inside a tx_run: the keys of a model that are not revoked and stay so until it ends. */
int keys_lock(struct db *db, int64_t model_id, struct arena *arena, struct key **ret_keys,
              size_t *ret_count) MUST_CHECK;

#endif
