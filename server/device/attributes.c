/* SPDX-License-Identifier: Apache-2.0 */
#include "device/attributes.h"

#include "base/log.h"
#include "core/fleet/devices.h"
#include "device/gateway.h"
#include "device/identity.h"
#include "http/body.h"
#include "http/problems.h"
#include "proto/device.h"

int attributes_put(const struct call *call, struct reply *reply)
{
    const struct gateway *gateway = call->context;
    struct audit_actor actor = identity_actor(call);
    const struct devices_self self = {call->principal->workspace_id, &actor,
                                      clock_wall_ms(gateway->clock)};
    json_auto_t *root = NULL;
    struct device_facts facts;
    int r = body_decode(call, &device_facts_shape, &root, &facts, reply);

    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = devices_set_facts(call->worker, &self, &facts, json_object_get(root, "attributes"),
                          json_object_get(root, "capabilities"), call->arena);
    if (r == DEVICES_E_MISSING) {
        reply_problem(reply, &problems_unauthenticated, "this device was revoked");
        return 0;
    }
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "attributes ended with %d", r) : r;
    reply_empty(reply, 204);
    return 0;
}
