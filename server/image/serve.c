/* SPDX-License-Identifier: Apache-2.0 */
#include "image/serve.h"

#include "base/log.h"
#include "blob/blob.h"
#include "blob/read.h"
#include "core/trust/image.h"
#include "crypto/text.h"
#include "db/q_deletion.h"
#include "db/q_tuf.h"
#include "db/q_workspace.h"
#include "http/download.h"
#include "http/problems.h"
#include "tuf/rolename.h"
#include "tuf/targetpath.h"

#include <string.h>

enum {
    REFUSED = 1, /* the reply holds the problem */
};

/* Another workspace than the token's is as good as none. */
static int find_workspace(const struct call *call, int64_t *ret_id, struct reply *reply)
{
    const char *name = request_param(call->request, "workspace");
    struct q_workspace workspace;
    int r = q_workspace_find(call->worker, name, call->arena, &workspace);

    if (r < 0)
        return r;
    if (r == Q_WORKSPACE_E_MISSING ||
        (call->principal->workspace_id && call->principal->workspace_id != workspace.id)) {
        reply_problem(reply, &problems_not_found, "no workspace '%s'", name);
        return REFUSED;
    }
    *ret_id = workspace.id;
    return 0;
}

/* Versioned files never change; the others are asked for again each time. */
static void set_cache(struct reply *reply, bool immutable)
{
    reply_header(reply, "Cache-Control", immutable ? "immutable, max-age=31536000" : "no-cache");
}

int serve_metadata(const struct call *call, struct reply *reply)
{
    const char *name = request_param(call->request, "file");
    struct q_tuf_place place = {.repository = IMAGE_REPOSITORY};
    struct q_tuf_file file;
    const char *role;
    int64_t version;
    int r = find_workspace(call, &place.workspace_id, reply);

    if (r)
        return r == REFUSED ? 0 : r;
    r = Q_TUF_E_MISSING;
    if (rolename_parse_file(call->arena, name, &version, &role))
        r = q_tuf_get(call->worker, &place, role, version, call->arena, &file);
    if (r == Q_TUF_E_MISSING) {
        reply_problem(reply, &problems_not_found, "no metadata file '%s'", name);
        return 0;
    }
    if (r)
        return r;
    set_cache(reply, version > 0);
    reply_bytes(reply, 200, "application/json", file.bytes, file.size);
    return 0;
}

/* ---- targets -----------------------------------------------------------------------------------
 */

/* "<64 hex digits>.name": consistent snapshots. */
static bool split_name(const char *file, uint8_t ret_sha256[static DIGEST_SHA256_SIZE],
                       const char **ret_name)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    if (strlen(file) < DIGEST_SHA256_HEX_SIZE + 1 || file[DIGEST_SHA256_HEX_SIZE - 1] != '.')
        return false;
    memcpy(hex, file, DIGEST_SHA256_HEX_SIZE - 1);
    hex[DIGEST_SHA256_HEX_SIZE - 1] = '\0';
    *ret_name = file + DIGEST_SHA256_HEX_SIZE;
    return text_unhex(hex, ret_sha256, DIGEST_SHA256_SIZE);
}

static int refuse_target(const struct call *call, struct reply *reply)
{
    reply_problem(reply, &problems_not_found, "no target '%s' under that digest",
                  request_param(call->request, "file"));
    return 0;
}

static int reply_deleted(int outcome, const struct q_deletion *deletion, struct reply *reply)
{
    if (outcome)
        return outcome == Q_DELETION_E_NONE ? SERVE_E_KEPT : outcome;
    reply_problem(reply, &problems_deleted,
                  "version '%s' of '%s' was deleted by '%s' at %s, and its files with it",
                  deletion->version, deletion->model, deletion->deleted_by, deletion->deleted_at);
    return 0;
}

int serve_deleted_artifact(const struct call *call, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE], struct reply *reply)
{
    struct q_deletion deletion;
    int r = q_deletion_of_artifact(call->worker, workspace_id, sha256, call->arena, &deletion);

    return reply_deleted(r, &deletion, reply);
}

