/* SPDX-License-Identifier: Apache-2.0 */
#include "api/registry_reply.h"

#include "api/api.h"
#include "api/registry_problems.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "http/etag.h"
#include "http/problems.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct problem unknown_alias = {"unknown-alias", 404, "Unknown alias"};
static const struct problem unknown_approval = {"unknown-approval", 404, "Unknown approval"};
static const struct problem alias_protected = {"alias-protected", 403, "The alias is protected"};
static const struct problem too_many_notes = {"too-many-notes", 409, "Too many notes"};
static const struct problem in_use = {"in-use", 409, "In use"};
static const struct problem already_approved = {"already-approved", 409, "Already approved"};

static const struct {
    int outcome;
    const struct problem *problem;
} problems[] = {
    {REGISTRY_E_MODEL,     &registry_problems_unknown_model    },
    {REGISTRY_E_VERSION,   &registry_problems_unknown_version  },
    {REGISTRY_E_ALIAS,     &unknown_alias                      },
    {REGISTRY_E_APPROVAL,  &unknown_approval                   },
    {REGISTRY_E_DRAFT,     &registry_problems_not_published    },
    {REGISTRY_E_ARCHIVED,  &registry_problems_archived         },
    {REGISTRY_E_PROTECTED, &alias_protected                    },
    {REGISTRY_E_MATCH,     &problems_precondition_failed       },
    {REGISTRY_E_SIGNED,    &registry_problems_immutable        },
    {REGISTRY_E_MANY,      &too_many_notes                     },
    {REGISTRY_E_IN_USE,    &in_use                             },
    {REGISTRY_E_APPROVED,  &already_approved                   },
    {REGISTRY_E_FORBIDDEN, &problems_forbidden                 },
    {REGISTRY_E_PUBLISHED, &registry_problems_version_published},
    {REGISTRY_E_DELETED,   &registry_problems_deleted          },
};

struct registry_place registry_reply_place(const struct call *call, const struct audit_actor *actor)
{
    const struct api *api = call->context;

    return (struct registry_place){
        .workspace_id = call->principal->workspace_id,
        .model = request_param(call->request, "model"),
        .actor = actor,
        .now_ms = clock_wall_ms(api->clock),
    };
}

bool registry_reply_expected(const struct call *call, int64_t *ret_expected, struct reply *reply)
{
    const char *match = request_header(call->request, "If-Match");
    const char *none_match = request_header(call->request, "If-None-Match");

    *ret_expected = REGISTRY_ANY;
    if (none_match && strcmp(none_match, "*") == 0 && !match) {
        *ret_expected = REGISTRY_NONE;
        return true;
    }
    if (none_match) {
        reply_problem(reply, &problems_bad_request,
                      "If-None-Match can only be *, without If-Match: it must not be there yet");
        return false;
    }
    if (!match || strcmp(match, "*") == 0 || etag_parse_number(match, ret_expected))
        return true;
    reply_problem(reply, &problems_bad_request,
                  "If-Match must be the ETag that was answered, such as \"7\", or *");
    return false;
}

void registry_reply_etag(struct reply *reply, int64_t revision)
{
    reply_headerf(reply, "ETag", "\"%" PRId64 "\"", revision);
}

static json_t *encode_uses(const struct q_life_uses *uses)
{
    json_t *array = json_array();

    for (size_t i = 0; i < uses->count; i++)
        (void)json_array_append_new(
            array, json_pack("{s:s, s:s}", "kind", uses->uses[i].kind, "name", uses->uses[i].name));
    return array;
}

/* What is there instead of what was expected. */
static void add_current(struct reply *reply, const struct registry_refusal *refusal)
{
    char etag[32];

    (void)snprintf(etag, sizeof(etag), "\"%" PRId64 "\"", refusal->revision);
    reply_problem_member(reply, "etag",
                         refusal->revision == REGISTRY_NONE ? json_null() : json_string(etag));
    reply_problem_member(reply, "version",
                         refusal->version ? json_string(refusal->version) : json_null());
}

int registry_reply_refuse(struct reply *reply, int outcome, const struct registry_refusal *refusal)
{
    if (outcome < 0)
        return outcome;
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        if (problems[i].outcome != outcome)
            continue;
        reply_problem(reply, problems[i].problem, "%s", refusal->text);
        if (outcome == REGISTRY_E_MATCH)
            add_current(reply, refusal);
        if (outcome == REGISTRY_E_SIGNED)
            registry_problems_may_change(reply);
        if (outcome == REGISTRY_E_IN_USE) {
            reply_problem_member(reply, "used_by", encode_uses(&refusal->uses));
            reply_problem_member(reply, "used_by_count",
                                 json_integer((json_int_t)refusal->uses.total));
        }
        return 0;
    }
    return log_fail(ERR_INTERNAL, "unexpected outcome %d of the registry", outcome);
}
