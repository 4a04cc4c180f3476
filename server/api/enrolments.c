/* SPDX-License-Identifier: Apache-2.0 */
#include "api/enrolments.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/revoke.h"
#include "core/fleet/enrolments.h"
#include "http/body.h"
#include "http/page.h"
#include "http/problems.h"
#include "model/name.h"

#define EXPIRY_DEFAULT_S 86400

static const struct field draft_fields[] = {
    FIELD("name", STRING, struct enrolments_draft, name, .required = true,
          .check = name_check_label),
    FIELD("uses", INTEGER, struct enrolments_draft, uses_max, .min = 0, .max = ENROLMENTS_USES_MAX,
          .fallback = 1),
    FIELD("expires_in_s", INTEGER, struct enrolments_draft, expires_in_s, .min = 1,
          .max = ENROLMENTS_EXPIRY_MAX_S, .fallback = EXPIRY_DEFAULT_S),
    FIELD_ARRAY("attributes", PAIRS, struct enrolments_draft, attributes, attribute_count,
                .max = DEVICE_ATTRIBUTES_MAX, .check = name_check_tag_value,
                .key_check = name_check_tag_key),
};
static const struct shape draft_shape = SHAPE(struct enrolments_draft, draft_fields);

/* Without the token. "used" is null for fleet tokens: their uses are not counted. */
static json_t *encode(const struct q_enrolment *enrolment)
{
    return json_pack(
        "{s:I, s:s, s:I, s:o, s:o, s:o, s:s, s:o, s:o}", "id", (json_int_t)enrolment->id, "name",
        enrolment->name, "uses", (json_int_t)enrolment->uses_max, "used",
        enrolment->uses_max > 0 ? json_integer(enrolment->uses) : json_null(), "attributes",
        encode_stored(enrolment->attributes), "created_at", encode_time(enrolment->created_ms),
        "created_by", enrolment->created_by, "expires_at", encode_time(enrolment->expires_ms),
        "revoked_at", encode_time(enrolment->revoked_ms));
}

int enrolments_on_post(const struct call *call, struct reply *reply)
{
    const struct api *api = call->context;
    struct audit_actor actor = actor_of(call);
    struct enrolments_draft draft;
    struct q_enrolment enrolment;
    char secret[SECRET_TOKEN_SIZE];
    json_auto_t *root = NULL;
    json_t *object;
    int r = body_decode(call, &draft_shape, &root, &draft, reply);

    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    draft.workspace_id = call->principal->workspace_id;
    draft.actor = &actor;
    r = enrolments_create(call->worker, &draft, clock_wall_ms(api->clock), call->arena, &enrolment,
                          secret);
    if (r)
        return r;
    object = encode(&enrolment);
    (void)json_object_set_new(object, "token", json_string(secret));
    secret_wipe(secret, sizeof(secret));
    reply_headerf(reply, "Location", "/api/v1/enrolments/%lld", (long long)enrolment.id);
    reply_json(reply, 201, object);
    return 0;
}

int enrolments_on_list(const struct call *call, struct reply *reply)
{
    struct q_enrolment *enrolments;
    struct page page;
    size_t count;
    int r = page_parse_id(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = q_enrolment_list(call->worker, call->principal->workspace_id, page.after_id, page.limit + 1,
                         call->arena, &enrolments, &count);
    if (r)
        return r;

    bool more = count > (size_t)page.limit;
    json_t *items = json_array();
    count = more ? (size_t)page.limit : count;
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(items, encode(&enrolments[i]));
    page_reply_id(reply, items, more, count > 0 ? enrolments[count - 1].id : 0);
    return 0;
}

int enrolments_on_delete(const struct call *call, struct reply *reply)
{
    static const struct revoke_kind kind = {"enrolment", enrolments_revoke, ENROLMENTS_E_MISSING};

    return revoke_reply(call, &kind, reply);
}
