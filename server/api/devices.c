/* SPDX-License-Identifier: Apache-2.0 */
#include "api/devices.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/desired_reply.h"
#include "api/encode.h"
#include "api/fleet_problems.h"
#include "base/log.h"
#include "core/fleet/devices.h"
#include "core/fleet/facts.h"
#include "crypto/text.h"
#include "db/q_device.h"
#include "db/q_report.h"
#include "http/page.h"
#include "http/problems.h"
#include "push/roster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What devices say can be 64 KiB and more each: a page of the largest still fits the arena. */
#define ROWS_MAX 100

static json_t *encode(const struct call *call, const struct q_device *device)
{
    const struct api *api = call->context;
    bool online = device->online || roster_connected(api->roster, device->id);
    char public_key[2 * Q_DEVICE_KEY_SIZE + 1];
    char keyid[DIGEST_SHA256_HEX_SIZE];
    size_t count;
    const struct variant_capability *capabilities =
        facts_capabilities_parse(device->capabilities, call->arena, &count);
    json_t *object;

    text_hex(device->public_key, sizeof(device->public_key), public_key);
    text_hex(device->keyid, sizeof(device->keyid), keyid);
    object =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:b}", "name", device->name, "id", device->uuid,
                  "state", device->active ? "active" : "revoked", "enrolled_at",
                  encode_time(device->enrolled_ms), "revoked_at", encode_time(device->revoked_ms),
                  "last_seen_at", encode_time(device->seen_ms), "online", device->active && online);
    (void)json_object_set_new(object, "attributes", encode_stored(device->attributes));
    (void)json_object_set_new(object, "capabilities",
                              device_capabilities_encode(capabilities, count));
    (void)json_object_set_new(object, "keyid", json_string(keyid));
    (void)json_object_set_new(object, "public_key", json_string(public_key));
    (void)json_object_set_new(object, "desired",
                              desired_reply_encode(device->version, device->slots));
    (void)json_object_set_new(object, "installed", encode_stored(device->installed));
    return object;
}

/* The key of the list: name, a slash, id. */
static bool parse_after(const struct call *call, const struct page *page,
                        struct q_device_filter *filter, struct reply *reply)
{
    char *name = arena_strdup(call->arena, page->after);
    char *slash = name ? strchr(name, '/') : NULL;

    if (!page->after)
        return true;
    if (!slash) {
        reply_problem(
            reply, &problems_bad_request,
            "'after' is not a cursor of this list; take it from 'next' of the page before");
        return false;
    }
    *slash = '\0';
    filter->after_name = name;
    filter->after_id = strtoll(slash + 1, NULL, 10);
    return true;
}

static bool parse_filter(const struct call *call, struct q_device_filter *filter,
                         struct reply *reply)
{
    const char *online = request_query(call->request, "online");
    const char *state = request_query(call->request, "state");

    if (online && strcmp(online, "true") != 0) {
        reply_problem(reply, &problems_bad_request, "'online' can only be 'true'");
        return false;
    }
    if (state && strcmp(state, "active") != 0 && strcmp(state, "revoked") != 0) {
        reply_problem(reply, &problems_bad_request, "'state' must be 'active' or 'revoked'");
        return false;
    }
    filter->online = online;
    filter->active = !state || strcmp(state, "active") == 0;
    return true;
}

int devices_on_list(const struct call *call, struct reply *reply)
{
    struct q_device_filter filter = {0};
    struct q_device *devices;
    struct page page;
    size_t count;
    int r = page_parse(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    if (!parse_after(call, &page, &filter, reply) || !parse_filter(call, &filter, reply))
        return 0;
    page.limit = page.limit < ROWS_MAX ? page.limit : ROWS_MAX;
    filter.limit = page.limit + 1;
    r = q_device_list(call->worker, call->principal->workspace_id, &filter, call->arena, &devices,
                      &count);
    if (r)
        return r;

    bool more = count > (size_t)page.limit;
    const char *next = NULL;
    json_t *items = json_array();
    count = more ? (size_t)page.limit : count;
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(items, encode(call, &devices[i]));
    if (more)
        next = arena_printf(call->arena, "%s/%" PRId64, devices[count - 1].name,
                            devices[count - 1].id);
    page_reply(reply, items, next);
    return 0;
}

/* Fills the reply where there is none. */
static int find(const struct call *call, struct q_device *ret_device, struct reply *reply)
{
    const char *name = request_param(call->request, "device");
    int r =
        q_device_find(call->worker, call->principal->workspace_id, name, call->arena, ret_device);

    if (r == Q_DEVICE_E_MISSING)
        fleet_problems_device(reply, name);
    return r;
}

/* What the device itself said last: what serves, what it found wrong, and when. */
static void add_last_report(json_t *object, const struct q_report *report)
{
    json_auto_t *envelope = report ? encode_stored(report->envelope) : NULL;
    json_t *part = json_object_get(envelope, "signed");
    json_t *serving = json_object_get(part, "serving");
    json_t *detected = json_object_get(part, "detected");

    (void)json_object_set_new(object, "reported_at", encode_time(report ? report->received_ms : 0));
    (void)json_object_set_new(object, "serving", serving ? json_incref(serving) : json_object());
    (void)json_object_set_new(object, "detected", detected ? json_incref(detected) : json_array());
}

int devices_on_get(const struct call *call, struct reply *reply)
{
    struct q_device device;
    struct q_report *reports;
    json_t *object;
    size_t count;
    int r = find(call, &device, reply);

    if (r)
        return r == Q_DEVICE_E_MISSING ? 0 : r;
    r = q_report_list(call->worker, call->principal->workspace_id, device.id, 0, 1, call->arena,
                      &reports, &count);
    if (r)
        return r;
    object = encode(call, &device);
    add_last_report(object, count ? &reports[0] : NULL);
    reply_json(reply, 200, object);
    return 0;
}

int devices_on_delete(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    const char *name = request_param(call->request, "device");
    struct audit_actor actor = actor_of(call);
    int r = devices_revoke(call->worker, api->roster, call->principal->workspace_id, name, &actor,
                           clock_wall_ms(api->clock));

    if (r == DEVICES_E_MISSING) {
        fleet_problems_device(reply, name);
        return 0;
    }
    if (r)
        return r;
    reply_empty(reply, 204);
    return 0;
}

int devices_on_reports(const struct call *call, struct reply *reply)
{
    struct q_report *reports;
    struct q_device device;
    struct page page;
    size_t count;
    int r = page_parse_id(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = find(call, &device, reply);
    if (r)
        return r == Q_DEVICE_E_MISSING ? 0 : r;
    page.limit = page.limit < ROWS_MAX ? page.limit : ROWS_MAX;
    r = q_report_list(call->worker, call->principal->workspace_id, device.id, page.after_id,
                      page.limit + 1, call->arena, &reports, &count);
    if (r)
        return r;

    bool more = count > (size_t)page.limit;
    json_t *items = json_array();
    count = more ? (size_t)page.limit : count;
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(items, json_pack("{s:I, s:o, s:o}", "sequence",
                                                     (json_int_t)reports[i].sequence, "received_at",
                                                     encode_time(reports[i].received_ms), "report",
                                                     encode_stored(reports[i].envelope)));
    page_reply_id(reply, items, more, count > 0 ? reports[count - 1].sequence : 0);
    return 0;
}
