/* SPDX-License-Identifier: Apache-2.0 */
#include "device/token.h"

#include "base/log.h"
#include "core/fleet/devices.h"
#include "device/gateway.h"
#include "device/identity.h"
#include "http/problems.h"

int token_post(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;
    struct audit_actor actor = identity_actor(call);
    const struct devices_self self = {call->principal->workspace_id, &actor,
                                      clock_wall_ms(gateway->clock)};
    char secret[SECRET_TOKEN_SIZE];
    int r = devices_issue_token(call->worker, gateway->roster, &self, secret);

    if (r == DEVICES_E_MISSING) {
        reply_problem(reply, &problems_unauthenticated, "this device was revoked");
        return 0;
    }
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "a new token ended with %d", r) : r;
    reply_json(reply, 200, json_pack("{s:s}", "token", secret));
    secret_wipe(secret, sizeof(secret));
    return 0;
}
