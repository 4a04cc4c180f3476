/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_TRUST_IMAGE_H
#define CORE_TRUST_IMAGE_H

#include "base/arena.h"
#include "core/trust/vault.h"
#include "db/db.h"
#include "tuf/metadata.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The image repository's online half: snapshot and timestamp, signed by the server's own key
 * whenever something changed and again before they expire. The offline half comes in through
 * core/proposals.
 */
#define IMAGE_REPOSITORY "image"

struct image_lifetimes {
    int64_t timestamp_ms;
    int64_t snapshot_ms;
};

enum {
    IMAGE_E_CLOSED = 64, /* no master key is configured */
    IMAGE_E_KEY = 65,    /* the root in force names no online key of this server */
    IMAGE_E_NONE = 66,   /* the workspace has no root, or no targets, yet */
};

/*
 * Inside a tx_run that holds q_tuf_lock: a new snapshot that lists what is in force, and a new
 * timestamp that names it. Nothing happens, with 0, until root and targets are there.
 */
int image_remake(struct db *db, const struct vault *vault, const struct image_lifetimes *lifetimes,
                 int64_t workspace_id, int64_t now_ms) MUST_CHECK;

/*
 * One step of the engine: signs again what has less than half of its life left, in one workspace a
 * transaction, at most `limit` of them. Safe to run on several instances at once.
 *
 * ret_signed  how many workspaces it was
 */
int image_resign(struct db *db, const struct vault *vault, const struct image_lifetimes *lifetimes,
                 int64_t now_ms, int64_t limit, size_t *ret_signed) MUST_CHECK;

#endif
