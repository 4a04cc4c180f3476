/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/upload.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "db/q_artifact.h"
#include "db/q_chunk.h"
#include "db/q_upload.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(Q_UPLOAD_HASH_STATE_BYTES == DIGEST_SHA256_SAVED_SIZE, "one saved form");

struct creation {
    const struct upload_draft *draft;
    struct upload upload;
    struct upload_limits limits;
};

static int check_limits(struct db *db, struct creation *creation)
{
    const struct upload_draft *draft = creation->draft;
    struct q_artifact artifact;
    struct q_upload_usage usage;
    uint64_t used;
    int r;

    r = q_upload_usage(db, draft->workspace_id, &usage);
    if (r == Q_UPLOAD_E_MISSING)
        return log_fail(ERR_INTERNAL, "no workspace %" PRId64, draft->workspace_id);
    if (r)
        return r;
    if (usage.artifact_limit_bytes >= 0 &&
        draft->length_bytes > (uint64_t)usage.artifact_limit_bytes) {
        creation->limits.limit_bytes = (uint64_t)usage.artifact_limit_bytes;
        return UPLOAD_E_TOO_LARGE;
    }
    if (usage.quota_bytes < 0)
        return 0;
    r = q_artifact_find(db, draft->workspace_id, draft->sha256, &artifact);
    if (r != Q_ARTIFACT_E_MISSING)
        return r;
    used = (uint64_t)usage.artifact_bytes + (uint64_t)usage.announced_bytes;
    if (used <= (uint64_t)usage.quota_bytes &&
        draft->length_bytes <= (uint64_t)usage.quota_bytes - used)
        return 0;
    creation->limits.limit_bytes = (uint64_t)usage.quota_bytes;
    creation->limits.used_bytes = used;
    return UPLOAD_E_QUOTA;
}

static int insert(struct db *db, struct creation *creation)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    const struct upload_draft *draft = creation->draft;
    struct upload *upload = &creation->upload;
    uint8_t state[DIGEST_SHA256_SAVED_SIZE];
    int r;

    digest_sha256_save(&upload->digest, state);
    r = q_upload_insert(db,
                        &(struct q_upload){
                            .workspace_id = draft->workspace_id,
                            .content_id = upload->content_id,
                            .sha256 = draft->sha256,
                            .length_bytes = (int64_t)draft->length_bytes,
                            .hash_state = state,
                            .metadata = draft->metadata,
                            .created_by = draft->created_by,
                            .expires_ms = draft->expires_ms,
                        },
                        &rows);
    if (r)
        return r;
    (void)snprintf(upload->id, sizeof(upload->id), "%s", db_text(&rows, 0, 0));
    return 0;
}

static int create(struct db *db, void *arg)
{
    struct creation *creation = arg;
    int r;

    r = check_limits(db, creation);
    if (r)
        return r;
    r = q_chunk_content_new(db, creation->draft->workspace_id, &creation->upload.content_id);
    if (r)
        return r;
    return insert(db, creation);
}

int upload_create(struct db *db, struct arena *arena, const struct upload_draft *draft,
                  struct upload *ret_upload, struct upload_limits *ret_limits)
{
    struct creation creation = {
        .draft = draft,
        .upload = {.workspace_id = draft->workspace_id,
                   .length_bytes = draft->length_bytes,
                   .expires_ms = draft->expires_ms,
                   .metadata = arena_strdup(arena, draft->metadata)},
    };
    int r;

    if (draft->length_bytes > INT64_MAX) {
        *ret_limits = (struct upload_limits){.limit_bytes = INT64_MAX};
        return UPLOAD_E_TOO_LARGE;
    }
    memcpy(creation.upload.sha256, draft->sha256, sizeof(creation.upload.sha256));
    digest_sha256_init(&creation.upload.digest);
    r = tx_run(db, create, &creation);
    if (r == UPLOAD_E_TOO_LARGE || r == UPLOAD_E_QUOTA)
        *ret_limits = creation.limits;
    if (r)
        return r;
    *ret_upload = creation.upload;
    return 0;
}

/* Whether PostgreSQL takes it for a UUID; a cast of anything else would be an error. */
static bool is_uuid(const char *id)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    for (size_t i = 0; i < sizeof(shape); i++) {
        if (shape[i] == 'x' ? !isxdigit((unsigned char)id[i]) : id[i] != shape[i])
            return false;
    }
    return true;
}

int upload_find(struct db *db, struct arena *arena, int64_t workspace_id, const char *id,
                int64_t now_ms, struct upload *ret_upload)
{
    CLEANUP(db_rows_release) struct db_rows rows = {0};
    struct q_upload row;
    int r;

    if (!is_uuid(id))
        return UPLOAD_E_MISSING;
    r = q_upload_find(db, workspace_id, id, now_ms, &rows, &row);
    if (r == Q_UPLOAD_E_MISSING)
        return UPLOAD_E_MISSING;
    if (r)
        return r;
    *ret_upload = (struct upload){
        .workspace_id = workspace_id,
        .content_id = row.content_id,
        .length_bytes = (uint64_t)row.length_bytes,
        .offset_bytes = (uint64_t)row.offset_bytes,
        .tail_bytes = (uint32_t)row.tail_bytes,
        .expires_ms = row.expires_ms,
        .metadata = arena_strdup(arena, row.metadata),
    };
    (void)snprintf(ret_upload->id, sizeof(ret_upload->id), "%s", id);
    memcpy(ret_upload->sha256, row.sha256, sizeof(ret_upload->sha256));
    digest_sha256_restore(&ret_upload->digest, row.hash_state);
    return 0;
}

struct removal {
    int64_t workspace_id;
    const char *id;
};

static int remove_it(struct db *db, void *arg)
{
    const struct removal *removal = arg;

    return q_upload_remove(db, removal->workspace_id, removal->id);
}

int upload_remove(struct db *db, int64_t workspace_id, const char *id)
{
    int r;

    if (!is_uuid(id))
        return UPLOAD_E_MISSING;
    r = tx_run(db, remove_it, &(struct removal){.workspace_id = workspace_id, .id = id});
    return r == Q_UPLOAD_E_MISSING ? UPLOAD_E_MISSING : r;
}
