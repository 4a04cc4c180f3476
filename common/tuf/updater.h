/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TUF_UPDATER_H
#define TUF_UPDATER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "tuf/metadata.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The client workflow of TUF 1.0.33, chapter 5, without network and without files: both come in
 * through the two interfaces below, so that agent, command line, server and tests share it.
 *
 * Not thread-safe. After a failed refresh what was trusted before is still trusted, and another
 * refresh may follow at any time.
 */
struct updater;

enum {
    UPDATER_E_FETCH = 1,     /* the repository could not be asked, or has not what it promised */
    UPDATER_E_FORMAT = 2,    /* malformed metadata */
    UPDATER_E_SIGNATURE = 3, /* arbitrary software: too few good signatures */
    UPDATER_E_ROLLBACK = 4,  /* an older version than the trusted one, or a dropped role */
    UPDATER_E_FREEZE = 5,    /* expired */
    UPDATER_E_MISMATCH = 6,  /* mix and match: version, length or hash not as promised */
    UPDATER_E_TARGET = 7,    /* no trusted role lists the target */
    UPDATER_E_NO_ROOT = 8,   /* the store has no trusted root to start from */
    UPDATER_E_ENDLESS = 9,   /* endless data: longer than allowed */
};

/* A stable word for reports: "signature", "rollback", ... */
const char *updater_outcome_name(int outcome);

/* Where metadata comes from. */
struct updater_source {
    /*
     * name       path below the metadata URL, already percent-encoded: "3.root.json"
     * max_bytes  stop beyond that many
     *
     * Returns 0 (ret_bytes filled, from empty), UPDATER_FETCH_E_*, or negative when fatal.
     */
    int (*fetch)(void *state, const char *name, size_t max_bytes, struct buffer *ret_bytes);
    void *state;
};

enum {
    UPDATER_FETCH_E_MISSING = 1,  /* 404 (or 403): there is no such file */
    UPDATER_FETCH_E_TOO_LONG = 2, /* endless data */
    UPDATER_FETCH_E_FAILED = 3,   /* anything else: network, 5xx, too slow */
};

/* Where trusted metadata is kept between runs; bytes are stored as received. */
struct updater_store {
    /* role as in the metadata ("root", "timestamp", "../x"); the store makes it a safe name.
     * Returns 0, UPDATER_STORE_E_MISSING, or negative when fatal. */
    int (*load)(void *state, const char *role, size_t max_bytes, struct buffer *ret_bytes);
    /* Durable and atomic when it returns 0. */
    int (*save)(void *state, const char *role, const void *bytes, size_t size);
    /* Forgets a role; durable when it returns 0. Nothing stored is fine. */
    int (*drop)(void *state, const char *role);
    void *state;
};

enum {
    UPDATER_STORE_E_MISSING = 1,
};

/* Bounds; updater_limits_default says what is usual. */
struct updater_limits {
    size_t root_bytes;
    size_t timestamp_bytes;
    size_t snapshot_bytes;
    size_t targets_bytes;
    unsigned root_rotations;
    unsigned delegations;
};

extern const struct updater_limits updater_limits_default;

struct updater_config {
    struct updater_source source;
    struct updater_store store;
    struct updater_limits limits;
    int64_t now_ms; /* the fixed update start time (5.1) */
};

int updater_new(const struct updater_config *config, struct updater **ret_updater) MUST_CHECK;
void updater_free(struct updater *updater);

/*
 * 5.2 to 5.3.9 alone: the newest root, whether or not it has expired, for who is about to sign the
 * next one. Instead of updater_refresh().
 */
int updater_roots(struct updater *updater) MUST_CHECK;

/* 5.2 to 5.6.6: root, timestamp, snapshot, top-level targets. Once an updater. */
int updater_refresh(struct updater *updater) MUST_CHECK;

/*
 * Whether the last refresh got to a snapshot that is trusted (5.5), so that files can be held
 * against it even where the top-level targets were refused.
 */
bool updater_has_listing(const struct updater *updater);

/*
 * 5.6.7: searches the delegations for a target after a successful refresh. ret_target borrows from
 * the updater until the next search.
 */
int updater_find(struct updater *updater, const char *path,
                 struct metadata_target *ret_target) MUST_CHECK;

/* A file that is trusted after a refresh; borrowed. NULL: none. */
const struct metadata *updater_file(const struct updater *updater, enum metadata_type type);

/*
 * The file of a role that the top-level targets delegate to, by its name, verified: what a
 * publisher builds its next version on.
 *
 * ret_metadata  metadata_release() it
 *
 * Returns 0, UPDATER_E_TARGET (nothing is delegated to it, or it has published nothing yet),
 * another outcome, or negative.
 */
int updater_role(struct updater *updater, const char *name,
                 struct metadata *ret_metadata) MUST_CHECK;

/*
 * 5.7.3: the name to ask the repository for, below the targets URL: dir/HASH.name under consistent
 * snapshots. Not percent-encoded. In the arena.
 */
const char *updater_target_name(const struct updater *updater, const struct metadata_target *target,
                                struct arena *arena);

/* Trusted versions, for reports; 0 where there is none. */
int64_t updater_version(const struct updater *updater, enum metadata_type type);

/* What the last outcome was about, in words: "timestamp.json: version 3 is older than 5". */
const struct reason *updater_reason(const struct updater *updater);

#endif
