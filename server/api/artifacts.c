/* SPDX-License-Identifier: Apache-2.0 */
#include "api/artifacts.h"

#include "api/api.h"
#include "api/receive.h"
#include "blob/blob.h"
#include "blob/read.h"
#include "crypto/text.h"
#include "http/problems.h"
#include "image/serve.h"

#include <string.h>

/* An upload by PUT cannot be resumed, so what a crash left of it soon goes. */
#define PUT_EXPIRY_MS ((int64_t)3600 * 1000)

static const struct problem length_required = {"length-required", 411, "Length Required"};

/* Whether the path names a digest; the reply is a problem otherwise. */
static bool read_digest(const struct call *call, uint8_t ret_sha256[static DIGEST_SHA256_SIZE],
                        struct reply *reply)
{
    if (text_unhex(request_param(call->request, "sha256"), ret_sha256, DIGEST_SHA256_SIZE))
        return true;
    reply_problem(reply, &problems_bad_request,
                  "an artifact is named by the 64 hexadecimal digits of its SHA-256");
    return false;
}

/* ---- PUT ---------------------------------------------------------------------------------- */

static void reply_stored(struct reply *reply, int status, const uint8_t *sha256, uint64_t length,
                         uint64_t deduplicated)
{
    char hex[DIGEST_SHA256_HEX_SIZE];

    text_hex(sha256, DIGEST_SHA256_SIZE, hex);
    reply_json(reply, status,
               json_pack("{s:s, s:I, s:I}", "sha256", hex, "length", (json_int_t)length,
                         "deduplicated_bytes", (json_int_t)deduplicated));
}

static int put_new(const struct call *call, const struct upload_draft *draft, struct reply *reply)
{
    struct receive_result result;
    struct upload upload;
    int removed;
    int r;

    r = receive_announce(call, draft, &upload, reply);
    if (r)
        return r == RECEIVE_E_REFUSED ? 0 : r;
    r = receive_body(call, &upload, NULL, draft->expires_ms, &result, reply);
    if (r == 0 && result.offset_bytes == draft->length_bytes) {
        reply_stored(reply, 201, draft->sha256, draft->length_bytes, result.deduplicated_bytes);
        return 0;
    }
    /* Expiry does it where this fails. */
    removed = upload_remove(call->worker, draft->workspace_id, upload.id);
    if (r == RECEIVE_E_REFUSED)
        return 0;
    if (r)
        return r;
    return removed < 0 ? removed : ERR_CANCELLED;
}

int artifacts_put(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    uint64_t length = request_content_length(call->request);
    struct blob_artifact artifact;
    struct upload_draft draft = {
        .workspace_id = call->principal->workspace_id,
        .created_by = call->principal->name,
        .metadata = "",
        .length_bytes = length,
        .expires_ms = clock_wall_ms(api->clock) + PUT_EXPIRY_MS,
    };
    int r;

    if (!read_digest(call, draft.sha256, reply))
        return 0;
    r = read_find(call->worker, draft.workspace_id, draft.sha256, &artifact);
    if (r == 0) {
        reply_stored(reply, 200, artifact.sha256, artifact.size_bytes, artifact.size_bytes);
        return 0;
    }
    if (r != READ_E_MISSING)
        return r;
    if (length == UINT64_MAX) {
        reply_problem(reply, &length_required,
                      "send Content-Length, or use a tus upload: bodies of unknown length are not "
                      "taken");
        return 0;
    }
    return put_new(call, &draft, reply);
}

/* ---- GET ---------------------------------------------------------------------------------- */

int artifacts_get(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct blob_artifact artifact;
    int r;

    if (!read_digest(call, sha256, reply))
        return 0;
    /* First, since who looks for what no version has keeps it for a while. */
    r = serve_deleted_artifact(call, call->principal->workspace_id, sha256, reply);
    if (r != SERVE_E_KEPT)
        return r;
    r = read_find(call->worker, call->principal->workspace_id, sha256, &artifact);
    if (r == READ_E_MISSING) {
        reply_problem(reply, &problems_not_found,
                      "this workspace has no artifact with that digest; upload it first");
        return 0;
    }
    if (r)
        return r;
    return serve_bytes(call, api->blob, &artifact, reply);
}
