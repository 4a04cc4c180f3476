/* SPDX-License-Identifier: Apache-2.0 */
#include "api/notes.h"

#include "api/actor.h"
#include "api/registry_problems.h"
#include "api/registry_reply.h"
#include "core/registry/models.h"
#include "core/registry/notes.h"
#include "core/registry/version_content.h"
#include "http/body.h"
#include "http/problems.h"
#include "model/name.h"
#include "json/fields.h"

#include <inttypes.h>
#include <string.h>

/* ---- decoding ----------------------------------------------------------------------------- */

struct given {
    const json_t *tags; /* {"a": "x", "b": null} */
    const json_t *params;
    struct notes_item *metrics;
    size_t metric_count;
    const char *card;
    const char *description;
};

static const struct field metric_fields[] = {
    FIELD("name", STRING, struct notes_item, name, .required = true, .check = name_check_tag_key),
    FIELD("value", STRING, struct notes_item, value, .required = true, .nullable = true,
          .check = name_check_metric),
    FIELD("dataset", STRING, struct notes_item, dataset, .nullable = true,
          .check = name_check_dataset),
};
static const struct shape metric_shape = SHAPE(struct notes_item, metric_fields);

/* Open: what else there is gets an answer of its own. */
static const struct field given_fields[] = {
    FIELD("tags", JSON, struct given, tags),
    FIELD("params", JSON, struct given, params),
    FIELD_ARRAY("metrics", LIST, struct given, metrics, metric_count, .max = NOTES_MAX,
                .shape = &metric_shape),
    FIELD("card", STRING, struct given, card, .max = NOTES_CARD_MAX),
    FIELD("description", STRING, struct given, description, .max = MODELS_DESCRIPTION_MAX),
};
static const struct shape given_shape = SHAPE(struct given, given_fields, .open = true);

static int refuse_field(struct reply *reply, const char *path, const char *expected)
{
    struct fields_error error = {0};

    (void)fields_refuse(&error, path, "%s expected", expected);
    return body_refuse_field(reply, FIELDS_E_INVALID, &error);
}

/* A text, or null to remove; parameters may be numbers and truth values, too. */
static bool read_value(const struct call *call, const json_t *value, bool typed,
                       const char **ret_text)
{
    *ret_text = NULL;
    if (json_is_null(value))
        return true;
    if (json_is_string(value))
        *ret_text = arena_strdup(call->arena, json_string_value(value));
    else if (typed && json_is_integer(value))
        *ret_text = arena_printf(call->arena, "%" PRId64, (int64_t)json_integer_value(value));
    else if (typed && json_is_boolean(value))
        *ret_text = json_is_true(value) ? "true" : "false";
    return *ret_text && !name_check_tag_value(*ret_text);
}

/* An object of values. */
static int read_items(const struct call *call, const json_t *object, const char *what, bool typed,
                      const struct notes_item **ret_items, size_t *ret_count, struct reply *reply)
{
    struct notes_item *items = arena_array(call->arena, json_object_size(object), sizeof(*items));
    size_t count = 0;
    const char *name;
    json_t *value;

    *ret_items = items;
    *ret_count = 0;
    if (!object)
        return 0;
    if (!json_is_object(object) || json_object_size(object) > NOTES_MAX)
        return refuse_field(reply, what, "an object of at most 1000 members");
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        struct notes_item *item = &items[count++];

        if (name_check_tag_key(name))
            return refuse_field(reply, what, name_check_tag_key(name));
        if (!read_value(call, value, typed, &item->value))
            return refuse_field(reply, arena_printf(call->arena, "%s.%s", what, name),
                                typed ? "a text of at most 1024 bytes, an integer, true, false or "
                                        "null"
                                      : "a text of at most 1024 bytes, or null");
        item->name = arena_strdup(call->arena, name);
    }
    *ret_count = count;
    return 0;
}

static bool is_same_metric(const struct notes_item *a, const struct notes_item *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->dataset, b->dataset) == 0;
}

