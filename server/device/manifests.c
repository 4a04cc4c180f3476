/* SPDX-License-Identifier: Apache-2.0 */
#include "device/manifests.h"

#include "base/log.h"
#include "crypto/text.h"
#include "db/q_manifest.h"
#include "http/problems.h"
#include "image/serve.h"

int manifests_get(const struct call *call, struct reply *reply)
{
    const char *name = request_param(call->request, "sha256");
    uint8_t sha256[DIGEST_SHA256_SIZE];
    const void *bytes;
    size_t size;
    int r = SERVE_E_KEPT;
    bool named = text_unhex(name, sha256, sizeof(sha256));

    if (named)
        r = serve_deleted_manifest(call, call->principal->workspace_id, sha256, reply);
    if (r != SERVE_E_KEPT)
        return r;
    r = Q_MANIFEST_E_MISSING;
    if (named)
        r = q_manifest_find(call->worker, call->principal->workspace_id, sha256, call->arena,
                            &bytes, &size);
    if (r == Q_MANIFEST_E_MISSING) {
        reply_problem(reply, &problems_not_found, "no published version has the manifest '%s'",
                      name);
        return 0;
    }
    if (r)
        return r;
    reply_headerf(reply, "ETag", "\"%s\"", name);
    reply_header(reply, "Cache-Control", "private, immutable, max-age=31536000");
    reply_bytes(reply, 200, "application/json", bytes, size);
    return 0;
}
