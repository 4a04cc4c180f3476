/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_READ_H
#define BLOB_READ_H

#include "base/error.h"
#include "blob/blob.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

/* Artifacts straight from the database. */

enum {
    READ_E_MISSING = 1,
};

/* Whoever asks may be about to publish what it found: it is not reclaimed soon, even where no
 * version has it. Returns 0, READ_E_MISSING (not in this workspace), or negative. */
int read_find(struct db *db, int64_t workspace_id, const uint8_t sha256[static DIGEST_SHA256_SIZE],
              struct blob_artifact *ret_artifact) MUST_CHECK;

/* The same, for a device: only where a published version of the workspace has the artifact. */
int read_find_published(struct db *db, int64_t workspace_id,
                        const uint8_t sha256[static DIGEST_SHA256_SIZE],
                        struct blob_artifact *ret_artifact) MUST_CHECK;

/*
 * Reads at most capacity bytes from offset, which is below the artifact's size.
 *
 * ret_size  at least 1; less than capacity where the next chunk does not fit whole
 *
 * capacity is at least BLOB_CHUNK_MAX. Returns 0, or negative when fatal (bytes that are missing
 * or do not decode are ERR_INTERNAL).
 */
int read_slice(struct db *db, const struct blob_artifact *artifact, uint64_t offset, void *bytes,
               size_t capacity, size_t *ret_size) MUST_CHECK;

#endif
