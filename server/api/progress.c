/* SPDX-License-Identifier: Apache-2.0 */
#include "api/progress.h"

#include "api/device_names.h"
#include "api/encode.h"
#include "api/registry_problems.h"
#include "db/q_progress.h"
#include "http/body.h"
#include "model/name.h"
#include "json/fields.h"

/* In one answer: what devices said can be a kilobyte each. */
#define SETTLED_MAX 1000

struct progress_body {
    const char *slot;
    const char *model;
    const char *version;
    json_t *devices;
};

static const struct field fields[] = {
    FIELD("devices", JSON, struct progress_body, devices, .required = true),
    FIELD("slot", STRING, struct progress_body, slot, .required = true, .check = name_check),
    FIELD("model", STRING, struct progress_body, model, .required = true, .check = name_check),
    FIELD("version", STRING, struct progress_body, version, .required = true,
          .check = name_check_version),
};
static const struct shape shape = SHAPE(struct progress_body, fields);

static json_t *encode(const struct q_progress *settled)
{
    json_auto_t *report = settled->report ? encode_stored(settled->report) : NULL;
    json_t *object = json_pack("{s:s, s:s}", "device", settled->device, "state", settled->state);

    if (json_is_integer(json_object_get(report, "gap_us")))
        (void)json_object_set(object, "gap_us", json_object_get(report, "gap_us"));
    if (json_is_object(json_object_get(report, "error")))
        (void)json_object_set(object, "error", json_object_get(report, "error"));
    return object;
}

int progress_on_post(const struct call *call, struct reply *reply)
{
    struct progress_body body;
    json_auto_t *root = NULL;
    struct q_progress *settled;
    json_t *list;
    size_t count;
    bool more;
    int r;

    r = body_decode(call, &shape, &root, &body, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    struct q_progress_question question = {
        .workspace_id = call->principal->workspace_id,
        .slot = body.slot,
        .model = body.model,
        .version = body.version,
        .limit = SETTLED_MAX + 1,
    };
    if (!device_names_read(call, body.devices, "", &question.devices, &question.count, reply))
        return 0;
    r = q_progress_settled(call->worker, &question, call->arena, &settled, &count);
    if (r == Q_PROGRESS_E_VERSION) {
        registry_problems_version(reply, body.model, body.version);
        return 0;
    }
    if (r)
        return r;
    more = count > SETTLED_MAX;
    list = json_array();
    for (size_t i = 0; i < (more ? SETTLED_MAX : count); i++)
        (void)json_array_append_new(list, encode(&settled[i]));
    reply_json(reply, 200, json_pack("{s:o, s:b}", "settled", list, "more", more));
    return 0;
}