static int read_metrics(const struct call *call, const struct given *given, struct reply *reply)
{
    for (size_t i = 0; i < given->metric_count; i++) {
        struct notes_item *item = &given->metrics[i];

        if (!item->dataset)
            item->dataset = "";
        if (item->value && !version_content_number(item->value, call->arena))
            return refuse_field(reply, arena_printf(call->arena, "metrics[%zu].value", i),
                                "a number below 1.8e308");
        for (size_t j = 0; j < i; j++)
            if (is_same_metric(item, &given->metrics[j]))
                return refuse_field(reply, arena_printf(call->arena, "metrics[%zu]", i),
                                    "a metric and dataset that were not named before are");
    }
    return 0;
}

static bool is_immutable(const char *name)
{
    for (const char *const *member = notes_immutable; *member; member++) {
        if (strcmp(*member, name) == 0)
            return true;
    }
    return false;
}

static const char *list_members(const struct call *call, const struct notes_member *members)
{
    const char *text = members->name;

    for (const struct notes_member *member = members + 1; member->name; member++)
        text = arena_printf(call->arena, "%s, %s", text, member->name);
    return text;
}

/* What may not change, and what is not known at all. */
static int check_members(const struct call *call, const json_t *root,
                         const struct notes_member *members, struct reply *reply)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)root, name, value) {
        if (notes_may_change(members, name))
            continue;
        if (!is_immutable(name)) {
            struct fields_error error = {0};

            (void)fields_refuse(&error, name, "unknown field; what may change: %s",
                                list_members(call, members));
            return body_refuse_field(reply, FIELDS_E_UNKNOWN, &error);
        }
        reply_problem(reply, &registry_problems_immutable,
                      "'%s' never changes; what may change here: %s. Aliases, approvals and the "
                      "archive have routes of their own",
                      name, list_members(call, members));
        if (members == notes_version)
            registry_problems_may_change(reply);
        return BODY_E_REFUSED;
    }
    return 0;
}

static int read_change(const struct call *call, const struct notes_member *members,
                       struct notes_change *ret_change, struct reply *reply)
{
    struct notes_change change = {0};
    json_auto_t *root = NULL;
    struct given given;
    int r;

    if (!registry_reply_expected(call, &change.expected, reply))
        return BODY_E_REFUSED;
    r = body_decode(call, &given_shape, &root, &given, reply);
    if (!r)
        r = check_members(call, root, members, reply);
    if (!r)
        r = read_items(call, given.tags, "tags", false, &change.tags, &change.tag_count, reply);
    if (!r)
        r = read_items(call, given.params, "params", true, &change.params, &change.param_count,
                       reply);
    if (!r)
        r = read_metrics(call, &given, reply);
    if (r)
        return r;
    change.metrics = given.metrics;
    change.metric_count = given.metric_count;
    change.card = given.card;
    change.description = given.description;
    *ret_change = change;
    return 0;
}

/* ---- routes ------------------------------------------------------------------------------- */

static void answer(struct reply *reply, int64_t revision)
{
    registry_reply_etag(reply, revision);
    reply_json(reply, 200, json_pack("{s:I}", "revision", (json_int_t)revision));
}

int notes_on_patch_model(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    struct notes_change change;
    int64_t revision;
    int r = read_change(call, notes_model, &change, reply);

    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = notes_change_model(call->worker, &place, &change, call->arena, &revision, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    answer(reply, revision);
    return 0;
}

int notes_on_patch_version(const struct call *call, struct reply *reply)
{
    struct audit_actor actor = actor_of(call);
    struct registry_place place = registry_reply_place(call, &actor);
    struct registry_refusal refusal = {{0}};
    struct notes_change change;
    int64_t revision;
    int r = read_change(call, notes_version, &change, reply);

    if (r)
        return r == BODY_E_REFUSED ? 0 : r;
    r = notes_change_version(call->worker, &place, request_param(call->request, "version"), &change,
                             call->arena, &revision, &refusal);
    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    answer(reply, revision);
    return 0;
}

int notes_on_card(const struct call *call, struct reply *reply)
{
    struct registry_place place = registry_reply_place(call, NULL);
    struct registry_refusal refusal = {{0}};
    const char *card;
    int r = notes_card(call->worker, &place, request_param(call->request, "version"), call->arena,
                       &card, &refusal);

    if (r)
        return registry_reply_refuse(reply, r, &refusal);
    reply_bytes(reply, 200, "text/markdown; charset=utf-8", card, strlen(card));
    return 0;
}
