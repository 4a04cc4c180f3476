/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGE_SERVE_H
#define IMAGE_SERVE_H

#include "base/error.h"
#include "crypto/digest.h"
#include "http/router.h"

struct blob;
struct blob_artifact;

/* The bytes of a stored artifact that the caller may have: from the cache or the database, with
 * ranges and an ETag. */
int serve_bytes(const struct call *call, struct blob *blob, const struct blob_artifact *artifact,
                struct reply *reply) MUST_CHECK;

enum {
    SERVE_E_KEPT = 1, /* nothing was deleted */
};

/* Answers 410 where only versions that were deleted have an artifact, or a manifest. Returns 0,
 * SERVE_E_KEPT, or negative. */
int serve_deleted_artifact(const struct call *call, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE],
                           struct reply *reply) MUST_CHECK;
int serve_deleted_manifest(const struct call *call, int64_t workspace_id,
                           const uint8_t sha256[static DIGEST_SHA256_SIZE],
                           struct reply *reply) MUST_CHECK;

/*
 * The image repository as any TUF client reads it, the same on both listeners:
 *
 *     /tuf/{workspace}/metadata/{file}                                                3.root.json
 *     /tuf/{workspace}/targets/{model}/{version}/{file}                     <sha256>.manifest.json
 *     /tuf/{workspace}/targets/{model}/{version}/{runtime}/{hardware}/{precision}/{file}
 *                                                                              <sha256>.model.onnx
 *
 * Who asks with a token sees the workspace of the token only.
 */
int serve_metadata(const struct call *call, struct reply *reply) MUST_CHECK;
int serve_manifest(const struct call *call, struct reply *reply) MUST_CHECK;
int serve_artifact(const struct call *call, struct blob *blob, struct reply *reply) MUST_CHECK;

#endif
