/* SPDX-License-Identifier: Apache-2.0 */
#include "api/receive.h"

#include "api/actor.h"
#include "api/api.h"
#include "base/cleanup.h"
#include "blob/ingest.h"
#include "core/audit/audit_artifact.h"
#include "crypto/checksum.h"
#include "crypto/text.h"
#include "http/problems.h"

#include <inttypes.h>

static const struct problem too_large = {"artifact-too-large", 413, "The artifact is too large"};
static const struct problem quota = {"quota-exceeded", 409, "The workspace has no room left"};
static const struct problem locked = {"upload-locked", 423, "Somebody else is writing"};
static const struct problem offset = {"upload-offset", 409, "The upload is elsewhere"};
static const struct problem mismatch = {"digest-mismatch", 422, "The bytes are not what was said"};
static const struct problem checksum_mismatch = {"checksum-mismatch", 460, "Checksum Mismatch"};

DEFINE_CLEANUP(cleanup_ingest, struct ingest *, ingest_free);
DEFINE_CLEANUP(cleanup_checksum, struct checksum *, checksum_free);

int receive_announce(const struct call *call, const struct upload_draft *draft,
                     struct upload *ret_upload, struct reply *reply)
{
    struct upload_limits limits;
    int r;

    r = upload_create(call->worker, call->arena, draft, ret_upload, &limits);
    if (r == UPLOAD_E_TOO_LARGE) {
        reply_problem(reply, &too_large,
                      "%" PRIu64 " bytes are more than the %" PRIu64 " that an artifact may have "
                      "in this workspace; ask an administrator to raise the limit",
                      draft->length_bytes, limits.limit_bytes);
        reply_problem_member(reply, "limit_bytes", json_integer((json_int_t)limits.limit_bytes));
        return RECEIVE_E_REFUSED;
    }
    if (r == UPLOAD_E_QUOTA) {
        reply_problem(reply, &quota,
                      "artifacts and uploads take %" PRIu64 " of the workspace's %" PRIu64
                      " bytes, so %" PRIu64 " more do not fit; end uploads that are not needed, "
                      "or ask an administrator to raise the quota",
                      limits.used_bytes, limits.limit_bytes, draft->length_bytes);
        reply_problem_member(reply, "limit_bytes", json_integer((json_int_t)limits.limit_bytes));
        reply_problem_member(reply, "used_bytes", json_integer((json_int_t)limits.used_bytes));
        return RECEIVE_E_REFUSED;
    }
    return r;
}

/* ---- the body ----------------------------------------------------------------------------- */

static void refuse_digest(struct reply *reply, const struct upload *upload,
                          const struct ingest *ingest)
{
    char expected[DIGEST_SHA256_HEX_SIZE];
    char actual[DIGEST_SHA256_HEX_SIZE];

    text_hex(upload->sha256, sizeof(upload->sha256), expected);
    text_hex(ingest_actual_sha256(ingest), DIGEST_SHA256_SIZE, actual);
    reply_problem(reply, &mismatch,
                  "the bytes hash to %s, not to the announced %s; the upload was removed: hash "
                  "the file again and upload it anew",
                  actual, expected);
    reply_problem_member(reply, "expected_sha256", json_string(expected));
    reply_problem_member(reply, "actual_sha256", json_string(actual));
}

/* The problem for what ingest says. Returns RECEIVE_E_REFUSED, or what is negative. */
static int refuse(struct reply *reply, int r, const struct upload *upload,
                  const struct ingest *ingest)
{
    switch (r) {
    case INGEST_E_LOCKED:
        reply_header(reply, "Retry-After", "1");
        reply_problem(reply, &locked,
                      "another request is writing to this upload; wait until it has ended, then "
                      "ask for the offset");
        break;
    case INGEST_E_GONE:
        reply_problem(reply, &problems_not_found,
                      "the upload was removed while it was written to; create a new one");
        break;
    case INGEST_E_OFFSET:
        reply_problem(reply, &offset,
                      "the upload is not at byte %" PRIu64
                      " any more; ask for its offset with HEAD",
                      upload->offset_bytes);
        break;
    case INGEST_E_LENGTH:
        reply_problem(reply, &problems_bad_request,
                      "the body goes beyond the announced length of %" PRIu64 " bytes",
                      upload->length_bytes);
        break;
    case INGEST_E_DIGEST:
        refuse_digest(reply, upload, ingest);
        break;
    default:
        return r;
    }
    return RECEIVE_E_REFUSED;
}

/* Reads all of the body. Returns REQUEST_E_END or REQUEST_E_GONE, or what ingest said (as the
 * second outcome), or negative. */
static int take_body(const struct call *call, struct ingest *ingest, struct checksum *checksum,
                     int *ret_outcome)
{
    while (true) {
        size_t capacity;
        size_t size;
        void *bytes;
        int r;

        ingest_space(ingest, &bytes, &capacity);
        r = request_read(call->request, bytes, capacity, &size);
        if (r == REQUEST_E_END || r == REQUEST_E_GONE) {
            *ret_outcome = r;
            return 0;
        }
        if (r)
            return r;
        if (checksum)
            checksum_update(checksum, bytes, size);
        r = ingest_advance(ingest, size);
        if (r < 0)
            return r;
        if (r) {
            *ret_outcome = -r;
            return 0;
        }
    }
}

static int open_ingest(const struct call *call, const struct upload *upload, bool staged,
                       int64_t expires_ms, struct audit_artifact *artifact,
                       struct ingest **ret_ingest, struct reply *reply)
{
    struct ingest_options options = {
        .upload = upload,
        .staged = staged,
        .expires_ms = expires_ms,
        .stored = audit_artifact_stored,
        .arg = artifact,
    };
    int r;

    r = ingest_new(call->worker, &options, ret_ingest);
    return r > 0 ? refuse(reply, r, upload, NULL) : r;
}

int receive_body(const struct call *call, const struct upload *upload,
                 const struct tus_checksum *checksum, int64_t expires_ms,
                 struct receive_result *ret_result, struct reply *reply)
{
    const struct api *api = call->context;
    struct audit_artifact artifact = {actor_of(call), clock_wall_ms(api->clock)};
    CLEANUP(cleanup_ingest) struct ingest *ingest = NULL;
    CLEANUP(cleanup_checksum) struct checksum *sum = NULL;
    int outcome = 0;
    int r;

    if (checksum) {
        r = checksum_new(checksum->algorithm, &sum);
        if (r)
            return r;
    }
    r = open_ingest(call, upload, checksum != NULL, expires_ms, &artifact, &ingest, reply);
    if (r)
        return r;
    r = take_body(call, ingest, sum, &outcome);
    if (r)
        return r;
    if (outcome < 0)
        return refuse(reply, -outcome, upload, ingest);
    if (checksum &&
        (outcome == REQUEST_E_GONE || !checksum_matches(sum, checksum->digest, checksum->size))) {
        reply_problem(reply, &checksum_mismatch,
                      "the body does not have the %s that Upload-Checksum says; nothing of it was "
                      "kept: send it again",
                      checksum->algorithm);
        return RECEIVE_E_REFUSED;
    }
    r = ingest_accept(ingest);
    if (r)
        return refuse(reply, r, upload, ingest);
    if (outcome == REQUEST_E_GONE)
        return ERR_CANCELLED;
    ret_result->offset_bytes = ingest_offset(ingest);
    ret_result->deduplicated_bytes = ingest_deduplicated(ingest);
    return 0;
}
