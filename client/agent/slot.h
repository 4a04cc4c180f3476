/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SLOT_H
#define AGENT_SLOT_H

#include "agent/store.h"
#include "base/arena.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is installed in the slots. A version's directory holds its artifacts under their own names,
 * ".version.json" (struct slot_version) and ".manifest.json" (the envelope). It appears by rename
 * when everything in it was verified and is durable, so whatever is under versions/ is whole.
 *
 * Applications that use a version hold a shared flock(2) on its directory: it is not removed then.
 */

#define SLOT_ID_SIZE 96 /* "<version>-<16 hex>" */
#define SLOT_PATH_SIZE 512
#define SLOT_LINK_CURRENT "current"
#define SLOT_LINK_PREVIOUS "previous"

struct slot_artifact {
    const char *name;
    int64_t length;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

/* Strings live in the arena that it was loaded with, or are borrowed from who fills it. */
struct slot_version {
    const char *model;
    const char *version;
    const char *variant;         /* "onnx/cpu/fp32" */
    const char *manifest_sha256; /* hex */
    int64_t release_counter;
    struct slot_artifact *artifacts;
    size_t artifact_count;
};

/* What is known of a slot besides its versions: slot.json. A missing file is all zeros. */
struct slot_status {
    bool managed; /* the desired state named it when we last looked */
    char failed_manifest[DIGEST_SHA256_HEX_SIZE]; /* not to be tried again ... */
    int64_t failed_state_version;                 /* ... while the desired state is this one */
    char failed_code[64];
    char failed_detail[512];
    char told_code[64];      /* the transient failure that was reported last for that state */
    int64_t released_for_ms; /* how long it has been desired no more */
    int64_t installed_ms;    /* wall clock */
    int64_t gap_us;          /* of the last switch; -1: not measured */
    int64_t duration_ms;
};

enum {
    SLOT_E_NONE = 1,   /* no such link, version or file */
    SLOT_E_BROKEN = 2, /* it is not what we wrote */
    SLOT_E_IN_USE = 3, /* an application holds it */
};

/* The name of a version's directory: its text and 16 digits over model, manifest and variant. */
void slot_id(const struct slot_version *version, char ret_id[static SLOT_ID_SIZE]);

/* Makes models/SLOT/versions. */
int slot_create(const struct store *store, const char *slot) MUST_CHECK;

/*
 * Where `current` or `previous` points.
 * Returns 0, SLOT_E_NONE, SLOT_E_BROKEN (points elsewhere than into versions/), or negative.
 */
int slot_resolve(const struct store *store, const char *slot, const char *link,
                 char ret_id[static SLOT_ID_SIZE]) MUST_CHECK;

/* Switches a link, atomically and durably, to a version that must be there (SLOT_E_NONE). */
int slot_point(const struct store *store, const char *slot, const char *link,
               const char *id) MUST_CHECK;

/* Removes a link; missing is fine. Never `current`. */
int slot_unlink_previous(const struct store *store, const char *slot) MUST_CHECK;

/* Returns 0, SLOT_E_NONE, SLOT_E_BROKEN, or negative. */
int slot_load_version(const struct store *store, const char *slot, const char *id,
                      struct arena *arena, struct slot_version *ret_version) MUST_CHECK;

/* Writes ".version.json" into the directory that is being staged. */
int slot_save_version(int dir_fd, const struct slot_version *version) MUST_CHECK;

int slot_load_status(const struct store *store, const char *slot,
                     struct slot_status *ret_status) MUST_CHECK;
int slot_save_status(const struct store *store, const char *slot,
                     const struct slot_status *status) MUST_CHECK;

/* Calls back for each slot directory with its name until one returns other than 0. */
int slot_each(const struct store *store, int (*visit)(void *state, const char *slot),
              void *state) MUST_CHECK;

/*
 * Looks for an artifact's bytes in every version of every slot.
 *
 * ret_path  relative to the state directory; to be verified before use
 *
 * Returns 0, SLOT_E_NONE, or negative.
 */
int slot_find_artifact(const struct store *store, const uint8_t sha256[static DIGEST_SHA256_SIZE],
                       int64_t length, char ret_path[static SLOT_PATH_SIZE]) MUST_CHECK;

/*
 * Removes the versions that neither link names and no application holds, and what a crash left
 * half removed. What is held is kept for the next time.
 */
int slot_prune(const struct store *store, const char *slot) MUST_CHECK;

/*
 * Removes a slot as a whole: it is there, or it is not.
 * Returns 0, SLOT_E_IN_USE (its current version is held, or a file of it is open or mapped), or
 * negative.
 */
int slot_remove(const struct store *store, const char *slot) MUST_CHECK;

/* What a crash left of slots that were being removed. */
int slot_sweep(const struct store *store) MUST_CHECK;

/* Removes one version that nothing points at. Returns 0, SLOT_E_IN_USE, or negative. */
int slot_remove_version(const struct store *store, const char *slot, const char *id) MUST_CHECK;

#endif
