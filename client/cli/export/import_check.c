/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/import_check.h"

#include "base/cleanup.h"
#include "cli/export/cmd_export.h"
#include "cli/keys/keystore.h"
#include "crypto/text.h"
#include "model/manifest.h"
#include "model/name.h"
#include "tuf/canon.h"
#include "tuf/envelope.h"

#include <string.h>

#define KEYS_MAX 256

static int refuse(const struct importing *importing, const char *hint, const char *why)
{
    return output_fail(&importing->cli->output, CLI_UNVERIFIED, hint,
                       "nothing was imported from '%s': %s", importing->bundle.path, why);
}

/* ---- the index ------------------------------------------------------------------------------ */

static int count_versions(const json_t *models, size_t *ret_count)
{
    const json_t *model;
    size_t i;

    *ret_count = 0;
    json_array_foreach (models, i, model)
        *ret_count += json_array_size(json_object_get(model, "versions"));
    return 0;
}

static int read_index(struct importing *importing)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(CMD_EXPORT_INDEX_MAX);
    const struct bundle_member *member = bundle_find(&importing->bundle, BUNDLE_INDEX);
    struct fields_error error;
    const char *type = "";
    json_int_t format = 0;
    const json_t *models;
    size_t versions;
    int r;

    if (!member)
        return bundle_refuse(&importing->bundle, "it has no " BUNDLE_INDEX);
    r = bundle_read(&importing->bundle, member, &bytes);
    if (r)
        return r;
    if (canon_parse(bytes.bytes, bytes.size, CMD_EXPORT_INDEX_MAX, &importing->index, &error))
        return bundle_refuse(&importing->bundle, error.text);
    (void)json_unpack(importing->index, "{s:s, s:I}", "_type", &type, "format", &format);
    if (strcmp(type, CMD_EXPORT_TYPE) != 0)
        return bundle_refuse(&importing->bundle, "it is something else");
    if (format != CMD_EXPORT_FORMAT)
        return refuse(importing, "upgrade modelferry", "a later modelferry wrote it");
    models = json_object_get(importing->index, "models");
    (void)count_versions(models, &versions);
    importing->models = arena_array(&importing->cli->arena, json_array_size(models) + 1,
                                    sizeof(*importing->models));
    importing->versions =
        arena_array(&importing->cli->arena, versions + 1, sizeof(*importing->versions));
    return 0;
}

/* ---- whose signatures count ----------------------------------------------------------------- */

static void believe(struct incoming_model *model, const struct key *key, const char *name)
{
    for (size_t i = 0; i < model->key_count; i++) {
        if (key_equal(&model->keys[i], key))
            return;
    }
    if (model->key_count == KEYS_MAX)
        return;
    model->key_names[model->key_count] = name;
    model->keys[model->key_count++] = *key;
}

/* A key of the file by its keyid, which is its hash. */
static bool find_key(const struct incoming_model *model, const char *keyid, struct key *ret_key)
{
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(model->index, "keys"), i, item) {
        struct fields_error error;

        if (key_parse(json_object_get(item, "key"), ret_key, &error) == 0 &&
            strcmp(ret_key->id, keyid) == 0)
            return true;
    }
    return false;
}

static int trust_said(struct importing *importing, struct incoming_model *model)
{
    const struct options_list *said = &importing->cli->flags.trust;

    for (size_t i = 0; i < said->count; i++) {
        CLEANUP(keystore_release) struct keystore_key file = {0};
        struct key key;
        int r;

        if (find_key(model, said->texts[i], &key)) {
            believe(model, &key, NULL);
            continue;
        }
        r = keystore_read(importing->cli, said->texts[i], &file);
        if (r)
            return r;
        believe(model, &file.key, arena_strdup(&importing->cli->arena, file.name));
    }
    return 0;
}

