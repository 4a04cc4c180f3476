/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/import_check.h"

#include "base/cleanup.h"
#include "cli/export/import_trust.h"
#include "cli/trust/additions.h"
#include "crypto/text.h"
#include "lineage/openlineage.h"
#include "model/manifest.h"
#include "tuf/canon.h"
#include "tuf/envelope.h"

#include <string.h>

int import_check_refuse(const struct importing *importing, const char *hint, const char *why)
{
    return output_fail(&importing->cli->output, CLI_UNVERIFIED, hint,
                       "nothing was imported from '%s': %s", importing->bundle.path, why);
}

/* ---- the index ------------------------------------------------------------------------------ */

static int read_index(struct importing *importing)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(EXPORT_INDEX_MAX);
    const struct bundle_member *member = bundle_find(&importing->bundle, BUNDLE_INDEX);
    struct arena *arena = &importing->cli->arena;
    struct fields_error error;
    int r;

    if (!member)
        return bundle_refuse(&importing->bundle, "it has no " BUNDLE_INDEX);
    r = bundle_read(&importing->bundle, member, &bytes);
    if (r)
        return r;
    if (canon_parse(bytes.bytes, bytes.size, EXPORT_INDEX_MAX, &importing->json, &error))
        return bundle_refuse(&importing->bundle, error.text);
    switch (export_index_read(importing->json, arena, &importing->index, &error)) {
    case 0:
        break;
    case EXPORT_INDEX_E_FORMAT:
        return import_check_refuse(importing, "upgrade modelferry", "a later modelferry wrote it");
    case EXPORT_INDEX_E_OTHER:
        return bundle_refuse(&importing->bundle, "it is something else");
    default:
        return bundle_refuse(&importing->bundle,
                             arena_printf(arena, BUNDLE_INDEX ": %s", error.text));
    }
    importing->models =
        arena_array(arena, importing->index.model_count + 1, sizeof(*importing->models));
    importing->versions =
        arena_array(arena, importing->index.version_count + 1, sizeof(*importing->versions));
    return 0;
}

/* ---- documents ------------------------------------------------------------------------------ */

static const struct bundle_member *member_of(const struct importing *importing, const char *folder,
                                             const char *sha256)
{
    return bundle_find(&importing->bundle,
                       arena_printf(&importing->cli->arena, "%s/%s", folder, sha256));
}

/* "digits@1.0.0", or "digits@1.0.0/onnx/cpu/int8" */
static const char *name_of(const struct importing *importing,
                           const struct incoming_version *version,
                           const struct incoming_document *document)
{
    const char *variant = document->said->variant;

    return arena_printf(&importing->cli->arena, "%s@%s%s%s", version->model->said->name,
                        version->said->version, variant ? "/" : "", variant ? variant : "");
}

static int check_artifacts(struct importing *importing, const struct manifest *manifest,
                           struct incoming_document *document)
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->variant_count; i++)
        count += manifest->variants[i].artifact_count;
    document->files = arena_array(&importing->cli->arena, count, sizeof(*document->files));
    for (size_t i = 0; i < manifest->variant_count; i++) {
        for (size_t j = 0; j < manifest->variants[i].artifact_count; j++) {
            const struct manifest_artifact *artifact = &manifest->variants[i].artifacts[j];
            const struct bundle_member *member;
            char hex[DIGEST_SHA256_HEX_SIZE];

            text_hex(artifact->sha256, sizeof(artifact->sha256), hex);
            member = member_of(importing, EXPORT_INDEX_ARTIFACT, hex);
            if (!member || member->size_bytes != (uint64_t)artifact->length ||
                memcmp(member->sha256, artifact->sha256, sizeof(member->sha256)) != 0)
                return bundle_refuse(&importing->bundle,
                                     arena_printf(&importing->cli->arena,
                                                  "artifact %s is missing, or not what was signed",
                                                  hex));
            document->files[document->file_count] = (struct publish_file){
                .path = importing->bundle.path,
                .name = artifact->name,
                .start_byte = member->start_byte,
                .size_bytes = member->size_bytes,
            };
            memcpy(document->files[document->file_count++].sha256, artifact->sha256,
                   DIGEST_SHA256_SIZE);
        }
    }
    return 0;
}

