/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/cmd_import.h"

#include "base/cleanup.h"
#include "cli/export/import_check.h"
#include "cli/export/import_notes.h"
#include "cli/keys/model_keys.h"
#include "cli/transfer/upload.h"
#include "lineage/openlineage.h"
#include "model/manifest.h"

static void release(struct importing *importing)
{
    json_decref(importing->json);
    bundle_close(&importing->bundle);
    interrupt_close(&importing->interrupt);
    server_close(&importing->server);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int make_model(struct importing *importing, const struct incoming_model *model)
{
    const struct export_index_model *said = model->said;
    struct server *server = &importing->server;
    json_auto_t *body = NULL;
    json_auto_t *keys = json_array();

    for (size_t i = 0; i < model->key_count; i++) {
        const char *name = model->key_names[i];

        if (model->exists && i >= model->known_count) {
            int r = model_keys_register(server, said->name, &model->keys[i], name);

            if (r)
                return r;
        }
        (void)json_array_append_new(keys,
                                    json_pack("{s:s*, s:o}", "name", name && *name ? name : NULL,
                                              "key", key_to_json(&model->keys[i])));
    }
    if (model->exists)
        return 0;
    body = json_pack("{s:s, s:s*, s:o, s:O}", "name", said->name, "description", said->description,
                     "tags", fields_pairs_to_json(said->tags, said->tag_count), "keys", keys);
    return server_ask(
        server,
        &(struct server_question){
            .what = arena_printf(&importing->cli->arena, "make model '%s'", said->name),
            .address = SERVER_ADDRESS(server, "models"),
            .body = body,
        },
        NULL, NULL);
}

/* Uploads what a document names, then sends it: to `collection` of the model or the version. */
static int publish(struct importing *importing, const struct incoming_document *document,
                   const char *what, const char *address)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(MANIFEST_SIZE_MAX);
    int r = 0;

    for (size_t i = 0; i < document->file_count && !r; i++) {
        enum upload_way way;

        r = upload_artifact(&importing->server, &importing->interrupt, &document->files[i], &way);
    }
    if (!r)
        r = bundle_read(&importing->bundle, document->envelope, &bytes);
    if (r)
        return r;
    return server_ask(&importing->server,
                      &(struct server_question){
                          .what = what,
                          .address = address,
                          .text = arena_strndup(&importing->cli->arena, bytes.bytes, bytes.size),
                      },
                      NULL, NULL);
}

static int publish_version(struct importing *importing, const struct incoming_version *version)
{
    struct server *server = &importing->server;
    struct arena *arena = &importing->cli->arena;
    const char *model = version->model->said->name;
    const char *name = version->said->version;
    int r = 0;

    if (!version->own.present) {
        r = publish(importing, &version->own, arena_printf(arena, "publish %s@%s", model, name),
                    SERVER_ADDRESS(server, "models", model, "versions"));
        importing->published += !r;
    }
    for (size_t i = 0; i < version->said->added_count && !r; i++) {
        const struct incoming_document *added = &version->added[i];

        if (added->present)
            continue;
        r = publish(importing, added,
                    arena_printf(arena, "add %s to %s@%s", added->said->variant, model, name),
                    SERVER_ADDRESS(server, "models", model, "versions", name, "variants"));
        importing->added += !r;
    }
    return r ? r : import_notes_write(importing, version);
}

static int write_events(struct importing *importing)
{
    for (size_t i = 0; i < importing->bundle.count; i++) {
        CLEANUP(buffer_release) struct buffer bytes = BUFFER(OPENLINEAGE_EVENT_MAX);
        const struct bundle_member *member = &importing->bundle.members[i];
        int r;

        if (!bundle_member_in(member, EXPORT_INDEX_EVENT))
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

/* Rules come before what they are about. */
static int write_models(struct importing *importing)
{
    int r = 0;

    for (size_t i = 0; i < importing->index.model_count && !r; i++) {
        const struct incoming_model *model = &importing->models[i];

        r = make_model(importing, model);
        if (!r)
            r = import_notes_write_card(importing, model);
        if (!r)
            r = import_notes_write_rules(importing, model);
    }
    return r;
}

static int write_all(struct importing *importing)
{
    int r = write_models(importing);

    /* Exported newest first; published oldest first, so that the latest is the latest. */
    for (size_t i = importing->version_count; i-- > 0 && !r;)
        r = publish_version(importing, &importing->versions[i]);
    if (!r)
        r = write_events(importing);
    for (size_t i = 0; i < importing->index.model_count && !r; i++)
        r = import_notes_write_aliases(importing, &importing->models[i]);
    return r;
}

/* ---- what was done -------------------------------------------------------------------------- */

/* Versions that somebody approved over there. */
static int64_t count_approved(const struct importing *importing)
{
    int64_t count = 0;

    for (size_t i = 0; i < importing->version_count; i++)
        count += json_array_size(importing->versions[i].said->approvals) > 0;
    return count;
}

static void print(const struct importing *importing)
{
    const struct output *output = &importing->cli->output;
    int64_t present = (int64_t)importing->version_count - importing->published;
    int64_t approved = count_approved(importing);
    json_auto_t *document =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "published", (json_int_t)importing->published,
                  "present", (json_int_t)present, "variants", (json_int_t)importing->added,
                  "events", (json_int_t)importing->events, "approved_there", (json_int_t)approved);

    output_json(output, document);
    output_line(output, "imported %lld versions; %lld were there already",
                (long long)importing->published, (long long)present);
    if (importing->added > 0)
        output_line(output, "added %lld variants", (long long)importing->added);
    if (approved > 0)
        output_note(output,
                    "%lld versions have approvals in the file; nobody has approved them here: "
                    "modelferry approve MODEL@VERSION",
                    (long long)approved);
    if (importing->published + importing->added > 0)
        output_note(output, "devices get them once the publishers' role lists them: "
                            "modelferry release MODEL@VERSION");
}

int cmd_import_import(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct importing importing = {.cli = cli};
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
    print(&importing);
    return CLI_OK;
}
