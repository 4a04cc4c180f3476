/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOB_UPLOAD_H
#define BLOB_UPLOAD_H

#include "base/arena.h"
#include "base/error.h"
#include "blob/blob.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* Uploads from their announcement to the artifact; the bytes go through blob/ingest.h. */

#define UPLOAD_ID_SIZE 37 /* a UUID as text, with its NUL */

struct upload {
    char id[UPLOAD_ID_SIZE];
    int64_t workspace_id;
    int64_t content_id; /* 0: complete */
    uint8_t sha256[DIGEST_SHA256_SIZE];
    uint64_t length_bytes;
    uint64_t offset_bytes;
    uint32_t tail_bytes; /* of a last chunk that was cut early */
    struct digest_sha256 digest;
    int64_t expires_ms;
    const char *metadata; /* in the arena */
};

enum {
    UPLOAD_E_MISSING = 1,
    UPLOAD_E_TOO_LARGE = 2, /* beyond workspace.artifact_limit_bytes */
    UPLOAD_E_QUOTA = 3,     /* artifacts and announced uploads would pass workspace.quota_bytes */
};

/* What is announced. */
struct upload_draft {
    int64_t workspace_id;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    uint64_t length_bytes;
    const char *metadata;
    const char *created_by;
    int64_t expires_ms;
};

/* What UPLOAD_E_TOO_LARGE and UPLOAD_E_QUOTA were about. */
struct upload_limits {
    uint64_t limit_bytes;
    uint64_t used_bytes;
};

/*
 * Announces an upload. The quota is checked here, once, for all of its length; an artifact that
 * is already there costs nothing.
 *
 * Returns 0, UPLOAD_E_TOO_LARGE or UPLOAD_E_QUOTA (ret_limits is written), or negative.
 */
int upload_create(struct db *db, struct arena *arena, const struct upload_draft *draft,
                  struct upload *ret_upload, struct upload_limits *ret_limits) MUST_CHECK;

/*
 * Returns 0, UPLOAD_E_MISSING (also where the id is no UUID, or it has expired at now_ms), or
 * negative. What it says is durable when this returns.
 */
int upload_find(struct db *db, struct arena *arena, int64_t workspace_id, const char *id,
                int64_t now_ms, struct upload *ret_upload) MUST_CHECK;

/* Removes an upload and what it stored. Returns 0, UPLOAD_E_MISSING, or negative. */
int upload_remove(struct db *db, int64_t workspace_id, const char *id) MUST_CHECK;

#endif
