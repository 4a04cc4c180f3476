/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_Q_UPLOAD_H
#define DB_Q_UPLOAD_H

#include "base/error.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* Uploads in progress, and complete ones until they expire. */

#define Q_UPLOAD_HASH_STATE_BYTES 104

enum {
    Q_UPLOAD_E_MISSING = 1,
};

struct q_upload {
    int64_t workspace_id;
    int64_t content_id; /* insert: of its content; find: 0 when complete */
    const uint8_t *sha256;
    int64_t length_bytes;
    int64_t offset_bytes;
    int64_t tail_bytes;
    const uint8_t *hash_state;
    const char *metadata;
    const char *created_by;
    int64_t expires_ms;
};

/* What a workspace may have and has; locks the workspace against other announcements. */
struct q_upload_usage {
    int64_t quota_bytes;          /* -1: none */
    int64_t artifact_limit_bytes; /* -1: none */
    int64_t artifact_bytes;       /* all artifacts */
    int64_t announced_bytes;      /* all uploads in progress */
};

int q_upload_usage(struct db *db, int64_t workspace_id,
                   struct q_upload_usage *ret_usage) MUST_CHECK;

/* Rows (id). */
int q_upload_insert(struct db *db, const struct q_upload *upload,
                    struct db_rows *ret_rows) MUST_CHECK;

/*
 * Reads an upload that expires after now_ms; pointers borrow from rows. Writes, so that what it
 * says is durable: whatever an unfinished upload committed asynchronously is flushed with it.
 */
int q_upload_find(struct db *db, int64_t workspace_id, const char *id, int64_t now_ms,
                  struct db_rows *ret_rows, struct q_upload *ret_upload) MUST_CHECK;

/* Where an upload is to go. */
struct q_upload_step {
    const char *id;
    int64_t content_id;
    int64_t from_byte; /* the offset that it must have now */
    int64_t offset_bytes;
    int64_t tail_bytes;
    const uint8_t *hash_state;
    int64_t expires_ms;
    bool complete;
};

/* Returns 0, Q_UPLOAD_E_MISSING (removed, or not at from_byte), or negative. */
int q_upload_advance(struct db *db, const struct q_upload_step *step) MUST_CHECK;

/* Whether an upload is at an offset: 0, Q_UPLOAD_E_MISSING (no such upload), or negative. */
int q_upload_offset(struct db *db, const char *id, int64_t *ret_offset) MUST_CHECK;

/* Removes and discards the content. workspace_id 0: any. */
int q_upload_remove(struct db *db, int64_t workspace_id, const char *id) MUST_CHECK;

/* The same for at most limit uploads that expired before now_ms. */
int q_upload_expire(struct db *db, int64_t now_ms, int64_t limit, int64_t *ret_removed) MUST_CHECK;

/* The lock of whoever writes to a content; it is the connection's. */
int q_upload_try_lock(struct db *db, int64_t content_id, bool *ret_locked) MUST_CHECK;
int q_upload_unlock(struct db *db, int64_t content_id) MUST_CHECK;

/* Within a transaction: its commit does not wait for the disk. */
int q_upload_commit_later(struct db *db) MUST_CHECK;

#endif
