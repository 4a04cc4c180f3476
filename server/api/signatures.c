/* SPDX-License-Identifier: Apache-2.0 */
#include "api/signatures.h"

#include "api/actor.h"
#include "api/version_reply.h"
#include "core/registry/versions.h"
#include "http/body.h"
#include "http/problems.h"
#include "tuf/envelope.h"
#include "json/fields.h"

struct given {
    const json_t *signatures;
};

static const struct field given_fields[] = {
    FIELD("signatures", JSON, struct given, signatures, .required = true),
};
static const struct shape given_shape = SHAPE(struct given, given_fields);

/* The signatures of the body; they live in the request's arena. */
static int decode(const struct call *call, struct envelope_signature **ret_signatures,
                  size_t *ret_count, struct reply *reply)
{
    struct fields_error error = {0};
    json_auto_t *root = NULL;
    struct given given;
    int r;

    r = body_decode(call, &given_shape, &root, &given, reply);
    if (r)
        return r;
    r = envelope_parse_signatures(given.signatures, call->arena, ret_signatures, ret_count, &error);
    if (r > 0)
        return body_refuse_field(
            reply, r == ENVELOPE_E_UNKNOWN ? FIELDS_E_UNKNOWN : FIELDS_E_INVALID, &error);
    if (r)
        return r;
    if (*ret_count > 0)
        return 0;
    reply_problem(reply, &problems_invalid_field, "signatures: at least one expected");
    return BODY_E_REFUSED;
}

int signatures_on_post(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct versions_place place = version_reply_place(call, &actor);
    const char *name = request_param(call->request, "version");
    struct versions_failure failure = {0};
    struct envelope_signature *signatures;
    struct q_version version;
    size_t count;
    int r;

    r = decode(call, &signatures, &count, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = versions_sign(call->worker, &place, name, signatures, count, call->arena, &version,
                      &failure);
    if (r)
        return version_reply_refuse(call, name, r, &failure, reply);
    reply_json(reply, 200, version_reply_encode_whole(place.model, &version));
    return 0;
}
