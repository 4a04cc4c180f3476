/* SPDX-License-Identifier: Apache-2.0 */
#include "api/desired.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/desired_reply.h"
#include "api/device_names.h"
#include "api/fleet_problems.h"
#include "core/fleet/desired.h"
#include "db/q_device.h"
#include "http/body.h"
#include "http/etag.h"
#include "http/problems.h"
#include "model/name.h"
#include "model/variant.h"
#include "proto/reload_kind.h"
#include "json/fields.h"

#include <string.h>

static const char *check_role(const char *text)
{
    if (strcmp(text, "production") == 0 || strcmp(text, "shadow") == 0)
        return NULL;
    return "production or shadow";
}

static const struct field slot_fields[] = {
    FIELD("model", STRING, struct desired_slot, model, .required = true, .check = name_check),
    FIELD("version", STRING, struct desired_slot, version, .required = true,
          .check = name_check_version),
    FIELD("variant", STRING, struct desired_slot, variant, .nullable = true,
          .check = variant_check),
    FIELD("role", STRING, struct desired_slot, role, .nullable = true, .check = check_role),
    FIELD("reload", STRING, struct desired_slot, reload, .nullable = true,
          .check = reload_kind_check),
};
static const struct shape slot_shape =
    SHAPE(struct desired_slot, slot_fields, .key_offset = offsetof(struct desired_slot, slot));

struct put_body {
    struct desired_slot *slots;
    size_t slot_count;
};

static const struct field put_fields[] = {
    FIELD_ARRAY("slots", MAP, struct put_body, slots, slot_count, .required = true,
                .max = DESIRED_SLOTS_MAX, .key_check = name_check, .shape = &slot_shape),
};
static const struct shape put_shape = SHAPE(struct put_body, put_fields);

struct bulk_body {
    struct desired_slot slot;
    json_t *devices;
};

static const struct field bulk_fields[] = {
    FIELD("devices", JSON, struct bulk_body, devices, .required = true),
    FIELD("slot", STRING, struct bulk_body, slot.slot, .required = true, .check = name_check),
    FIELD("model", STRING, struct bulk_body, slot.model, .required = true, .check = name_check),
    FIELD("version", STRING, struct bulk_body, slot.version, .required = true,
          .check = name_check_version),
    FIELD("variant", STRING, struct bulk_body, slot.variant, .nullable = true,
          .check = variant_check),
    FIELD("role", STRING, struct bulk_body, slot.role, .nullable = true, .check = check_role),
    FIELD("reload", STRING, struct bulk_body, slot.reload, .nullable = true,
          .check = reload_kind_check),
};
static const struct shape bulk_shape = SHAPE(struct bulk_body, bulk_fields);

static void answer(struct reply *reply, int64_t version, const char *slots)
{
    char tag[ETAG_NUMBER_SIZE];

    etag_print_number(version, tag);
    reply_header(reply, "ETag", tag);
    reply_json(reply, 200, desired_reply_encode(version, slots));
}

int desired_on_get(const struct call *call, struct reply *reply)
{
    const char *name = request_param(call->request, "device");
    struct q_device device;
    int r = q_device_find(call->worker, call->principal->workspace_id, name, call->arena, &device);

    if (r == Q_DEVICE_E_MISSING || (r == 0 && !device.active)) {
        fleet_problems_device(reply, name);
        return 0;
    }
    if (r)
        return r;
    answer(reply, device.version, device.slots);
    return 0;
}

/* If-Match: absent and "*" match whatever is there. */
static bool parse_if_match(const struct call *call, int64_t *ret_version, struct reply *reply)
{
    const char *header = request_header(call->request, "If-Match");

    *ret_version = DESIRED_ANY_VERSION;
    if (!header || strcmp(header, "*") == 0 || etag_parse_number(header, ret_version))
        return true;
    reply_problem(reply, &problems_bad_request,
                  "If-Match must be the ETag of a desired state, such as \"7\", or *");
    return false;
}

static void default_role(struct desired_slot *slot)
{
    if (!slot->role)
        slot->role = "production";
}

int desired_on_put(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct audit_actor actor = actor_of(call);
    struct desired_change change = {
        .workspace_id = call->principal->workspace_id,
        .device = request_param(call->request, "device"),
        .actor = &actor,
        .now_ms = clock_wall_ms(api->clock),
    };
    struct desired_refusal refusal;
    struct put_body body;
    json_auto_t *root = NULL;
    const char *slots;
    int64_t version;
    int r;

    if (!parse_if_match(call, &change.expected_version, reply))
        return 0;
    r = body_decode(call, &put_shape, &root, &body, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    for (size_t i = 0; i < body.slot_count; i++)
        default_role(&body.slots[i]);
    change.slots = body.slots;
    change.slot_count = body.slot_count;

    r = desired_replace(call->worker, api->roster, &change, call->arena, &version, &slots,
                        &refusal);
    if (r > 0)
        return fleet_problems_desired(reply, r, &refusal);
    if (r)
        return r;
    answer(reply, version, slots);
    return 0;
}

/* "all", or names. */
static bool read_devices(const struct call *call, const json_t *devices, struct desired_bulk *bulk,
                         struct reply *reply)
{
    if (json_is_string(devices) && strcmp(json_string_value(devices), "all") == 0)
        return true;
    return device_names_read(call, devices, "\"all\", or ", &bulk->devices, &bulk->device_count,
                             reply);
}

int desired_on_post(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct audit_actor actor = actor_of(call);
    struct desired_bulk bulk = {
        .workspace_id = call->principal->workspace_id,
        .actor = &actor,
        .now_ms = clock_wall_ms(api->clock),
    };
    struct desired_refusal refusal;
    struct bulk_body body;
    json_auto_t *root = NULL;
    int64_t changed;
    int64_t unchanged;
    int r;

    r = body_decode(call, &bulk_shape, &root, &body, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    if (!read_devices(call, body.devices, &bulk, reply))
        return 0;
    bulk.slot = body.slot;
    default_role(&bulk.slot);
    r = desired_set_slot(call->worker, &bulk, call->arena, &changed, &unchanged, &refusal);
    if (r > 0)
        return fleet_problems_desired(reply, r, &refusal);
    if (r)
        return r;
    reply_json(reply, 200,
               json_pack("{s:I, s:I}", "changed", (json_int_t)changed, "unchanged",
                         (json_int_t)unchanged));
    return 0;
}