static int check_names(struct importing *importing, const struct manifest *manifest,
                       const struct incoming_version *version)
{
    const char *model = version->model->said->name;
    struct arena *arena = &importing->cli->arena;

    if (strcmp(manifest->model, model) != 0 ||
        strcmp(manifest->version, version->said->version) != 0)
        return bundle_refuse(&importing->bundle,
                             arena_printf(arena, "what it calls %s@%s was signed as %s@%s", model,
                                          version->said->version, manifest->model,
                                          manifest->version));
    if (strcmp(manifest->workspace, importing->workspace) != 0)
        return import_check_refuse(
            importing, "import it into a workspace of that name: the publisher signed for it",
            arena_printf(arena, "%s@%s is of workspace '%s', this is '%s'", manifest->model,
                         manifest->version, manifest->workspace, importing->workspace));
    return 0;
}

/* An added variant adds just what the index says, to this very version. */
static int check_place(struct importing *importing, const struct manifest *manifest,
                       const struct incoming_version *version,
                       const struct incoming_document *document)
{
    const char *variant = document->said->variant;
    bool right = variant ? manifest_is_addition(manifest) && manifest->variant_count == 1 &&
                               manifest_find(manifest, variant) &&
                               memcmp(manifest->adds_to, version->own.envelope->sha256,
                                      sizeof(manifest->adds_to)) == 0
                         : !manifest_is_addition(manifest);

    return right
               ? 0
               : bundle_refuse(&importing->bundle,
                               arena_printf(&importing->cli->arena, "%s was signed as another one",
                                            name_of(importing, version, document)));
}

/* Reads a document, and checks all that the file alone can show. */
static int check_document(struct importing *importing, const struct incoming_version *version,
                          struct incoming_document *document)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(MANIFEST_SIZE_MAX);
    CLEANUP(envelope_release) struct envelope envelope = {0};
    const struct incoming_model *model = version->model;
    struct arena *arena = &importing->cli->arena;
    const char *name = name_of(importing, version, document);
    struct fields_error error = {0};
    struct manifest manifest;
    char hex[DIGEST_SHA256_HEX_SIZE] = "";
    int r;

    document->envelope = member_of(importing, EXPORT_INDEX_MANIFEST, document->said->sha256);
    if (document->envelope)
        text_hex(document->envelope->sha256, DIGEST_SHA256_SIZE, hex);
    if (strcmp(hex, document->said->sha256) != 0)
        return bundle_refuse(
            &importing->bundle,
            arena_printf(arena, "the manifest of %s is missing, or another one", name));
    r = bundle_read(&importing->bundle, document->envelope, &bytes);
    if (!r)
        r = envelope_parse(bytes.bytes, bytes.size, MANIFEST_SIZE_MAX, arena, &envelope, &error);
    if (r > 0 && error.text[0])
        return bundle_refuse(&importing->bundle, error.text);
    if (!r && manifest_decode(envelope.signed_part, arena, &manifest, &error))
        return bundle_refuse(&importing->bundle, error.text);
    if (!r)
        r = check_names(importing, &manifest, version);
    if (!r)
        r = check_place(importing, &manifest, version, document);
    if (r)
        return r;
    r = envelope_verify(&envelope, model->keys, model->key_count, 1, NULL);
    if (r > 0)
        return import_check_refuse(
            importing, "pass the key that signed it, if you trust it: --trust KEY",
            arena_printf(arena, "%s is not signed by a key that is trusted", name));
    return r ? r : check_artifacts(importing, &manifest, document);
}

/* ---- versions ------------------------------------------------------------------------------- */

static int refuse_other(struct importing *importing, const struct incoming_version *version,
                        const struct incoming_document *document)
{
    return import_check_refuse(importing, "versions never change: leave it out of the export",
                               arena_printf(&importing->cli->arena, "the server has another %s",
                                            name_of(importing, version, document)));
}

