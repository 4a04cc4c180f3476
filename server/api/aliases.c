/* SPDX-License-Identifier: Apache-2.0 */
#include "api/aliases.h"

#include "api/actor.h"
#include "api/encode.h"
#include "api/registry_reply.h"
#include "core/registry/aliases.h"
#include "http/body.h"
#include "http/page.h"
#include "http/problems.h"
#include "model/name.h"
#include "json/fields.h"

struct given {
    const char *version;
};

static const struct field given_fields[] = {
    FIELD("version", STRING, struct given, version, .required = true, .check = name_check_version),
};
static const struct shape given_shape = SHAPE(struct given, given_fields);

static json_t *encode(const struct q_alias *alias)
{
    return json_pack("{s:s, s:s, s:I, s:o, s:s}", "alias", alias->name, "version", alias->version,
                     "revision", (json_int_t)alias->revision, "moved_at",
                     encode_time(alias->moved_ms), "moved_by", alias->moved_by);
}

static void answer(struct reply *reply, const struct q_alias *alias)
{
    registry_reply_etag(reply, alias->revision);
    reply_json(reply, 200, encode(alias));
}

int aliases_on_list(const struct call *call, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    struct q_alias *aliases;
    struct page page;
    size_t count;
    int r = page_parse(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    r = aliases_list(call->worker, &place, page.after, page.limit + 1, call->arena, &aliases,
                     &count, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    bool more = count > (size_t)page.limit;
    json_t *items = json_array();
    count = more ? (size_t)page.limit : count;
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(items, encode(&aliases[i]));
    page_reply(reply, items, more ? aliases[count - 1].name : NULL);
    return 0;
}

int aliases_on_get(const struct call *call, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    struct q_alias alias;
    int r = aliases_find(call->worker, &place, request_param(call->request, "alias"), call->arena,
                         &alias, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    answer(reply, &alias);
    return 0;
}

int aliases_on_put(const struct call *call, struct reply *reply)
{
    const char *name = request_param(call->request, "alias");
    const char *wrong = name_check_alias(name);
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    json_auto_t *root = NULL;
    struct q_alias alias;
    struct given given;
    int64_t expected;
    int r;

    if (wrong) {
        reply_problem(reply, &problems_invalid_field, "alias '%s': %s expected", name, wrong);
        return 0;
    }
    if (!registry_reply_expected(call, &expected, reply))
        return 0;
    r = body_decode(call, &given_shape, &root, &given, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = aliases_set(call->worker, &place, name, given.version, expected, call->arena, &alias,
                    &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    answer(reply, &alias);
    return 0;
}

int aliases_on_delete(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    int64_t expected;
    int r;

    if (!registry_reply_expected(call, &expected, reply))
        return 0;
    r = aliases_remove(call->worker, &place, request_param(call->request, "alias"), expected,
                       call->arena, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    reply_empty(reply, 204);
    return 0;
}
