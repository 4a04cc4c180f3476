/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/import_notes.h"

#include "base/cleanup.h"

#include <string.h>

/* ---- models --------------------------------------------------------------------------------- */

int import_notes_write_card(struct importing *importing, const struct incoming_model *model)
{
    struct server *server = &importing->server;
    const char *address = SERVER_ADDRESS(server, "models", model->said->name);
    json_auto_t *shown = NULL;
    json_auto_t *body = NULL;
    int r;

    if (!model->said->card || !*model->said->card)
        return 0;
    r = server_get(server, "show what was imported", address, &shown);
    if (r || json_integer_value(json_object_get(shown, "card_bytes")) > 0)
        return r;
    body = json_pack("{s:s}", "card", model->said->card);
    return server_ask(server,
                      &(struct server_question){
                          .what = "write the card of a model",
                          .method = "PATCH",
                          .address = address,
                          .body = body,
                      },
                      NULL, NULL);
}

/* PUTs what belongs to a model below `segment`, unless somebody has set it here. */
static int put_unless_set(struct importing *importing, const struct incoming_model *model,
                          const char *segment, const json_t *body)
{
    struct server *server = &importing->server;
    struct arena *arena = &importing->cli->arena;
    const char *address = SERVER_ADDRESS(server, "models", model->said->name, segment);
    json_auto_t *shown = NULL;
    int r = server_get(server,
                       arena_printf(arena, "show the %s of model '%s'", segment, model->said->name),
                       address, &shown);

    if (r || json_is_string(json_object_get(shown, "set_at")))
        return r;
    return server_ask(
        server,
        &(struct server_question){
            .what = arena_printf(arena, "set the %s of model '%s'", segment, model->said->name),
            .method = "PUT",
            .address = address,
            .body = body,
        },
        NULL, NULL);
}

static json_t *days(int64_t value)
{
    return value ? json_integer((json_int_t)value) : json_null();
}

int import_notes_write_rules(struct importing *importing, const struct incoming_model *model)
{
    const struct export_index_rules *rules = model->said->rules;
    const struct export_index_retention *retention = model->said->retention;
    json_auto_t *body = NULL;
    int r = 0;

    if (rules) {
        body = json_pack("{s:I, s:o}", "approvals", (json_int_t)rules->approvals, "aliases",
                         fields_pairs_to_json(rules->aliases, rules->alias_count));
        r = put_unless_set(importing, model, "rules", body);
    }
    if (!r && retention) {
        json_decref(body);
        body = json_pack("{s:I, s:o, s:o}", "newest", (json_int_t)retention->newest, "days",
                         days(retention->days), "grace_days", days(retention->grace_days));
        r = put_unless_set(importing, model, "retention", body);
    }
    return r;
}

static bool came_along(const struct importing *importing, const struct incoming_model *model,
                       const char *version)
{
    for (size_t i = 0; i < importing->version_count; i++)
        if (importing->versions[i].model == model &&
            strcmp(importing->versions[i].said->version, version) == 0)
            return true;
    return false;
}

int import_notes_write_aliases(struct importing *importing, const struct incoming_model *model)
{
    struct server *server = &importing->server;
    int r = 0;

    for (size_t i = 0; i < model->said->alias_count && !r; i++) {
        const struct fields_pair *alias = &model->said->aliases[i];
        const char *address =
            SERVER_ADDRESS(server, "models", model->said->name, "aliases", alias->key);
        json_auto_t *body = json_pack("{s:s}", "version", alias->value);
        int status;

        if (!came_along(importing, model, alias->value))
            continue;
        r = server_ask(server,
                       &(struct server_question){
                           .what = "ask for an alias", .address = address, .tolerated = 404},
                       &status, NULL);
        if (!r && status == 404)
            r = server_ask(
                server,
                &(struct server_question){
                    .what = "set an alias", .method = "PUT", .address = address, .body = body},
                NULL, NULL);
    }
    return r;
}

/* ---- versions ------------------------------------------------------------------------------- */

/* The pairs that `shown` has no member for. */
static void set_missing(json_t *body, const char *member, const struct fields_pair *pairs,
                        size_t count, const json_t *shown)
{
    json_t *missing = json_object();

    for (size_t i = 0; i < count; i++)
        if (!json_object_get(json_object_get(shown, member), pairs[i].key))
            (void)json_object_set_new(missing, pairs[i].key, json_string(pairs[i].value));
    if (json_object_size(missing) > 0)
        (void)json_object_set(body, member, missing);
    json_decref(missing);
}

static json_t *metrics_json(const struct export_index_notes *notes)
{
    json_t *metrics = json_array();

    for (size_t i = 0; i < notes->metric_count; i++)
        (void)json_array_append_new(
            metrics, json_pack("{s:s, s:s, s:s*}", "name", notes->metrics[i].name, "value",
                               notes->metrics[i].value, "dataset", notes->metrics[i].dataset));
    return metrics;
}

static json_t *missing_notes(const struct export_index_notes *notes, const json_t *shown)
{
    const json_t *signed_metrics = json_object_get(json_object_get(shown, "signed"), "metrics");
    json_t *body = json_object();

    set_missing(body, "tags", notes->tags, notes->tag_count, shown);
    set_missing(body, "params", notes->params, notes->param_count, shown);
    if (notes->metric_count > 0 &&
        json_array_size(json_object_get(shown, "measurements")) == json_array_size(signed_metrics))
        (void)json_object_set_new(body, "metrics", metrics_json(notes));
    if (notes->card && *notes->card &&
        json_integer_value(json_object_get(shown, "card_bytes")) == 0)
        (void)json_object_set_new(body, "card", json_string(notes->card));
    return body;
}

int import_notes_write(struct importing *importing, const struct incoming_version *version)
{
    const char *address = SERVER_ADDRESS(&importing->server, "models", version->model->said->name,
                                         "versions", version->said->version);
    json_auto_t *shown = NULL;
    json_auto_t *body = NULL;
    int r = server_get(&importing->server, "read what was imported", address, &shown);

    if (r)
        return r;
    body = missing_notes(&version->said->notes, shown);
    if (json_object_size(body) == 0)
        return 0;
    return server_ask(&importing->server,
                      &(struct server_question){
                          .what = "write the notes of a version",
                          .method = "PATCH",
                          .address = address,
                          .body = body,
                      },
                      NULL, NULL);
}
