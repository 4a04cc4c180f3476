/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_DIRECTOR_H
#define DB_Q_DIRECTOR_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the director signs for each device, and what it says. */

enum {
    Q_DIRECTOR_E_MISSING = 16,
};

/* The three files of a device. */
struct q_director_files {
    int64_t version; /* 0: none were signed yet */
    int64_t state_version;
    int64_t root_version;
    int64_t signed_ms;
    int64_t expires_ms;
    const char *targets; /* in the arena, as the others */
    size_t targets_size;
    const char *snapshot;
    size_t snapshot_size;
    const char *timestamp;
    size_t timestamp_size;
};

/* Whom they are for, and what it should run now. */
struct q_director_device {
    int64_t id;
    int64_t workspace_id;
    const char *workspace;
    const char *uuid;
    const char *name;
    int64_t state_version;
    int64_t assignment_id; /* 0: nothing is assigned */
};

/* Returns 0, Q_DIRECTOR_E_MISSING, or negative. */
int q_director_device(struct db *db, int64_t device_id, struct arena *arena,
                      struct q_director_device *ret_device) MUST_CHECK;

/* Inside a tx_run: others that sign for the device wait. */
int q_director_lock(struct db *db, int64_t device_id) MUST_CHECK;

/* The files; version 0 where there are none. */
int q_director_files(struct db *db, int64_t device_id, struct arena *arena,
                     struct q_director_files *ret_files) MUST_CHECK;

int q_director_put(struct db *db, const struct q_director_device *to,
                   const struct q_director_files *signed_files) MUST_CHECK;

/* One file of one slot. */
struct q_director_target {
    const char *path; /* in the image repository */
    int64_t length;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    const char *slot;
    const char *role;
    const char *model;
    const char *version;
    const char *variant; /* "onnx/cpu/fp32" */
    const char *reload;  /* a kind, or "device": its own rule */
};

/* All of an assignment, yanked versions left out; by slot. */
int q_director_targets(struct db *db, int64_t assignment_id, struct arena *arena,
                       struct q_director_target **ret_targets, size_t *ret_count) MUST_CHECK;

#endif
