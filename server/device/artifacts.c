/* SPDX-License-Identifier: Apache-2.0 */
#include "device/artifacts.h"

#include "blob/blob.h"
#include "blob/read.h"
#include "crypto/text.h"
#include "device/gateway.h"
#include "http/problems.h"
#include "image/serve.h"

int artifacts_fetch(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    struct blob_artifact artifact;
    int r = SERVE_E_KEPT;
    bool named = text_unhex(request_param(call->request, "sha256"), sha256, sizeof(sha256));

    if (named)
        r = serve_deleted_artifact(call, call->principal->workspace_id, sha256, reply);
    if (r != SERVE_E_KEPT)
        return r;
    r = READ_E_MISSING;
    if (named)
        r = read_find_published(call->worker, call->principal->workspace_id, sha256, &artifact);
    if (r == READ_E_MISSING) {
        reply_problem(reply, &problems_not_found,
                      "no published version of this workspace has an artifact with that digest");
        return 0;
    }
    if (r)
        return r;
    return serve_bytes(call, gateway->blob, &artifact, reply);
}
