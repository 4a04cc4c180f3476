/* SPDX-License-Identifier: Apache-2.0 */
#include "api/idempotent.h"

#include "api/api.h"
#include "base/log.h"
#include "core/idempotency.h"
#include "http/problems.h"

#include <string.h>

struct wrapped {
    const struct call *call;
    const struct route *route;
    struct reply *reply;
};

/* What makes two requests the same: method, path with query, body. */
static void digest(const struct request *request, uint8_t ret_digest[static DIGEST_SHA256_SIZE])
{
    struct digest_sha256 sha256;
    size_t size;
    const char *body = request_body(request, &size);
    const char *method = request_method(request);
    const char *path = request_path(request);

    digest_sha256_init(&sha256);
    digest_sha256_update(&sha256, method, strlen(method) + 1);
    digest_sha256_update(&sha256, path, strlen(path) + 1);
    digest_sha256_update(&sha256, body, size);
    digest_sha256_final(&sha256, ret_digest);
}

static int perform(void *arg, struct q_idempotency_reply *kept)
{
    struct wrapped *wrapped = arg;
    struct reply_copy copy;
    int r;

    reply_clear(wrapped->reply);
    r = wrapped->route->handle(wrapped->call, wrapped->reply);
    if (r)
        return r < 0 ? r : log_fail(ERR_INTERNAL, "a handler returned %d", r);
    if (!reply_copy(wrapped->reply, wrapped->call->arena, &copy))
        return log_fail(ERR_INTERNAL, "a reply that is not in memory cannot be kept");
    if (copy.status < 200 || copy.status > 299)
        return IDEMPOTENCY_E_FAILED;
    kept->status = copy.status;
    kept->content_type = copy.content_type;
    kept->location = copy.location;
    kept->body = copy.body;
    kept->size = copy.size;
    return 0;
}

static void answer_again(struct reply *reply, const struct q_idempotency_reply *kept)
{
    reply_clear(reply);
    reply_header(reply, "Idempotent-Replayed", "true");
    if (kept->location)
        reply_header(reply, "Location", kept->location);
    if (kept->content_type)
        reply_bytes(reply, kept->status, kept->content_type, kept->body, kept->size);
    else
        reply_empty(reply, kept->status);
}

int idempotent_handle(const struct call *call, const struct route *route, const char *key,
                      struct reply *reply)
{
    const struct api *api = call->context;
    struct wrapped wrapped = {.call = call, .route = route, .reply = reply};
    struct q_idempotency_reply kept = {0};
    const struct idempotency idempotency = {
        .key = {call->principal->workspace_id, call->principal->id, key},
        .now_ms = clock_wall_ms(api->clock),
        .arena = call->arena,
        .reply = &kept,
        .perform = perform,
        .arg = &wrapped,
    };
    int r;

    digest(call->request, kept.request_sha256);
    r = idempotency_run(call->worker, &idempotency);
    switch (r) {
    case IDEMPOTENCY_E_KEY:
        reply_problem(reply, &problems_bad_request,
                      "Idempotency-Key: 1 to %d printable ASCII characters expected",
                      IDEMPOTENCY_KEY_MAX);
        return 0;
    case IDEMPOTENCY_E_REUSED:
        reply_problem(reply, &problems_idempotency_reused,
                      "this Idempotency-Key was used for another request within a day; use a new "
                      "one for every request, and the same one only to send a request again");
        return 0;
    case IDEMPOTENCY_E_REPLAY:
        answer_again(reply, &kept);
        return 0;
    case IDEMPOTENCY_E_FAILED: /* the handler has said why */
        return 0;
    default:
        return r > 0 ? log_fail(ERR_INTERNAL, "unexpected outcome %d of idempotency", r) : r;
    }
}
