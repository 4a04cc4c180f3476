/* SPDX-License-Identifier: Apache-2.0 */
#include "device/enroll.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/fleet/enrolments.h"
#include "device/gateway.h"
#include "http/body.h"
#include "http/problems.h"
#include "proto/enrolment.h"
#include "tuf/envelope.h"

#include <strings.h>

static const struct problem token_refused = {"enrolment-token-refused", 401,
                                             "Enrolment token refused"};
static const struct problem bad_signature = {"bad-signature", 403, "Bad signature"};
static const struct problem key_revoked = {"key-revoked", 403, "Key revoked"};
static const struct problem device_exists = {"device-exists", 409, "Device exists"};

static const struct {
    int outcome;
    const struct problem *problem;
    const char *detail;
} refusals[] = {
    {ENROLMENTS_E_TOKEN,       &token_refused,
     "there is no such enrolment token, or it was revoked; ask an operator for one"   },
    {ENROLMENTS_E_EXPIRED,     &token_refused,
     "the enrolment token has expired; ask an operator for a new one"                 },
    {ENROLMENTS_E_USED_UP,     &token_refused,
     "the enrolment token is used up; ask an operator for a new one"                  },
    {ENROLMENTS_E_MISMATCH,    &token_refused,
     "signed.token_sha256 is not the SHA-256 of the token in the Authorization header"},
    {ENROLMENTS_E_NAME_TAKEN,  &device_exists,
     "a device of this name is enrolled with another key; choose another name, or have an operator "
     "revoke that device"                                                             },
    {ENROLMENTS_E_KEY_TAKEN,   &device_exists,
     "this key is enrolled under another name; each device needs a key of its own"    },
    {ENROLMENTS_E_KEY_REVOKED, &key_revoked,
     "a device with this key was revoked; it needs a new key to enrol again"          },
};

static int refuse(int outcome, struct reply *reply)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (refusals[i].outcome != outcome)
            continue;
        reply_problem(reply, refusals[i].problem, "%s", refusals[i].detail);
        return 0;
    }
    return log_fail(ERR_INTERNAL, "enrolment ended with %d", outcome);
}

/* The envelope, verified with the key that it holds: that proves possession. */
static int read_request(const struct call *call, struct envelope *ret_envelope,
                        struct enrolment *ret_request, struct reply *reply)
{
    struct fields_error error = {0};
    size_t size;
    const char *bytes = request_body(call->request, &size);
    int r = envelope_parse(bytes, size, ENROLMENT_SIZE_MAX, call->arena, ret_envelope, &error);

    if (r == ENVELOPE_E_SYNTAX || r == ENVELOPE_E_TOO_LARGE)
        return body_refuse_syntax(reply, &error);
    if (r > 0)
        return body_refuse_field(
            reply, r == ENVELOPE_E_UNKNOWN ? FIELDS_E_UNKNOWN : FIELDS_E_INVALID, &error);
    if (r)
        return r;
    r = enrolment_decode(ret_envelope->signed_part, call->arena, ret_request, &error);
    if (r > 0)
        return body_refuse_field(reply, r, &error);
    if (r)
        return r;
    r = envelope_verify(ret_envelope, &ret_request->key, 1, 1, NULL);
    if (r == ENVELOPE_E_UNVERIFIED) {
        reply_problem(reply, &bad_signature,
                      "the request must be signed with signed.key, whose keyid is '%s'",
                      ret_request->key.id);
        return BODY_E_REFUSED;
    }
    return r;
}

int enroll_post(const struct call *call, struct reply *reply)
{
    CLEANUP(envelope_release) struct envelope envelope = {0};
    const struct gateway *gateway = call->context;
    const char *authorization = request_header(call->request, "Authorization");
    struct enrolments_result result;
    struct enrolment request;
    int r;

    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0) {
        reply_problem(reply, &token_refused,
                      "send the enrolment token as 'Authorization: Bearer mfe_...'");
        return 0;
    }
    r = read_request(call, &envelope, &request, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    const struct enrolments_request asked = {
        .token = authorization + 7,
        .address = request_peer(call->request),
        .enrolment = &request,
        .now_ms = clock_wall_ms(gateway->clock),
    };
    r = enrolments_redeem(call->worker, gateway->roster, &asked, call->arena, &result);
    if (r > 0)
        return refuse(r, reply);
    if (r)
        return r;
    reply_json(reply, 201,
               enrolment_answer_encode(&(struct enrolment_answer){
                   .device = result.device,
                   .device_id = result.device_id,
                   .workspace = result.workspace,
                   .token = result.token,
                   .poll_interval_s = gateway->poll_interval_s,
               }));
    secret_wipe(result.token, sizeof(result.token));
    return 0;
}
