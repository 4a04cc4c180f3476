/* SPDX-License-Identifier: Apache-2.0 */
#include "api/explain.h"

#include "api/actor.h"
#include "api/api.h"
#include "api/audit_key.h"
#include "api/lineage_reply.h"
#include "base/cleanup.h"
#include "core/audit/audit_report.h"
#include "core/lineage/explain.h"
#include "http/problems.h"
#include "proto/audit_report.h"

#include <string.h>

static struct explain_query query_of(const struct call *call)
{
    const struct api *api = call->context;

    return (struct explain_query){
        .workspace_id = call->principal->workspace_id,
        .clock = api->clock,
    };
}

/* The report of what was answered. */
static int answer(const struct call *call, const struct audit_report *report, struct reply *reply)
{
    const struct api *api = call->context;
    CLEANUP(buffer_release) struct buffer buffer = BUFFER(AUDIT_REPORT_MAX);
    struct audit_actor actor = actor_of(call);
    const struct audit_key_place place = {
        .vault = api->vault,
        .workspace_id = call->principal->workspace_id,
        .actor = &actor,
        .now_ms = clock_wall_ms(api->clock),
    };
    int r = audit_report_write(call->worker, &place, report, &buffer);

    if (r)
        return audit_key_refuse(reply, r);
    reply_bytes(reply, 200, "application/json", buffer.bytes, buffer.size);
    return 0;
}

/* ?ref=NODE of one of some kinds (bits of 1 << enum ref_kind). */
static bool read_ref(const struct call *call, unsigned kinds, const char *expected,
                     struct ref *ret_ref, struct reply *reply)
{
    if (!lineage_reply_ref(call, "ref", ret_ref, reply))
        return false;
    if (kinds >> ret_ref->kind & 1)
        return true;
    reply_problem(reply, &problems_invalid_field, "ref: %s expected, not '%.200s'", expected,
                  ret_ref->text);
    return false;
}

/* ?at=TIME; now where it is not said. */
static bool read_time(const struct call *call, int64_t *ret_ms, struct reply *reply)
{
    const struct api *api = call->context;
    const char *text = request_query(call->request, "at");

    *ret_ms = clock_wall_ms(api->clock);
    if (!text || clock_parse_rfc3339(text, ret_ms))
        return true;
    reply_problem(reply, &problems_invalid_field,
                  "at: a time such as 2026-01-02T03:04:05Z expected");
    return false;
}

int explain_on_device(const struct call *call, struct reply *reply)
{
    const struct explain_query query = query_of(call);
    json_auto_t *found = NULL;
    json_auto_t *question = NULL;
    char at[CLOCK_RFC3339_SIZE];
    struct ref ref;
    int64_t at_ms;
    int r;

    if (!read_ref(call, 1U << REF_DEVICE, "device:NAME", &ref, reply) ||
        !read_time(call, &at_ms, reply))
        return 0;
    r = explain_device(call->worker, &query, &ref, at_ms, &found);
    if (r)
        return r == EXPLAIN_E_UNKNOWN ? lineage_reply_unknown(&ref, reply) : r;
    clock_format_rfc3339(at_ms, at);
    question = json_pack("{s:s, s:s}", "ref", ref.text, "at", at);
    return answer(call,
                  &(struct audit_report){
                      .kind = AUDIT_REPORT_KIND_DEVICE,
                      .question = question,
                      .answer = found,
                  },
                  reply);
}

static int answer_about(const struct call *call, const char *kind, const struct ref *ref,
                        int (*explain)(struct db *db, const struct explain_query *query,
                                       const struct ref *node, json_t **ret_answer),
                        struct reply *reply)
{
    const struct explain_query query = query_of(call);
    json_auto_t *found = NULL;
    json_auto_t *question = json_pack("{s:s}", "ref", ref->text);
    int r = explain(call->worker, &query, ref, &found);

    if (r)
        return r == EXPLAIN_E_UNKNOWN ? lineage_reply_unknown(ref, reply) : r;
    return answer(call,
                  &(struct audit_report){
                      .kind = kind,
                      .question = question,
                      .answer = found,
                  },
                  reply);
}

int explain_on_version(const struct call *call, struct reply *reply)
{
    struct ref ref;

    if (!read_ref(call, 1U << REF_VERSION, "MODEL@VERSION", &ref, reply))
        return 0;
    return answer_about(call, AUDIT_REPORT_KIND_VERSION, &ref, explain_version, reply);
}

int explain_on_impact(const struct call *call, struct reply *reply)
{
    struct ref ref;

    if (!read_ref(call, ~(1U << REF_DEVICE | 1U << REF_DEPLOYMENT),
                  "anything that versions are made from", &ref, reply))
        return 0;
    return answer_about(call, AUDIT_REPORT_KIND_IMPACT, &ref, explain_impact, reply);
}
