/* SPDX-License-Identifier: Apache-2.0 */
#include "api/lineage.h"

#include "api/actor.h"
#include "api/api.h"
#include "core/lineage/lineage.h"
#include "crypto/text.h"
#include "http/body.h"
#include "http/problems.h"
#include "lineage/openlineage.h"

static struct lineage_place place_of(const struct call *call, const struct audit_actor *actor)
{
    const struct api *api = call->context;

    return (struct lineage_place){
        .workspace_id = call->principal->workspace_id,
        .actor = actor,
        .now_ms = clock_wall_ms(api->clock),
    };
}

static int refuse(struct reply *reply, int outcome, const struct fields_error *error)
{
    if (outcome == LINEAGE_E_SYNTAX)
        (void)body_refuse_syntax(reply, error);
    else
        (void)body_refuse_field(reply, FIELDS_E_INVALID, error);
    return 0;
}

int lineage_on_post(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct lineage_place place = place_of(call, &actor);
    struct fields_error error = {0};
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];
    bool known = false;
    size_t size;
    const char *body = request_body(call->request, &size);
    int r;

    r = lineage_accept(call->worker, &place, body, size, &known, &error);
    if (r)
        return r > 0 ? refuse(reply, r, &error) : r;
    digest_sha256(body, size, digest);
    text_hex(digest, sizeof(digest), hex);
    reply_json(reply, known ? 200 : 201, json_pack("{s:s, s:b}", "sha256", hex, "known", known));
    return 0;
}

/* Each event stands for itself: a bad one does not keep the others out. */
static int accept_all(const struct call *call, const struct openlineage_slice *slices, size_t count,
                      json_t *failed)
{
    struct audit_actor actor = actor_of(call);
    struct lineage_place place = place_of(call, &actor);

    for (size_t i = 0; i < count; i++) {
        struct fields_error error = {0};
        bool known;
        int r =
            lineage_accept(call->worker, &place, slices[i].bytes, slices[i].size, &known, &error);

        if (r < 0)
            return r;
        if (r > 0)
            (void)json_array_append_new(
                failed, json_pack("{s:I, s:s, s:s, s:b}", "index", (json_int_t)i, "reason",
                                  error.text, "pointer", error.pointer, "retriable", 0));
    }
    return 0;
}

int lineage_on_batch(const struct call *call, struct reply *reply)
{
    struct fields_error error = {0};
    struct openlineage_slice *slices;
    json_auto_t *failed = json_array();
    size_t count;
    size_t size;
    const char *body = request_body(call->request, &size);
    int r;

    r = openlineage_split(body, size, call->arena, &slices, &count, &error);
    if (r)
        return r > 0 ? refuse(reply, r == OPENLINEAGE_E_SYNTAX ? LINEAGE_E_SYNTAX : r, &error) : r;
    r = accept_all(call, slices, count, failed);
    if (r)
        return r;
    size_t failures = json_array_size(failed);
    if (failures == 0) {
        reply_empty(reply, 204);
        return 0;
    }
    reply_json(reply, 200,
               json_pack("{s:s, s:{s:I, s:I, s:I}, s:O}", "status",
                         failures == count ? "failure" : "partial_success", "summary", "received",
                         (json_int_t)count, "successful", (json_int_t)(count - failures), "failed",
                         (json_int_t)failures, "failed_events", failed));
    return 0;
}
