/* SPDX-License-Identifier: Apache-2.0 */
#include "api/retention.h"

#include "api/actor.h"
#include "api/encode.h"
#include "api/registry_reply.h"
#include "base/cleanup.h"
#include "core/registry/retention.h"
#include "http/body.h"
#include "http/page.h"
#include "http/problems.h"
#include "json/fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct field rule_fields[] = {
    FIELD("newest", INTEGER, struct q_retention_rule, newest, .required = true, .min = 1,
          .max = RETENTION_NEWEST_MAX),
    FIELD("days", INTEGER, struct q_retention_rule, days, .nullable = true, .min = 1,
          .max = RETENTION_DAYS_MAX),
    FIELD("grace_days", INTEGER, struct q_retention_rule, grace_days, .nullable = true, .min = 1,
          .max = RETENTION_DAYS_MAX),
};
static const struct shape rule_shape = SHAPE(struct q_retention_rule, rule_fields);

/* 0 stands for none. */
static json_t *number(int64_t value)
{
    return value ? json_integer((json_int_t)value) : json_null();
}

static json_t *encode_rule(const struct q_retention_rule *rule)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:s?}", "newest", number(rule->newest), "days",
                     number(rule->days), "grace_days", number(rule->grace_days), "revision",
                     (json_int_t)rule->revision, "set_at", encode_time(rule->set_ms), "set_by",
                     rule->set_by);
}

static void answer(struct reply *reply, const struct q_retention_rule *rule)
{
    registry_reply_etag(reply, rule->revision);
    reply_json(reply, 200, encode_rule(rule));
}

int retention_on_get(const struct call *call, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    struct q_retention_rule rule;
    int r = retention_find(call->worker, &place, call->arena, &rule, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    answer(reply, &rule);
    return 0;
}

static int set(const struct call *call, const struct q_retention_rule *rule, int64_t expected,
               struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    struct q_retention_rule stored = {0};
    int r = retention_set(call->worker, &place, rule, expected, call->arena, &stored, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    if (rule->newest)
        answer(reply, &stored);
    else
        reply_empty(reply, 204);
    return 0;
}

int retention_on_put(const struct call *call, struct reply *reply)
{
    struct q_retention_rule rule = {0};
    json_auto_t *root = NULL;
    int64_t expected;
    int r;

    if (!registry_reply_expected(call, &expected, reply))
        return 0;
    r = body_decode(call, &rule_shape, &root, &rule, reply);
    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    return set(call, &rule, expected, reply);
}

int retention_on_delete(const struct call *call, struct reply *reply)
{
    const struct q_retention_rule none = {0};
    int64_t expected;

    if (!registry_reply_expected(call, &expected, reply))
        return 0;
    return set(call, &none, expected, reply);
}

/* ---- what it would do ----------------------------------------------------------------------- */

/* ?name=N; 0 where it is not said. */
static bool read_number(const struct call *call, const char *name, int64_t max, int64_t *ret_value,
                        struct reply *reply)
{
    const char *text = request_query(call->request, name);
    size_t length = text ? strspn(text, "0123456789") : 0;

    *ret_value = 0;
    if (!text)
        return true;
    if (length > 0 && length <= 9 && text[length] == '\0')
        *ret_value = strtoll(text, NULL, 10);
    if (*ret_value >= 1 && *ret_value <= max)
        return true;
    reply_problem(reply, &problems_invalid_field, "%s: a number from 1 to %" PRId64 " expected",
                  name, max);
    return false;
}

/* The rule that the query names. Returns whether it makes sense; the reply is a problem otherwise.
 */
static bool read_rule(const struct call *call, struct q_retention_rule *ret_rule,
                      struct reply *reply)
{
    *ret_rule = (struct q_retention_rule){0};
    if (!read_number(call, "newest", RETENTION_NEWEST_MAX, &ret_rule->newest, reply) ||
        !read_number(call, "days", RETENTION_DAYS_MAX, &ret_rule->days, reply) ||
        !read_number(call, "grace_days", RETENTION_DAYS_MAX, &ret_rule->grace_days, reply))
        return false;
    if (ret_rule->newest || (!ret_rule->days && !ret_rule->grace_days))
        return true;
    reply_problem(reply, &problems_invalid_field,
                  "newest: say how many to keep, to see what another rule would do");
    return false;
}

static json_t *encode_item(const struct retention_item *item)
{
    const struct q_retention_version *version = &item->version;
    json_t *uses = json_array();

    for (size_t i = 0; i < item->uses.count; i++)
        (void)json_array_append_new(uses, json_pack("{s:s, s:s}", "kind", item->uses.uses[i].kind,
                                                    "name", item->uses.uses[i].name));
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:I}", "version", version->version,
                     "state", version->archived ? "archived" : "published", "published_at",
                     encode_time(version->published_ms), "archived_at",
                     encode_time(version->archived_ms), "action",
                     retention_actions[item->verdict.action], "why", item->verdict.why, "due_at",
                     encode_time(item->verdict.due_ms), "used_by", uses, "used_by_count",
                     (json_int_t)item->uses.total);
}

static int plan(const struct call *call, const struct q_retention_rule *rule,
                const struct page *page, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    struct retention_item *found;
    json_t *items;
    size_t count;
    bool more;
    int r = retention_plan(call->worker, &place, rule, page->after_id, page->limit + 1, call->arena,
                           &found, &count, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    more = count > (size_t)page->limit;
    if (more)
        count--;
    items = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(items, encode_item(&found[i]));
    page_reply_id_with(reply, items, more, count > 0 ? found[count - 1].version.id : 0,
                       json_pack("{s:o}", "rule", encode_rule(rule)));
    return 0;
}

int retention_on_plan(const struct call *call, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    struct q_retention_rule rule;
    struct page page;
    int r = page_parse_id(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    if (!read_rule(call, &rule, reply))
        return 0;
    if (!rule.newest)
        r = retention_find(call->worker, &place, call->arena, &rule, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    return plan(call, &rule, &page, reply);
}
