/* SPDX-License-Identifier: Apache-2.0 */
#include "api/history.h"

#include "base/cleanup.h"
#include "crypto/text.h"
#include "db/q_audit.h"
#include "http/page.h"
#include "http/problems.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Entries can be large: a page of these still fits the arena. */
#define ROWS_MAX 200

static json_t *load(const char *text)
{
    return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

/* Exactly what is hashed, and its hash. */
static json_t *encode_whole(const struct q_audit_row *row)
{
    json_auto_t *before = load(row->before);
    json_auto_t *after = load(row->after);
    struct audit_entry entry = row->entry;
    char hash[DIGEST_SHA256_HEX_SIZE];
    json_t *object;

    entry.before = before;
    entry.after = after;
    object = audit_entry_encode(&entry);
    text_hex(row->hash, sizeof(row->hash), hash);
    (void)json_object_set_new(object, "hash", json_string(hash));
    return object;
}

/* For everybody who may read: not where people are, nor the chain. */
static json_t *encode_short(const struct q_audit_row *row)
{
    static const char *const hidden[] = {"workspace", "previous", "hash"};
    json_t *object = encode_whole(row);

    for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
        (void)json_object_del(object, hidden[i]);
    (void)json_object_del(json_object_get(object, "actor"), "address");
    return object;
}

static int answer(const struct call *call, struct q_audit_filter *filter,
                  json_t *(*encode)(const struct q_audit_row *), struct reply *reply)
{
    struct q_audit_page found;
    struct page page;
    int r = page_parse_id(call, &page, reply);

    if (r)
        return r == PAGE_E_REFUSED ? 0 : r;
    filter->before_seq = page.after_id;
    filter->limit = page.limit < ROWS_MAX ? page.limit : ROWS_MAX;
    r = q_audit_list(call->worker, call->principal->workspace_id, filter, call->arena, &found);
    if (r)
        return r;
    if (found.count == 0 && filter->object && !page.after && encode == encode_short) {
        reply_problem(reply, &problems_not_found,
                      "nothing is recorded of '%s': it is not there, or was not changed since the "
                      "log began",
                      filter->object);
        return 0;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < found.count; i++)
        (void)json_array_append_new(items, encode(&found.rows[i]));
    page_reply_id(reply, items, found.more,
                  found.count > 0 ? found.rows[found.count - 1].entry.seq : 0);
    return 0;
}

/* ---- the whole log ------------------------------------------------------------------------ */

/* "KIND:ID" in two; false where there is no colon. */
static bool split(const struct call *call, const char *text, const char **ret_kind,
                  const char **ret_id)
{
    char *copy = arena_strdup(call->arena, text);
    char *colon = strchr(copy, ':');

    if (!colon)
        return false;
    *colon = '\0';
    *ret_kind = copy;
    *ret_id = colon + 1;
    return true;
}

static bool parse_object(const struct call *call, const char *text, struct q_audit_filter *filter)
{
    filter->scope = Q_AUDIT_OBJECT;
    return split(call, text, &filter->kind, &filter->object);
}

static bool parse_actor(const struct call *call, const char *text, struct q_audit_filter *filter)
{
    const char *id;
    char *end;

    filter->scope = Q_AUDIT_ACTOR;
    if (!split(call, text, &filter->kind, &id) || !*id)
        return false;
    errno = 0;
    filter->id = strtoll(id, &end, 10);
    return !errno && !*end;
}

static bool parse_action(const struct call *call, const char *text, struct q_audit_filter *filter)
{
    (void)call;
    filter->scope = Q_AUDIT_ACTION;
    filter->kind = text;
    return true;
}

static const struct {
    const char *name;
    bool (*parse)(const struct call *call, const char *text, struct q_audit_filter *filter);
    const char *expected;
} filters[] = {
    {"object", parse_object, "KIND:ID, such as model:digits,"},
    {"actor",  parse_actor,  "KIND:ID, such as token:7,"     },
    {"action", parse_action, "an action"                     },
};

int history_on_audit(const struct call *call, struct reply *reply)
{
    struct q_audit_filter filter = {.scope = Q_AUDIT_ALL};
    const char *used = NULL;

    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        const char *text = request_query(call->request, filters[i].name);

        if (!text)
            continue;
        if (used) {
            reply_problem(reply, &problems_bad_request,
                          "'%s' and '%s' do not go together; send one of them", used,
                          filters[i].name);
            return 0;
        }
        used = filters[i].name;
        if (!filters[i].parse(call, text, &filter)) {
            reply_problem(reply, &problems_bad_request, "'%s': %s expected", used,
                          filters[i].expected);
            return 0;
        }
    }
    return answer(call, &filter, encode_whole, reply);
}

/* ---- one thing ---------------------------------------------------------------------------- */

static const char *of_model(const struct call *call, const char *part)
{
    return arena_printf(call->arena, "%s@%s", request_param(call->request, "model"),
                        request_param(call->request, part));
}

int history_on_model(const struct call *call, struct reply *reply)
{
    struct q_audit_filter filter = {
        .scope = Q_AUDIT_MODEL,
        .object = request_param(call->request, "model"),
    };

    return answer(call, &filter, encode_short, reply);
}

int history_on_version(const struct call *call, struct reply *reply)
{
    struct q_audit_filter filter = {
        .scope = Q_AUDIT_VERSION,
        .object = of_model(call, "version"),
    };

    return answer(call, &filter, encode_short, reply);
}

int history_on_alias(const struct call *call, struct reply *reply)
{
    struct q_audit_filter filter = {
        .scope = Q_AUDIT_OBJECT,
        .kind = "alias",
        .object = of_model(call, "alias"),
    };

    return answer(call, &filter, encode_short, reply);
}

int history_on_device(const struct call *call, struct reply *reply)
{
    struct q_audit_filter filter = {
        .scope = Q_AUDIT_DEVICE,
        .object = request_param(call->request, "device"),
    };

    return answer(call, &filter, encode_short, reply);
}
