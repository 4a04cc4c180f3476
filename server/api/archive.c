/* SPDX-License-Identifier: Apache-2.0 */
#include "api/archive.h"

#include "api/actor.h"
#include "api/registry_reply.h"
#include "core/registry/archive.h"
#include "http/body.h"
#include "json/fields.h"

struct given {
    const char *reason;
};

static const struct field given_fields[] = {
    FIELD("reason", STRING, struct given, reason, .nullable = true, .max = ARCHIVE_REASON_MAX),
};
static const struct shape given_shape = SHAPE(struct given, given_fields);

int archive_on_put(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    struct given given = {0};
    json_auto_t *root = NULL;
    int r = body_decode_optional(call, &given_shape, &root, &given, reply);

    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = archive_put(call->worker, &place, request_param(call->request, "version"),
                    given.reason ? given.reason : "", call->arena, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    reply_empty(reply, 204);
    return 0;
}

int archive_on_delete(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    int r = archive_restore(call->worker, &place, request_param(call->request, "version"),
                            call->arena, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    reply_empty(reply, 204);
    return 0;
}