int serve_deleted_manifest(const struct call *call, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE], struct reply *reply)
{
    struct q_deletion deletion;
    int r = q_deletion_of_manifest(call->worker, workspace_id, sha256, call->arena, &deletion);

    return reply_deleted(r, &deletion, reply);
}

/* The same of the version that the path names. */
static int refuse_deleted(const struct call *call, int64_t workspace_id, struct reply *reply)
{
    const char *version = request_param(call->request, "version");
    struct q_deletion deletion;
    int r = q_deletion_among(call->worker, workspace_id, request_param(call->request, "model"),
                             &version, 1, call->arena, &deletion);

    return reply_deleted(r, &deletion, reply);
}

int serve_manifest(const struct call *call, struct reply *reply)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct q_tuf_manifest wanted = {
        .model = request_param(call->request, "model"),
        .version = request_param(call->request, "version"),
        .sha256 = sha256,
    };
    const char *name;
    bool own;
    const void *bytes;
    size_t size;
    int r = find_workspace(call, &wanted.workspace_id, reply);

    if (r)
        return r == REFUSED ? 0 : r;
    if (!split_name(request_param(call->request, "file"), sha256, &name))
        return refuse_target(call, reply);
    own = strcmp(name, TARGETPATH_MANIFEST) == 0;
    wanted.variant = own ? NULL : targetpath_variant_of(call->arena, name);
    if (!own && !wanted.variant)
        return refuse_target(call, reply);
    r = refuse_deleted(call, wanted.workspace_id, reply);
    if (r != SERVE_E_KEPT)
        return r;
    r = q_tuf_manifest(call->worker, &wanted, call->arena, &bytes, &size);
    if (r)
        return r == Q_TUF_E_MISSING ? refuse_target(call, reply) : r;
    set_cache(reply, true);
    reply_bytes(reply, 200, "application/json", bytes, size);
    return 0;
}

int serve_bytes(const struct call *call, struct blob *blob, const struct blob_artifact *artifact,
                struct reply *reply)
{
    char hex[DIGEST_SHA256_HEX_SIZE];
    struct blob_bytes bytes;
    struct download download;
    int r = blob_open(blob, artifact, &bytes);

    if (r)
        return r;
    text_hex(artifact->sha256, DIGEST_SHA256_SIZE, hex);
    download = (struct download){
        .etag = arena_printf(call->arena, "\"%s\"", hex),
        .content_type = "application/octet-stream",
        .size_bytes = artifact->size_bytes,
        .fd = bytes.fd,
        .read = bytes.read,
        .object = bytes.object,
        .pool = blob->pool,
        .streams = &blob->streams,
        .streams_max = blob->streams_max,
    };
    return download_reply(call, &download, reply);
}

static int find_artifact(const struct call *call, struct reply *reply,
                         struct blob_artifact *ret_artifact)
{
    const char *params[] = {"model", "version", "runtime", "hardware", "precision"};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct q_tuf_artifact wanted = {.sha256 = sha256};
    int r = find_workspace(call, &wanted.workspace_id, reply);

    if (r)
        return r;
    for (size_t i = 0; i < Q_TUF_ARTIFACT_PARTS; i++)
        wanted.parts[i] = request_param(call->request, params[i]);
    if (!split_name(request_param(call->request, "file"), sha256, &wanted.name)) {
        (void)refuse_target(call, reply);
        return REFUSED;
    }
    r = q_tuf_has_artifact(call->worker, &wanted);
    if (!r) {
        r = refuse_deleted(call, wanted.workspace_id, reply);
        if (r != SERVE_E_KEPT)
            return r ? r : REFUSED;
        r = read_find_published(call->worker, wanted.workspace_id, sha256, ret_artifact);
    }
    if (r > 0) {
        (void)refuse_target(call, reply);
        return REFUSED;
    }
    return r;
}

int serve_artifact(const struct call *call, struct blob *blob, struct reply *reply)
{
    struct blob_artifact artifact;
    int r = find_artifact(call, reply, &artifact);

    if (r)
        return r == REFUSED ? 0 : r;
    return serve_bytes(call, blob, &artifact, reply);
}
