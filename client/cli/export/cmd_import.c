/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/cmd_import.h"

#include "base/cleanup.h"
#include "cli/export/cmd_export.h"
#include "cli/export/import_check.h"
#include "cli/keys/model_keys.h"
#include "cli/transfer/upload.h"
#include "lineage/openlineage.h"
#include "model/manifest.h"

#include <string.h>

static void release(struct importing *importing)
{
    json_decref(importing->index);
    bundle_close(&importing->bundle);
    interrupt_close(&importing->interrupt);
    server_close(&importing->server);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int make_model(struct importing *importing, const struct incoming_model *model)
{
    struct server *server = &importing->server;
    json_auto_t *body = NULL;
    json_auto_t *keys = json_array();

    for (size_t i = 0; i < model->key_count; i++) {
        const char *name = model->key_names[i];

        if (model->exists && i >= model->known_count) {
            int r = model_keys_register(server, model->name, &model->keys[i], name);

            if (r)
                return r;
        }
        (void)json_array_append_new(keys,
                                    json_pack("{s:s*, s:o}", "name", name && *name ? name : NULL,
                                              "key", key_to_json(&model->keys[i])));
    }
    if (model->exists)
        return 0;
    body = json_pack("{s:s, s:O?, s:O?, s:O}", "name", model->name, "description",
                     json_object_get(model->index, "description"), "tags",
                     json_object_get(model->index, "tags"), "keys", keys);
    return server_ask(
        server,
        &(struct server_question){
            .what = arena_printf(&importing->cli->arena, "make model '%s'", model->name),
            .address = SERVER_ADDRESS(server, "models"),
            .body = body,
        },
        NULL, NULL);
}

static int write_card(struct importing *importing, const struct incoming_model *model)
{
    const char *card = json_string_value(json_object_get(model->index, "card"));
    json_auto_t *body = NULL;

    if (model->exists || !card || !*card)
        return 0;
    body = json_pack("{s:s}", "card", card);
    return server_ask(&importing->server,
                      &(struct server_question){
                          .what = "write the card of a model",
                          .method = "PATCH",
                          .address = SERVER_ADDRESS(&importing->server, "models", model->name),
                          .body = body,
                      },
                      NULL, NULL);
}

/* What the server says of a version wins over what the file says. */
static json_t *missing_notes(const json_t *notes, const json_t *shown)
{
    const char *card = json_string_value(json_object_get(notes, "card"));
    json_t *body = json_object();
    static const char *const maps[] = {"tags", "params"};

    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        json_t *all = json_copy(json_object_get(notes, maps[i]));
        const char *name;
        json_t *value;

        json_object_foreach (json_object_get(shown, maps[i]), name, value)
            (void)json_object_del(all, name);
        if (json_object_size(all) > 0)
            (void)json_object_set(body, maps[i], all);
        json_decref(all);
    }
    if (json_array_size(json_object_get(notes, "metrics")) > 0 &&
        json_array_size(json_object_get(shown, "measurements")) ==
            json_array_size(json_object_get(json_object_get(shown, "signed"), "metrics")))
        (void)json_object_set(body, "metrics", json_object_get(notes, "metrics"));
    if (card && *card && json_integer_value(json_object_get(shown, "card_bytes")) == 0)
        (void)json_object_set_new(body, "card", json_string(card));
    return body;
}

static int write_notes(struct importing *importing, const struct incoming_version *version)
{
    const char *address = SERVER_ADDRESS(&importing->server, "models", version->model->name,
                                         "versions", version->name);
    json_auto_t *shown = NULL;
    json_auto_t *body = NULL;
    int r = server_get(&importing->server, "read what was imported", address, &shown);

    if (r)
        return r;
    body = missing_notes(json_object_get(version->index, "notes"), shown);
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

static int publish(struct importing *importing, const struct incoming_version *version)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(MANIFEST_SIZE_MAX);
    struct server *server = &importing->server;
    int r = 0;

    for (size_t i = 0; i < version->file_count && !r; i++) {
        enum upload_way way;

        r = upload_artifact(server, &importing->interrupt, &version->files[i], &way);
    }
    if (!r)
        r = bundle_read(&importing->bundle, version->envelope, &bytes);
    if (r)
        return r;
    importing->published++;
    return server_ask(
        server,
        &(struct server_question){
            .what = arena_printf(&importing->cli->arena, "publish %s@%s", version->model->name,
                                 version->name),
            .address = SERVER_ADDRESS(server, "models", version->model->name, "versions"),
            .text = arena_strndup(&importing->cli->arena, bytes.bytes, bytes.size),
        },
        NULL, NULL);
}

