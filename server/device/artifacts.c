/* SPDX-License-Identifier: Apache-2.0 */
#include "device/artifacts.h"

#include "blob/blob.h"
#include "blob/read.h"
#include "crypto/text.h"
#include "device/gateway.h"
#include "http/download.h"
#include "http/problems.h"

static int find(const struct call *call, struct blob_artifact *ret_artifact)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];

    if (!text_unhex(request_param(call->request, "sha256"), sha256, sizeof(sha256)))
        return READ_E_MISSING;
    return read_find_published(call->worker, call->principal->workspace_id, sha256, ret_artifact);
}

int artifacts_fetch(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;
    struct blob_artifact artifact;
    struct blob_bytes bytes;
    struct download download;
    int r;

    r = find(call, &artifact);
    if (r == READ_E_MISSING) {
        reply_problem(reply, &problems_not_found,
                      "no published version of this workspace has an artifact with that digest");
        return 0;
    }
    if (r)
        return r;
    r = blob_open(gateway->blob, &artifact, &bytes);
    if (r)
        return r;
    download = (struct download){
        .etag = arena_printf(call->arena, "\"%s\"", request_param(call->request, "sha256")),
        .content_type = "application/octet-stream",
        .size_bytes = artifact.size_bytes,
        .fd = bytes.fd,
        .read = bytes.read,
        .object = bytes.object,
        .pool = gateway->blob->pool,
        .streams = &gateway->blob->streams,
        .streams_max = gateway->blob->streams_max,
    };
    return download_reply(call, &download, reply);
}
