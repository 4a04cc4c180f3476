/* SPDX-License-Identifier: Apache-2.0 */
#include "device/reports.h"

#include "base/log.h"
#include "core/fleet/reports.h"
#include "device/gateway.h"
#include "http/body.h"
#include "http/problems.h"

#include <inttypes.h>

static const struct problem bad_signature = {"bad-signature", 403, "Bad signature"};
static const struct problem replayed = {"report-replayed", 409, "Report replayed"};
static const struct problem other_device = {"report-of-other-device", 409,
                                            "Report of another device"};

static int refuse(int outcome, const struct reports_refusal *refusal, struct reply *reply)
{
    switch (outcome) {
    case REPORTS_E_SYNTAX:
        (void)body_refuse_syntax(reply, &refusal->error);
        return 0;
    case REPORTS_E_UNKNOWN:
        (void)body_refuse_field(reply, FIELDS_E_UNKNOWN, &refusal->error);
        return 0;
    case REPORTS_E_INVALID:
        (void)body_refuse_field(reply, FIELDS_E_INVALID, &refusal->error);
        return 0;
    case REPORTS_E_LARGE:
        reply_problem(reply, &problems_too_large, "a report has at most 65,536 bytes");
        return 0;
    case REPORTS_E_SIGNATURE:
        reply_problem(reply, &bad_signature,
                      "the report must be signed with the key that the device enrolled with, "
                      "whose keyid is '%s'",
                      refusal->keyid);
        return 0;
    case REPORTS_E_DEVICE:
        reply_problem(reply, &other_device, "signed.device_id must be '%s'", refusal->device_id);
        return 0;
    case REPORTS_E_REPLAYED:
        reply_problem(reply, &replayed,
                      "a report with this sequence, a later one, or this nonce was accepted "
                      "already; the last is %" PRId64 " or above",
                      refusal->sequence);
        reply_problem_member(reply, "last_sequence", json_integer(refusal->sequence));
        return 0;
    case REPORTS_E_MISSING:
        reply_problem(reply, &problems_unauthenticated, "this device was revoked");
        return 0;
    default:
        return log_fail(ERR_INTERNAL, "a report ended with %d", outcome);
    }
}

int reports_on_post(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;
    struct reports_refusal refusal = {0};
    size_t size;
    const char *bytes = request_body(call->request, &size);
    int r = reports_accept(call->worker, call->principal->workspace_id, call->principal->id, bytes,
                           size, clock_wall_ms(gateway->clock), call->arena, &refusal);

    if (r > 0)
        return refuse(r, &refusal, reply);
    if (r)
        return r;
    reply_json(reply, 200, json_pack("{s:b}", "accepted", 1));
    return 0;
}
