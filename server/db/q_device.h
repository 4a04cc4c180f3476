/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_DEVICE_H
#define DB_Q_DEVICE_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define Q_DEVICE_KEY_SIZE 32 /* a raw Ed25519 public key */

enum {
    Q_DEVICE_E_MISSING = 16,
    Q_DEVICE_E_EXISTS = 17,    /* an active device of that name */
    Q_DEVICE_E_UNCHANGED = 18, /* it was so already */
};

/* Strings live in the arena of who read it. */
struct q_device {
    int64_t id;
    int64_t workspace_id;
    int64_t enrolment_id;
    const char *uuid;
    const char *name;
    bool active;
    uint8_t public_key[Q_DEVICE_KEY_SIZE];
    uint8_t keyid[DIGEST_SHA256_SIZE];
    const char *attributes;   /* a JSON object: reported, with what was assigned on top */
    const char *capabilities; /* "onnx/cpu,tflite/cpu" */
    int64_t enrolled_ms;
    int64_t revoked_ms; /* 0: active */
    int64_t seen_ms;    /* 0: never */
    bool online;
    int64_t version;   /* of the desired state */
    const char *slots; /* of the desired state: a JSON object; NULL: none */
    int64_t report_sequence;
    const char *installed; /* a JSON object: what it last reported of each slot */
};

/* What changes when a device enrols again. */
struct q_device_enrol {
    int64_t enrolment_id;
    uint8_t token[DIGEST_SHA256_SIZE]; /* the token's SHA-256 */
    const char *attributes;
    const char *assigned;
    const char *capabilities; /* "onnx/cpu,tflite/cpu", sorted */
    int64_t now_ms;
};

/*
 * A new device. Of device it stores workspace_id, name, public_key and keyid; fills in id and uuid.
 * Returns 0, Q_DEVICE_E_EXISTS, or negative.
 */
int q_device_insert(struct db *db, struct arena *arena, const struct q_device_enrol *enrol,
                    struct q_device *device) MUST_CHECK;

/* A new token, at once, and new facts. */
int q_device_reenrol(struct db *db, int64_t id, const struct q_device_enrol *enrol) MUST_CHECK;

/* The active device of that name, or the one that was revoked last. Returns 0, Q_DEVICE_E_MISSING,
 * or negative; so do all that read one. */
int q_device_find(struct db *db, int64_t workspace_id, const char *name, struct arena *arena,
                  struct q_device *ret_device) MUST_CHECK;
int q_device_get(struct db *db, int64_t workspace_id, int64_t id, struct arena *arena,
                 struct q_device *ret_device) MUST_CHECK;
/* The device that has this key: an active one before a revoked one. */
int q_device_by_key(struct db *db, int64_t workspace_id,
                    const uint8_t keyid[static DIGEST_SHA256_SIZE], struct arena *arena,
                    struct q_device *ret_device) MUST_CHECK;

struct q_device_filter {
    bool active;            /* or revoked */
    bool online;            /* only such */
    const char *after_name; /* NULL: from the start */
    int64_t after_id;
    int64_t limit;
};

/* By name, then id. */
int q_device_list(struct db *db, int64_t workspace_id, const struct q_device_filter *filter,
                  struct arena *arena, struct q_device **ret_devices, size_t *ret_count) MUST_CHECK;

/* Revokes the active device of that name. Returns 0, Q_DEVICE_E_MISSING, or negative. */
int q_device_revoke(struct db *db, int64_t workspace_id, const char *name, const char *by,
                    int64_t now_ms, int64_t *ret_id) MUST_CHECK;

/* Sets the next token; an unused earlier one stops working. Nothing happens to a revoked device:
 * Q_DEVICE_E_MISSING. */
int q_device_set_next_token(struct db *db, int64_t workspace_id, int64_t id,
                            const uint8_t hash[static DIGEST_SHA256_SIZE]) MUST_CHECK;

/* What a device reports about itself. */
struct q_device_facts {
    const char *attributes;   /* a JSON object */
    const char *capabilities; /* "onnx/cpu,tflite/cpu", sorted */
};

/*
 * NULL keeps what is there. Where something changed it says what was there, and what is; 0,
 * Q_DEVICE_E_MISSING, Q_DEVICE_E_UNCHANGED, or negative.
 */
int q_device_set_facts(struct db *db, int64_t workspace_id, int64_t id,
                       const struct q_device_facts *facts, struct arena *arena,
                       struct q_device_facts *ret_before,
                       struct q_device_facts *ret_after) MUST_CHECK;

#endif
