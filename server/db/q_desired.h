/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_DESIRED_H
#define DB_Q_DESIRED_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What devices should run. Strings live in the arena of who read it. */

enum {
    Q_DESIRED_E_MODEL = 16,   /* no such model */
    Q_DESIRED_E_VERSION = 17, /* no such version of it */
    Q_DESIRED_E_MISSING = 18, /* no such device, or revoked */
};

struct q_desired_variant {
    int64_t id;
    const char *runtime;
    const char *hardware;
    const char *precision;
    /* Of the document that a device verifies it by: its version's, or its own. */
    uint8_t manifest_sha256[DIGEST_SHA256_SIZE];
    int64_t manifest_length;
    bool added;  /* to the version, after that was published */
    bool listed; /* false: it was added to the version, and its publishers do not list it yet */
    bool yanked; /* it was added, and is listed no more */
};

/* A version that a slot may run. */
struct q_desired_target {
    int64_t version_id;
    bool published;
    bool rooted; /* the workspace has a TUF root: devices take only what is listed */
    bool listed; /* its publishers list it, or did */
    bool yanked;
    struct q_desired_variant *variants; /* in the manifest's order, then as they were added */
    size_t variant_count;
};

/* Returns 0, Q_DESIRED_E_MODEL, Q_DESIRED_E_VERSION, or negative. */
int q_desired_target(struct db *db, int64_t workspace_id, const char *model, const char *version,
                     struct arena *arena, struct q_desired_target *ret_target) MUST_CHECK;

/* One slot of an assignment. */
struct q_desired_slot {
    int64_t assignment_id;
    const char *slot;
    const char *role;
    const char *reload; /* NULL: the device's own rule */
    const char *model;
    const char *version;
    int64_t version_id;
    struct q_desired_variant variant;
};

/* All slots of these assignments, ordered by assignment and slot. */
int q_desired_slots(struct db *db, int64_t workspace_id, const int64_t *assignment_ids,
                    size_t count, struct arena *arena, struct q_desired_slot **ret_slots,
                    size_t *ret_count) MUST_CHECK;

/* An assignment to be found or made. */
struct q_desired_assignment {
    const char *text; /* the JSON object "slots" */
    uint8_t sha256[DIGEST_SHA256_SIZE];
    const struct q_desired_slot *slots; /* slot, role, reload, version_id and variant.id count */
    size_t slot_count;
    int64_t id; /* out */
};

/* Finds or makes assignments; fills in their ids. Equal ones may be given more than once. */
int q_desired_assignments(struct db *db, int64_t workspace_id, int64_t now_ms, struct arena *arena,
                          struct q_desired_assignment *assignments, size_t count) MUST_CHECK;

/* One device, whose desired state is locked until the transaction ends. */
struct q_desired_device {
    int64_t id;
    int64_t version;
    int64_t assignment_id;    /* 0: none */
    const char *capabilities; /* "onnx/cpu,tflite/cpu" */
};

/* Returns 0, Q_DESIRED_E_MISSING, or negative. */
int q_desired_lock(struct db *db, int64_t workspace_id, const char *device, struct arena *arena,
                   struct q_desired_device *ret_device) MUST_CHECK;

/* The slots of an assignment, as text. Returns 0, Q_DESIRED_E_MISSING, or negative. */
int q_desired_text(struct db *db, int64_t workspace_id, int64_t assignment_id, struct arena *arena,
                   const char **ret_text) MUST_CHECK;

/* Who changes desired states, for their history (desired_event). */
struct q_desired_author {
    const char *name;
    int64_t now_ms;
};

/* Sets a locked one; assignment 0: none. */
int q_desired_set(struct db *db, int64_t device_id, int64_t assignment_id,
                  const struct q_desired_author *author, int64_t *ret_version) MUST_CHECK;

/* Many devices at once: either those of these names, or all active ones of the workspace. */
struct q_desired_scope {
    int64_t workspace_id;
    const char *const *names; /* NULL: all; no name twice */
    size_t name_count;
};

/* Devices that have the same state and the same capabilities, and so will again. */
struct q_desired_group {
    int64_t assignment_id;    /* 0: none */
    const char *capabilities; /* "onnx/cpu,tflite/cpu" */
    int64_t count;
};

int q_desired_groups(struct db *db, const struct q_desired_scope *scope, struct arena *arena,
                     struct q_desired_group **ret_groups, size_t *ret_count) MUST_CHECK;

/* Those of the scope's names that no active device has, at most limit. */
int q_desired_unknown(struct db *db, const struct q_desired_scope *scope, int64_t limit,
                      struct arena *arena, const char ***ret_names, size_t *ret_count) MUST_CHECK;

/* Sets the devices of each group to the assignment of the same index. A device that meanwhile left
 * its group is left alone: ret_changed tells how many were set. */
int q_desired_move(struct db *db, const struct q_desired_scope *scope, struct arena *arena,
                   const struct q_desired_group *groups, const int64_t *assignment_ids,
                   size_t count, const struct q_desired_author *author,
                   int64_t *ret_changed) MUST_CHECK;

/*
 * Raises the desired states that name one of these versions, though they stay what they are: so
 * that their devices look again at once. "1.0.0/onnx/npu/int8" is that variant alone.
 */
int q_desired_wake(struct db *db, int64_t workspace_id, const char *model,
                   const char *const *versions, size_t count, struct arena *arena) MUST_CHECK;

#endif