/* What is there must be the same. */
static int ask_presence(struct importing *importing, struct incoming_version *version)
{
    struct arena *arena = &importing->cli->arena;
    const char *model = version->model->said->name;
    json_auto_t *shown = NULL;
    struct additions additions;
    const char *theirs;
    int status;
    int r;

    if (!version->model->exists)
        return 0;
    r = server_ask(&importing->server,
                   &(struct server_question){
                       .what = arena_printf(arena, "ask for version '%s'", version->said->version),
                       .address = SERVER_ADDRESS(&importing->server, "models", model, "versions",
                                                 version->said->version),
                       .tolerated = 404,
                   },
                   &status, &shown);
    if (r || status == 404)
        return r;
    theirs = json_string_value(json_object_get(shown, "manifest_sha256"));
    version->own.present = theirs && strcmp(theirs, version->own.said->sha256) == 0;
    if (!version->own.present)
        return refuse_other(importing, version, &version->own);
    additions_read(importing->cli, shown, &additions);
    for (size_t i = 0; i < version->said->added_count; i++) {
        struct incoming_document *added = &version->added[i];
        const struct addition *found = additions_find(&additions, added->said->variant);

        added->present = found && found->sha256 && strcmp(found->sha256, added->said->sha256) == 0;
        if (found && !added->present)
            return refuse_other(importing, version, added);
    }
    return 0;
}

static int check_version(struct importing *importing, struct incoming_version *version)
{
    size_t count = version->said->added_count;
    int r;

    version->own.said = &version->said->own;
    version->added = arena_array(&importing->cli->arena, count + 1, sizeof(*version->added));
    r = check_document(importing, version, &version->own);
    for (size_t i = 0; i < count && !r; i++) {
        version->added[i].said = &version->said->added[i];
        r = check_document(importing, version, &version->added[i]);
    }
    return r ? r : ask_presence(importing, version);
}

static int check_model(struct importing *importing, struct incoming_model *model)
{
    int r = import_trust_model(importing, model);

    for (size_t i = 0; i < model->said->version_count && !r; i++) {
        struct incoming_version *version = &importing->versions[importing->version_count++];

        version->model = model;
        version->said = &model->said->versions[i];
        r = check_version(importing, version);
    }
    return r;
}

/* ---- events --------------------------------------------------------------------------------- */

static int check_event(struct importing *importing, const struct bundle_member *member)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(OPENLINEAGE_EVENT_MAX);
    CLEANUP(arena_release) struct arena arena = {0};
    struct openlineage_event event;
    struct fields_error error;
    char hex[DIGEST_SHA256_HEX_SIZE];
    int r;

    text_hex(member->sha256, sizeof(member->sha256), hex);
    if (strcmp(member->name + sizeof(EXPORT_INDEX_EVENT), hex) != 0)
        return bundle_refuse(
            &importing->bundle,
            arena_printf(&importing->cli->arena, "'%s' is another event", member->name));
    r = bundle_read(&importing->bundle, member, &bytes);
    if (r)
        return r;
    if (openlineage_parse(bytes.bytes, bytes.size, &arena, &event, &error))
        return bundle_refuse(&importing->bundle, arena_printf(&importing->cli->arena, "'%s': %s",
                                                              member->name, error.text));
    return 0;
}

static int check_events(struct importing *importing)
{
    int r = 0;

    for (size_t i = 0; i < importing->bundle.count && !r; i++) {
        const struct bundle_member *member = &importing->bundle.members[i];

        if (bundle_member_in(member, EXPORT_INDEX_EVENT))
            r = check_event(importing, member);
    }
    return r;
}

int import_check(struct importing *importing)
{
    int r = read_index(importing);

    for (size_t i = 0; !r && i < importing->index.model_count; i++) {
        importing->models[i].said = &importing->index.models[i];
        r = check_model(importing, &importing->models[i]);
    }
    return r ? r : check_events(importing);
}
