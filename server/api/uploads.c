/* SPDX-License-Identifier: Apache-2.0 */
#include "api/uploads.h"

#include "api/api.h"
#include "api/receive.h"
#include "api/tus.h"
#include "blob/blob.h"
#include "blob/upload.h"
#include "crypto/checksum.h"
#include "http/problems.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define BODY_TYPE "application/offset+octet-stream"

static const struct problem version = {"tus-version", 412, "This version of tus is not spoken"};
static const struct problem offset_problem = {"upload-offset", 409, "The upload is elsewhere"};

/* ---- headers ------------------------------------------------------------------------------ */

/* Every reply but that to OPTIONS starts here. Returns false where the reply is a problem. */
static bool speak(const struct call *call, struct reply *reply)
{
    const char *theirs = request_header(call->request, "Tus-Resumable");

    reply_header(reply, "Tus-Resumable", TUS_VERSION);
    reply_header(reply, "Cache-Control", "no-store");
    if (theirs && strcmp(theirs, TUS_VERSION) == 0)
        return true;
    reply_header(reply, "Tus-Version", TUS_VERSION);
    reply_problem(reply, &version, "send the header 'Tus-Resumable: " TUS_VERSION "'");
    return false;
}

static void reply_expiry(struct reply *reply, int64_t expires_ms)
{
    time_t at = (time_t)(expires_ms / 1000);
    char text[40];
    struct tm tm;

    (void)gmtime_r(&at, &tm);
    (void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    reply_header(reply, "Upload-Expires", text);
}

static bool has_body_type(const struct call *call)
{
    const char *type = request_header(call->request, "Content-Type");

    return type && strncasecmp(type, BODY_TYPE, sizeof(BODY_TYPE) - 1) == 0 &&
           strchr(" ;", type[sizeof(BODY_TYPE) - 1]);
}

/* Returns false where the reply is a problem. *ret_checksum is NULL where none was sent. */
static bool read_checksum(const struct call *call, struct reply *reply,
                          struct tus_checksum **ret_checksum)
{
    const char *header = request_header(call->request, "Upload-Checksum");
    int r;

    *ret_checksum = NULL;
    if (!header)
        return true;
    *ret_checksum = arena_alloc(call->arena, sizeof(**ret_checksum));
    r = tus_parse_checksum(header, *ret_checksum);
    if (r == 0)
        return true;
    reply_header(reply, "Tus-Checksum-Algorithm", checksum_names);
    if (r == TUS_E_ALGORITHM)
        reply_problem(reply, &problems_bad_request,
                      "Upload-Checksum names an algorithm that is not one of %s", checksum_names);
    else
        reply_problem(reply, &problems_bad_request,
                      "Upload-Checksum is not an algorithm and the base64 of its digest");
    return false;
}

/* ---- OPTIONS ------------------------------------------------------------------------------ */

int uploads_options(const struct call *call, struct reply *reply)
{
    (void)call;
    reply_header(reply, "Tus-Resumable", TUS_VERSION);
    reply_header(reply, "Tus-Version", TUS_VERSION);
    reply_header(reply, "Tus-Extension", TUS_EXTENSIONS);
    reply_header(reply, "Tus-Checksum-Algorithm", checksum_names);
    reply_empty(reply, 204);
    return 0;
}

/* ---- POST --------------------------------------------------------------------------------- */

static bool read_draft(const struct call *call, struct reply *reply, struct upload_draft *draft)
{
    const char *length = request_header(call->request, "Upload-Length");
    const char *metadata = request_header(call->request, "Upload-Metadata");
    int r;

    if (!length || !tus_parse_number(length, &draft->length_bytes)) {
        reply_problem(reply, &problems_bad_request,
                      length ? "Upload-Length is not a number of bytes"
                             : "send Upload-Length: uploads of unknown length are not taken");
        return false;
    }
    r = tus_parse_metadata(metadata ? metadata : "", draft->sha256);
    if (!metadata || r == TUS_E_NO_DIGEST) {
        reply_problem(reply, &problems_bad_request,
                      "Upload-Metadata must have 'sha256' with the base64 of the 64 hexadecimal "
                      "digits of the file's SHA-256");
        return false;
    }
    if (r) {
        reply_problem(reply, &problems_bad_request,
                      "Upload-Metadata is not a comma-separated list of keys with base64 values "
                      "of at most %d bytes",
                      TUS_METADATA_MAX);
        return false;
    }
    draft->metadata = metadata;
    return true;
}

/* Announced, and where bytes came along or none are needed, received. */
static int create(const struct call *call, const struct upload_draft *draft, bool with_body,
                  struct reply *reply)
{
    struct receive_result result = {0};
    struct tus_checksum *checksum;
    struct upload upload;
    int r;

    if (!read_checksum(call, reply, &checksum))
        return 0;
    r = receive_announce(call, draft, &upload, reply);
    if (r)
        return r == RECEIVE_E_REFUSED ? 0 : r;
    reply_headerf(reply, "Location", "/api/v1/uploads/%s", upload.id);
    if (with_body || draft->length_bytes == 0) {
        r = receive_body(call, &upload, checksum, draft->expires_ms, &result, reply);
        if (r)
            return r == RECEIVE_E_REFUSED ? 0 : r;
    }
    reply_expiry(reply, draft->expires_ms);
    reply_headerf(reply, "Upload-Offset", "%" PRIu64, result.offset_bytes);
    reply_empty(reply, 201);
    return 0;
}

int uploads_create(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct upload_draft draft = {
        .workspace_id = call->principal->workspace_id,
        .created_by = call->principal->name,
        .expires_ms = clock_wall_ms(api->clock) + api->blob->upload_expiry_ms,
    };
    bool with_body = request_content_length(call->request) > 0;

    if (!speak(call, reply) || !read_draft(call, reply, &draft))
        return 0;
    if (with_body && !has_body_type(call)) {
        reply_problem(reply, &problems_unsupported_media,
                      "a body that comes along must have Content-Type: " BODY_TYPE);
        return 0;
    }
    return create(call, &draft, with_body, reply);
}

/* ---- HEAD, PATCH, DELETE ------------------------------------------------------------------ */

static int find(const struct call *call, struct upload *ret_upload, struct reply *reply)
{
    const struct api *api = call->context;
    int r;

    r = upload_find(call->worker, call->arena, call->principal->workspace_id,
                    request_param(call->request, "id"), clock_wall_ms(api->clock), ret_upload);
    if (r == UPLOAD_E_MISSING) {
        reply_problem(reply, &problems_not_found,
                      "there is no such upload, or it has expired; create a new one");
        return RECEIVE_E_REFUSED;
    }
    return r;
}

int uploads_head(const struct call *call, struct reply *reply)
{
    struct upload upload;
    int r;

    if (!speak(call, reply))
        return 0;
    r = find(call, &upload, reply);
    if (r)
        return r == RECEIVE_E_REFUSED ? 0 : r;
    reply_headerf(reply, "Upload-Offset", "%" PRIu64, upload.offset_bytes);
    reply_headerf(reply, "Upload-Length", "%" PRIu64, upload.length_bytes);
    if (*upload.metadata)
        reply_header(reply, "Upload-Metadata", upload.metadata);
    reply_expiry(reply, upload.expires_ms);
    reply_empty(reply, 200);
    return 0;
}

/* The offset that the client says must be the upload's. */
static bool is_at(const struct upload *upload, const char *header, struct reply *reply)
{
    uint64_t offset;

    if (!header || !tus_parse_number(header, &offset)) {
        reply_problem(reply, &problems_bad_request,
                      "send Upload-Offset with the number of bytes that the upload has");
        return false;
    }
    if (offset == upload->offset_bytes)
        return true;
    reply_headerf(reply, "Upload-Offset", "%" PRIu64, upload->offset_bytes);
    reply_problem(reply, &offset_problem,
                  "the upload has %" PRIu64 " bytes, not %" PRIu64 "; go on from there",
                  upload->offset_bytes, offset);
    return false;
}

int uploads_patch(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    int64_t expires_ms = clock_wall_ms(api->clock) + api->blob->upload_expiry_ms;
    struct receive_result result;
    struct tus_checksum *checksum;
    struct upload upload;
    int r;

    if (!speak(call, reply))
        return 0;
    if (!has_body_type(call)) {
        reply_problem(reply, &problems_unsupported_media,
                      "the body must have Content-Type: " BODY_TYPE);
        return 0;
    }
    if (!read_checksum(call, reply, &checksum))
        return 0;
    r = find(call, &upload, reply);
    if (r)
        return r == RECEIVE_E_REFUSED ? 0 : r;
    if (!is_at(&upload, request_header(call->request, "Upload-Offset"), reply))
        return 0;
    result.offset_bytes = upload.offset_bytes;
    if (upload.content_id != 0) {
        r = receive_body(call, &upload, checksum, expires_ms, &result, reply);
        if (r)
            return r == RECEIVE_E_REFUSED ? 0 : r;
        reply_expiry(reply, expires_ms);
    }
    reply_headerf(reply, "Upload-Offset", "%" PRIu64, result.offset_bytes);
    reply_empty(reply, 204);
    return 0;
}

int uploads_delete(const struct call *call, struct reply *reply)
{
    int r;

    if (!speak(call, reply))
        return 0;
    r = upload_remove(call->worker, call->principal->workspace_id,
                      request_param(call->request, "id"));
    if (r == UPLOAD_E_MISSING) {
        reply_problem(reply, &problems_not_found, "there is no such upload; nothing to remove");
        return 0;
    }
    if (r)
        return r;
    reply_empty(reply, 204);
    return 0;
}
