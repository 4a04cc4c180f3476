/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/export_notes.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <string.h>

#define CARD_MAX ((size_t)1 << 20)

static bool holds(const json_t *array, const char *text)
{
    const json_t *item;
    size_t i;

    json_array_foreach (array, i, item) {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

/* The members of an object that the manifest does not say. */
static json_t *unsigned_of(const json_t *version, const char *member)
{
    const json_t *names = json_object_get(json_object_get(version, "signed"), member);
    json_t *all = json_object_get(version, member);
    json_t *rest = json_object();
    const char *name;
    json_t *value;

    json_object_foreach (all, name, value) {
        if (!holds(names, name))
            (void)json_object_set(rest, name, value);
    }
    return rest;
}

static json_t *unsigned_metrics(const json_t *version)
{
    json_t *rest = json_array();
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(version, "measurements"), i, item) {
        const char *dataset = json_string_value(json_object_get(item, "dataset"));

        if (!json_is_true(json_object_get(item, "signed")))
            (void)json_array_append_new(
                rest, json_pack("{s:O, s:O, s:s*}", "name", json_object_get(item, "name"), "value",
                                json_object_get(item, "value"), "dataset", dataset));
    }
    return rest;
}

/* The model card at an address; "" where there is none. */
static int fetch_card(struct server *server, const json_t *shown, const char *address,
                      json_t **ret_card)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(CARD_MAX);
    int r = 0;

    if (json_integer_value(json_object_get(shown, "card_bytes")) > 0)
        r = server_get_bytes(server, "fetch a model card", address, &bytes);
    if (r)
        return r;
    *ret_card = json_stringn(bytes.size ? bytes.bytes : "", bytes.size);
    return *ret_card ? 0 : log_fail(ERR_INTERNAL, "a model card is not UTF-8");
}

int export_notes_of_version(struct server *server, const struct reference *reference,
                            const json_t *shown, json_t *version)
{
    json_auto_t *approvals = NULL;
    json_t *card = NULL;
    int r = fetch_card(
        server, shown,
        SERVER_ADDRESS(server, "models", reference->model, "versions", reference->version, "card"),
        &card);

    if (r)
        return r;
    (void)json_object_set_new(version, "notes",
                              json_pack("{s:o, s:o, s:o, s:o}", "tags", unsigned_of(shown, "tags"),
                                        "params", unsigned_of(shown, "params"), "metrics",
                                        unsigned_metrics(shown), "card", card));
    r = server_list(server,
                    arena_printf(&server->cli->arena, "list the approvals of '%s@%s'",
                                 reference->model, reference->version),
                    SERVER_ADDRESS(server, "models", reference->model, "versions",
                                   reference->version, "approvals"),
                    "", 0, &approvals);
    if (!r)
        (void)json_object_set(version, "approvals", json_object_get(approvals, "items"));
    return r;
}

/* Sets `member` of the model to those members of what stands below it, if somebody has set it. */
static int copy_set(struct server *server, const char *name, const char *member,
                    const char *const *members, size_t count, json_t *model)
{
    json_auto_t *shown = NULL;
    json_t *copy;
    int r = server_get(server,
                       arena_printf(&server->cli->arena, "show the %s of model '%s'", member, name),
                       SERVER_ADDRESS(server, "models", name, member), &shown);

    if (r || !json_is_string(json_object_get(shown, "set_at")))
        return r;
    copy = json_object();
    for (size_t i = 0; i < count; i++)
        (void)json_object_set(copy, members[i], json_object_get(shown, members[i]));
    return json_object_set_new(model, member, copy);
}

int export_notes_of_model(struct server *server, const char *name, const json_t *shown,
                          json_t *model)
{
    static const char *const rules[] = {"approvals", "aliases"};
    static const char *const retention[] = {"newest", "days", "grace_days"};
    json_t *card = NULL;
    int r = fetch_card(server, shown, SERVER_ADDRESS(server, "models", name, "card"), &card);

    if (r)
        return r;
    r = json_object_set_new(model, "card", card);
    if (!r)
        r = copy_set(server, name, "rules", rules, ARRAY_LEN(rules), model);
    if (!r)
        r = copy_set(server, name, "retention", retention, ARRAY_LEN(retention), model);
    return r;
}
