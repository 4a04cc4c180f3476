/* SPDX-License-Identifier: Apache-2.0 */
#include "api/approvals.h"

#include "api/actor.h"
#include "api/encode.h"
#include "api/registry_reply.h"
#include "core/registry/approvals.h"
#include "http/body.h"
#include "http/page.h"
#include "http/problems.h"
#include "json/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *check_evidence(const char *text)
{
    return *text && strlen(text) <= APPROVALS_EVIDENCE_TEXT_MAX ? NULL
                                                                : "a text of 1 to 2048 bytes";
}

static const struct field draft_fields[] = {
    FIELD("reason", STRING, struct approvals_draft, reason, .required = true, .min = 1,
          .max = APPROVALS_REASON_MAX),
    FIELD_ARRAY("evidence", STRINGS, struct approvals_draft, evidence, evidence_count,
                .nullable = true, .max = APPROVALS_EVIDENCE_MAX, .check = check_evidence),
};
static const struct shape draft_shape = SHAPE(struct approvals_draft, draft_fields);

static json_t *encode_withdrawal(const struct q_approval *approval)
{
    if (approval->withdrawn_ms == 0)
        return json_null();
    return json_pack("{s:o, s:s, s:s}", "at", encode_time(approval->withdrawn_ms), "by",
                     approval->withdrawn_by, "reason", approval->withdraw_reason);
}

static json_t *encode(const struct q_approval *approval)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o}", "id", (json_int_t)approval->id,
                     "approved_by", approval->approved_by, "role", approval->role, "reason",
                     approval->reason, "evidence", encode_stored(approval->evidence), "approved_at",
                     encode_time(approval->approved_ms), "withdrawn", encode_withdrawal(approval));
}

static json_t *encode_names(const struct q_approval_tally *tally)
{
    json_t *names = json_array();

    for (size_t i = 0; i < tally->count; i++)
        (void)json_array_append_new(names, json_string(tally->approved_by[i]));
    return names;
}

int approvals_on_list(const struct call *call, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    struct approvals_page found = {0};
    struct page page;
    int r = page_parse_id(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = approvals_list(call->worker, &place, request_param(call->request, "version"), page.after_id,
                       page.limit + 1, call->arena, &found, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    bool more = found.count > (size_t)page.limit;
    size_t count = more ? (size_t)page.limit : found.count;
    json_t *items = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(items, encode(&found.approvals[i]));
    page_reply_id_with(reply, items, more, count > 0 ? found.approvals[count - 1].id : 0,
                       json_pack("{s:I, s:o}", "required", (json_int_t)found.tally.required,
                                 "counted", encode_names(&found.tally)));
    return 0;
}

int approvals_on_post(const struct call *call, struct reply *reply)
{
    const char *version = request_param(call->request, "version");
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    struct approvals_draft draft;
    struct q_approval approval;
    json_auto_t *root = NULL;
    int r = body_decode(call, &draft_shape, &root, &draft, reply);

    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = approvals_give(call->worker, &place, version, &draft, call->arena, &approval, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    reply_headerf(reply, "Location", "/api/v1/models/%s/versions/%s/approvals/%lld", place.model,
                  version, (long long)approval.id);
    reply_json(reply, 201, encode(&approval));
    return 0;
}

int approvals_on_delete(const struct call *call, struct reply *reply)
{
    const char *reason = request_query(call->request, "reason");
    const char *text = request_param(call->request, "id");
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    char *end;
    int r;

    if (reason && strlen(reason) > APPROVALS_REASON_MAX) {
        reply_problem(reply, &problems_invalid_field, "reason: at most %d bytes expected",
                      APPROVALS_REASON_MAX);
        return 0;
    }
    errno = 0;
    long long id = strtoll(text, &end, 10);
    if (errno || *end || id < 1)
        id = 0; /* no approval has it */
    r = approvals_withdraw(call->worker, &place, request_param(call->request, "version"), id,
                           reason ? reason : "", call->arena, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    reply_empty(reply, 204);
    return 0;
}
