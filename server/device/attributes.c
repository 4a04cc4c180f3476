/* SPDX-License-Identifier: Apache-2.0 */
#include "device/attributes.h"

#include "base/log.h"
#include "core/devices.h"
#include "http/body.h"
#include "proto/device.h"

int attributes_put(const struct call *call, struct reply *reply)
{
    json_auto_t *root = NULL;
    struct device_facts facts;
    int r = body_decode(call, &device_facts_shape, &root, &facts, reply);

    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = devices_set_facts(call->worker, call->principal->workspace_id, call->principal->id, &facts,
                          json_object_get(root, "attributes"),
                          json_object_get(root, "capabilities"), call->arena);
    if (r)
        return r > 0 ? log_fail(ERR_INTERNAL, "attributes ended with %d", r) : r;
    reply_empty(reply, 204);
    return 0;
}
