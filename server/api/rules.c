/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rules.h"

#include "api/actor.h"
#include "api/encode.h"
#include "api/registry_reply.h"
#include "core/registry/rules.h"
#include "http/body.h"
#include "model/name.h"

static const struct field rules_fields[] = {
    FIELD("approvals", INTEGER, struct rules, approvals, .required = true,
          .max = RULES_APPROVALS_MAX),
    FIELD_ARRAY("aliases", PAIRS, struct rules, aliases, alias_count, .required = true,
                .max = RULES_ALIASES_MAX, .key_check = name_check_alias, .check = rules_check_role),
};
static const struct shape rules_shape = SHAPE(struct rules, rules_fields);

static void answer(struct reply *reply, const struct rules_found *found)
{
    registry_reply_etag(reply, found->revision);
    reply_json(reply, 200,
               json_pack("{s:I, s:o, s:I, s:o, s:s?}", "approvals", (json_int_t)found->approvals,
                         "aliases", encode_stored(found->aliases_json), "revision",
                         (json_int_t)found->revision, "set_at", encode_time(found->set_ms),
                         "set_by", found->set_by));
}

int rules_on_get(const struct call *call, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    struct rules_found found;
    int r = rules_find(call->worker, &place, call->arena, &found, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    answer(reply, &found);
    return 0;
}

int rules_on_put(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    struct rules_found found;
    json_auto_t *root = NULL;
    struct rules rules;
    int64_t expected;
    int r;

    if (!registry_reply_expected(call, &expected, reply))
        return 0;
    r = body_decode(call, &rules_shape, &root, &rules, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = rules_set(call->worker, &place, &rules, expected, call->arena, &found, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    answer(reply, &found);
    return 0;
}