static int trust_registered(struct importing *importing, struct incoming_model *model)
{
    json_auto_t *answer = NULL;
    const json_t *item;
    int status;
    size_t i;
    int r = server_ask(
        &importing->server,
        &(struct server_question){
            .what = arena_printf(&importing->cli->arena, "ask for model '%s'", model->name),
            .address = SERVER_ADDRESS(&importing->server, "models", model->name),
            .tolerated = 404,
        },
        &status, &answer);

    if (r)
        return r;
    model->exists = status != 404;
    json_array_foreach (json_object_get(answer, "keys"), i, item) {
        struct fields_error error;
        struct key key;

        if (!json_is_string(json_object_get(item, "revoked_at")) &&
            key_parse(json_object_get(item, "key"), &key, &error) == 0)
            believe(model, &key, NULL);
    }
    model->known_count = model->key_count;
    return 0;
}

static int refuse_untrusted(struct importing *importing, const struct incoming_model *model)
{
    struct arena *arena = &importing->cli->arena;
    const char *keyids = "";
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(model->index, "keys"), i, item) {
        const char *keyid = json_string_value(json_object_get(item, "keyid"));

        keyids = arena_printf(arena, "%s%s%s", keyids, *keyids ? ", " : "", keyid ? keyid : "?");
    }
    return refuse(
        importing, "compare these with the publisher by another way, then pass them: --trust KEYID",
        arena_printf(arena, "nobody said whose signatures count for model '%s'; it has: %s",
                     model->name, keyids));
}

/* ---- versions ------------------------------------------------------------------------------- */

static const struct bundle_member *member_of(const struct importing *importing, const char *folder,
                                             const char *sha256)
{
    return bundle_find(&importing->bundle,
                       arena_printf(&importing->cli->arena, "%s/%s", folder, sha256));
}

static int check_artifacts(struct importing *importing, const struct manifest *manifest,
                           struct incoming_version *version)
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->variant_count; i++)
        count += manifest->variants[i].artifact_count;
    version->files = arena_array(&importing->cli->arena, count, sizeof(*version->files));
    for (size_t i = 0; i < manifest->variant_count; i++) {
        for (size_t j = 0; j < manifest->variants[i].artifact_count; j++) {
            const struct manifest_artifact *artifact = &manifest->variants[i].artifacts[j];
            const struct bundle_member *member;
            char hex[DIGEST_SHA256_HEX_SIZE];

            text_hex(artifact->sha256, sizeof(artifact->sha256), hex);
            member = member_of(importing, CMD_EXPORT_ARTIFACT, hex);
            if (!member || member->size_bytes != (uint64_t)artifact->length ||
                memcmp(member->sha256, artifact->sha256, sizeof(member->sha256)) != 0)
                return bundle_refuse(&importing->bundle,
                                     arena_printf(&importing->cli->arena,
                                                  "artifact %s is missing, or not what was signed",
                                                  hex));
            version->files[version->file_count] = (struct publish_file){
                .path = importing->bundle.path,
                .name = artifact->name,
                .start_byte = member->start_byte,
                .size_bytes = member->size_bytes,
            };
            memcpy(version->files[version->file_count++].sha256, artifact->sha256,
                   DIGEST_SHA256_SIZE);
        }
    }
    return 0;
}

static int check_names(struct importing *importing, const struct manifest *manifest,
                       const struct incoming_version *version)
{
    struct arena *arena = &importing->cli->arena;

    if (strcmp(manifest->model, version->model->name) != 0 ||
        strcmp(manifest->version, version->name) != 0)
        return bundle_refuse(&importing->bundle,
                             arena_printf(arena, "what it calls %s@%s was signed as %s@%s",
                                          version->model->name, version->name, manifest->model,
                                          manifest->version));
    if (strcmp(manifest->workspace, importing->workspace) != 0)
        return refuse(
            importing, "import it into a workspace of that name: the publisher signed for it",
            arena_printf(arena, "%s@%s is of workspace '%s', this is '%s'", manifest->model,
                         manifest->version, manifest->workspace, importing->workspace));
    return 0;
}