static int write_events(struct importing *importing)
{
    for (size_t i = 0; i < importing->bundle.count; i++) {
        CLEANUP(buffer_release) struct buffer bytes = BUFFER(OPENLINEAGE_EVENT_MAX);
        const struct bundle_member *member = &importing->bundle.members[i];
        int r;

        if (strncmp(member->name, CMD_EXPORT_EVENT "/", sizeof(CMD_EXPORT_EVENT)) != 0)
            continue;
        r = bundle_read(&importing->bundle, member, &bytes);
        if (!r)
            r = server_ask(
                &importing->server,
                &(struct server_question){
                    .what = "record the lineage",
                    .address = SERVER_ADDRESS(&importing->server, "lineage"),
                    .text = arena_strndup(&importing->cli->arena, bytes.bytes, bytes.size),
                },
                NULL, NULL);
        if (r)
            return r;
        importing->events++;
    }
    return 0;
}

/* Where the server has no such alias, and the version came along. */
static int write_aliases(struct importing *importing, const struct incoming_model *model)
{
    json_t *aliases = json_object_get(model->index, "aliases");
    const char *alias;
    json_t *version;
    int r = 0;

    json_object_foreach (aliases, alias, version) {
        const char *address =
            SERVER_ADDRESS(&importing->server, "models", model->name, "aliases", alias);
        json_auto_t *body = json_pack("{s:O}", "version", version);
        bool here = false;
        int status;

        for (size_t i = 0; i < importing->version_count; i++)
            here =
                here || (importing->versions[i].model == model &&
                         strcmp(importing->versions[i].name,
                                json_string_value(version) ? json_string_value(version) : "") == 0);
        if (r || !here)
            continue;
        r = server_ask(&importing->server,
                       &(struct server_question){
                           .what = "ask for an alias", .address = address, .tolerated = 404},
                       &status, NULL);
        if (!r && status == 404)
            r = server_ask(
                &importing->server,
                &(struct server_question){
                    .what = "set an alias", .method = "PUT", .address = address, .body = body},
                NULL, NULL);
    }
    return r;
}

static int write_all(struct importing *importing)
{
    int r = 0;

    for (size_t i = 0; i < importing->model_count && !r; i++) {
        r = make_model(importing, &importing->models[i]);
        if (!r)
            r = write_card(importing, &importing->models[i]);
    }
    /* Exported newest first; published oldest first, so that the latest is the latest. */
    for (size_t i = importing->version_count; i-- > 0 && !r;) {
        if (!importing->versions[i].present)
            r = publish(importing, &importing->versions[i]);
        if (!r)
            r = write_notes(importing, &importing->versions[i]);
    }
    if (!r)
        r = write_events(importing);
    for (size_t i = 0; i < importing->model_count && !r; i++)
        r = write_aliases(importing, &importing->models[i]);
    return r;
}

int cmd_import_import(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct importing importing = {.cli = cli};
    json_auto_t *document = NULL;
    int r;

    (void)operands;
    r = bundle_open(cli, operand[0], &importing.bundle);
    if (!r)
        r = server_open(cli, &importing.server);
    if (!r)
        r = server_workspace(&importing.server, &importing.workspace);
    if (!r)
        r = import_check(&importing);
    if (!r)
        r = interrupt_open(&importing.interrupt);
    if (!r)
        r = write_all(&importing);
    if (r)
        return r;
    document = json_pack("{s:I, s:I, s:I}", "published", (json_int_t)importing.published, "present",
                         (json_int_t)importing.version_count - importing.published, "events",
                         (json_int_t)importing.events);
    output_json(&cli->output, document);
    output_line(&cli->output, "imported %lld versions; %lld were there already",
                (long long)importing.published,
                (long long)((int64_t)importing.version_count - importing.published));
    if (importing.published > 0)
        output_note(&cli->output, "devices get them once the publishers' role lists them: "
                                  "modelferry release MODEL@VERSION");
    return CLI_OK;
}