/* A version that is there must be this one. */
static int ask_presence(struct importing *importing, struct incoming_version *version,
                        const char *sha256)
{
    struct arena *arena = &importing->cli->arena;
    json_auto_t *shown = NULL;
    const char *theirs;
    int status;
    int r;

    if (!version->model->exists)
        return 0;
    r = server_ask(&importing->server,
                   &(struct server_question){
                       .what = arena_printf(arena, "ask for version '%s'", version->name),
                       .address = SERVER_ADDRESS(&importing->server, "models", version->model->name,
                                                 "versions", version->name),
                       .tolerated = 404,
                   },
                   &status, &shown);
    if (r || status == 404)
        return r;
    theirs = json_string_value(json_object_get(shown, "manifest_sha256"));
    version->present = theirs && strcmp(theirs, sha256) == 0;
    return version->present ? 0
                            : refuse(importing, "versions never change: leave it out of the export",
                                     arena_printf(arena, "the server has another %s@%s",
                                                  version->model->name, version->name));
}

static int check_version(struct importing *importing, struct incoming_version *version)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(MANIFEST_SIZE_MAX);
    CLEANUP(envelope_release) struct envelope envelope = {0};
    struct arena *arena = &importing->cli->arena;
    const char *sha256 = json_string_value(json_object_get(version->index, "manifest_sha256"));
    struct fields_error error = {0};
    struct manifest manifest;
    char hex[DIGEST_SHA256_HEX_SIZE] = "";
    int r;

    version->name = json_string_value(json_object_get(version->index, "version"));
    version->envelope = sha256 ? member_of(importing, CMD_EXPORT_MANIFEST, sha256) : NULL;
    if (version->envelope)
        text_hex(version->envelope->sha256, DIGEST_SHA256_SIZE, hex);
    if (!version->name || !version->envelope || strcmp(hex, sha256) != 0)
        return bundle_refuse(&importing->bundle, "a manifest is missing, or another one");
    r = bundle_read(&importing->bundle, version->envelope, &bytes);
    if (!r)
        r = envelope_parse(bytes.bytes, bytes.size, MANIFEST_SIZE_MAX, arena, &envelope, &error);
    if (r > 0 && error.text[0])
        return bundle_refuse(&importing->bundle, error.text);
    if (!r && manifest_decode(envelope.signed_part, arena, &manifest, &error))
        return bundle_refuse(&importing->bundle, error.text);
    if (!r)
        r = check_names(importing, &manifest, version);
    if (r)
        return r;
    r = envelope_verify(&envelope, version->model->keys, version->model->key_count, 1, NULL);
    if (r)
        return r < 0
                   ? r
                   : refuse(importing, "pass the key that signed it, if you trust it: --trust KEY",
                            arena_printf(arena, "%s@%s is not signed by a key that is trusted",
                                         version->model->name, version->name));
    r = check_artifacts(importing, &manifest, version);
    return r ? r : ask_presence(importing, version, sha256);
}

static int check_model(struct importing *importing, const json_t *index)
{
    struct incoming_model *model = &importing->models[importing->model_count++];
    struct arena *arena = &importing->cli->arena;
    const json_t *item;
    size_t i;
    int r;

    *model = (struct incoming_model){
        .name = json_string_value(json_object_get(index, "name")),
        .index = index,
        .keys = arena_array(arena, KEYS_MAX, sizeof(*model->keys)),
        .key_names = arena_array(arena, KEYS_MAX, sizeof(*model->key_names)),
    };
    if (!model->name || name_check(model->name))
        return bundle_refuse(&importing->bundle, "a model has no name");
    r = trust_registered(importing, model);
    if (!r)
        r = trust_said(importing, model);
    if (r)
        return r;
    if (model->key_count == 0)
        return refuse_untrusted(importing, model);
    json_array_foreach (json_object_get(index, "versions"), i, item) {
        struct incoming_version *version = &importing->versions[importing->version_count++];

        *version = (struct incoming_version){.model = model, .index = item};
        r = check_version(importing, version);
        if (r)
            return r;
    }
    return 0;
}

int import_check(struct importing *importing)
{
    const json_t *index;
    size_t i;
    int r = read_index(importing);

    json_array_foreach (json_object_get(importing->index, "models"), i, index) {
        if (!r)
            r = check_model(importing, index);
    }
    return r;
}
