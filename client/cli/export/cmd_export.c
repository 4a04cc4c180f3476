/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/cmd_export.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/export/bundle.h"
#include "cli/export/export_index.h"
#include "cli/export/export_notes.h"
#include "cli/subject.h"
#include "cli/transfer/download.h"
#include "cli/trust/additions.h"
#include "cli/trust/signed_manifest.h"
#include "cli/units.h"
#include "crypto/text.h"
#include "lineage/openlineage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct exporting {
    struct cli *cli;
    struct server server;
    struct interrupt interrupt;
    const char *workspace;
    const char *folder; /* what was fetched, until the file is whole */
    json_t *models;     /* of the index */
    json_t *manifests;  /* digest -> true: what goes into the file */
    json_t *artifacts;  /* digest -> length */
    json_t *events;     /* digest -> true */
    int64_t versions;
    int64_t variants; /* added to them later */
    int64_t yanked;   /* versions that were left behind */
};

static void release(struct exporting *exporting)
{
    json_decref(exporting->models);
    json_decref(exporting->manifests);
    json_decref(exporting->artifacts);
    json_decref(exporting->events);
    interrupt_close(&exporting->interrupt);
    server_close(&exporting->server);
}

static const char *part(const struct exporting *exporting, const char *name)
{
    return arena_printf(&exporting->cli->arena, "%s/%s", exporting->folder, name);
}

static int keep(const struct exporting *exporting, const char *name, const struct buffer *bytes)
{
    return file_replace(AT_FDCWD, part(exporting, name), bytes->bytes, bytes->size, 0644);
}

/* ---- lineage -------------------------------------------------------------------------------- */

static int fetch_event(struct exporting *exporting, const char *sha256)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(OPENLINEAGE_EVENT_MAX + 1);
    int r;

    if (json_object_get(exporting->events, sha256))
        return 0;
    r = server_get_bytes(&exporting->server, "fetch an event of the lineage",
                         SERVER_ADDRESS(&exporting->server, "lineage", "events", sha256), &bytes);
    if (!r)
        r = keep(exporting, sha256, &bytes);
    if (!r)
        (void)json_object_set_new(exporting->events, sha256, json_true());
    return r;
}

static int fetch_run(struct exporting *exporting, const char *ref)
{
    CLEANUP(buffer_release) struct buffer address = BUFFER((size_t)64 << 10);
    json_auto_t *node = NULL;
    const json_t *event;
    size_t i;
    int r;

    buffer_printf(&address, "%s?ref=", SERVER_ADDRESS(&exporting->server, "lineage", "node"));
    http_escape(&address, ref);
    r = server_get(&exporting->server, "read the lineage", address.bytes, &node);
    json_array_foreach (json_object_get(node, "events"), i, event) {
        const char *sha256 = json_string_value(json_object_get(event, "sha256"));

        if (!r && sha256)
            r = fetch_event(exporting, sha256);
    }
    return r;
}

/* Everything that was said of the runs upstream of a version, or of a variant that was added. */
static int fetch_lineage(struct exporting *exporting, const char *ref)
{
    CLEANUP(buffer_release) struct buffer address = BUFFER((size_t)64 << 10);
    json_auto_t *graph = NULL;
    const json_t *node;
    size_t i;
    int r;

    buffer_printf(&address, "%s?limit=100000&ref=",
                  SERVER_ADDRESS(&exporting->server, "lineage", "upstream"));
    http_escape(&address, ref);
    r = server_ask(&exporting->server,
                   &(struct server_question){
                       .what = "read the lineage", .address = address.bytes, .tolerated = 404},
                   NULL, &graph);
    json_array_foreach (json_object_get(graph, "nodes"), i, node) {
        const char *kind = json_string_value(json_object_get(node, "kind"));
        const char *run = json_string_value(json_object_get(node, "ref"));

        if (!r && kind && run && strcmp(kind, "run") == 0)
            r = fetch_run(exporting, run);
    }
    return r;
}

/* ---- versions ------------------------------------------------------------------------------- */

static int fetch_artifacts(struct exporting *exporting, const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->variant_count; i++) {
        for (size_t j = 0; j < manifest->variants[i].artifact_count; j++) {
            struct manifest_artifact artifact = manifest->variants[i].artifacts[j];
            char hex[DIGEST_SHA256_HEX_SIZE];
            int r;

            text_hex(artifact.sha256, sizeof(artifact.sha256), hex);
            if (json_object_get(exporting->artifacts, hex))
                continue;
            artifact.name = hex;
            r = download_artifact(&exporting->server, &exporting->interrupt, exporting->folder,
                                  &artifact);
            if (r)
                return r;
            (void)json_object_set_new(exporting->artifacts, hex, json_integer(artifact.length));
        }
    }
    return 0;
}

/* A document with all that it names; ret_sha256 is its own, in hex. */
static int keep_document(struct exporting *exporting, const struct signed_manifest *document,
                         const char *ref, const char **ret_sha256)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[DIGEST_SHA256_HEX_SIZE];
    int r = fetch_artifacts(exporting, &document->manifest);

    if (!r)
        r = fetch_lineage(exporting, ref);
    if (r)
        return r;
    digest_sha256(document->bytes.bytes, document->bytes.size, digest);
    text_hex(digest, sizeof(digest), hex);
    *ret_sha256 = arena_strdup(&exporting->cli->arena, hex);
    if (json_object_set_new(exporting->manifests, hex, json_true()) < 0)
        return log_fail(ERR_NO_MEMORY, "out of memory");
    return keep(exporting, hex, &document->bytes);
}

/* Variants that were added to the version later; those that were withdrawn stay here. */
static int fetch_additions(struct exporting *exporting, const struct reference *reference,
                           const struct signed_manifest *own, const json_t *shown, json_t *list)
{
    struct cli *cli = exporting->cli;
    struct additions additions;
    int r = 0;

    additions_read(cli, shown, &additions);
    for (size_t i = 0; i < additions.count && !r; i++) {
        CLEANUP(signed_manifest_release) struct signed_manifest added = {0};
        const char *variant = additions.items[i].variant;
        const char *sha256;

        if (additions.items[i].yanked)
            continue;
        r = signed_manifest_fetch_variant(&exporting->server, exporting->workspace, reference,
                                          variant, own, &added);
        if (!r)
            r = keep_document(exporting, &added,
                              arena_printf(&cli->arena, "model:%s@%s/%s", reference->model,
                                           reference->version, variant),
                              &sha256);
        if (!r)
            r = json_array_append_new(
                list, json_pack("{s:s, s:s}", "variant", variant, "manifest_sha256", sha256));
        exporting->variants += !r;
    }
    return r;
}

/* Its publishers took it back: nobody shall release it elsewhere unawares. */
static int refuse_yanked(struct exporting *exporting, const struct reference *reference,
                         const json_t *yanked)
{
    return output_fail(&exporting->cli->output, CLI_FAILED,
                       "export another version; its files and documents can be pulled",
                       "version '%s' of model '%s' was yanked by '%s': it is not exported",
                       reference->version, reference->model,
                       json_string_value(json_object_get(yanked, "by")));
}

static int fetch_version(struct exporting *exporting, const struct reference *reference,
                         json_t *versions)
{
    struct server *server = &exporting->server;
    CLEANUP(signed_manifest_release) struct signed_manifest manifest = {0};
    struct arena *arena = &exporting->cli->arena;
    json_auto_t *shown = NULL;
    json_auto_t *added = json_array();
    json_auto_t *version = NULL;
    const char *sha256;
    int r;

    r = server_get(
        server,
        arena_printf(arena, "read version '%s' of model '%s'", reference->version,
                     reference->model),
        SERVER_ADDRESS(server, "models", reference->model, "versions", reference->version), &shown);
    if (!r && json_is_object(json_object_get(shown, "yanked")))
        r = refuse_yanked(exporting, reference, json_object_get(shown, "yanked"));
    if (!r)
        r = signed_manifest_fetch(server, exporting->workspace, reference, &manifest);
    if (!r)
        r = keep_document(exporting, &manifest,
                          arena_printf(arena, "model:%s@%s", reference->model, reference->version),
                          &sha256);
    if (!r)
        r = fetch_additions(exporting, reference, &manifest, shown, added);
    if (r)
        return r;
    version = json_pack("{s:s, s:s, s:O}", "version", reference->version, "manifest_sha256", sha256,
                        "added", added);
    r = export_notes_of_version(server, reference, shown, version);
    exporting->versions += !r;
    return r ? r : json_array_append(versions, version);
}

/* ---- models --------------------------------------------------------------------------------- */

static void leave_behind(struct exporting *exporting, const struct reference *reference)
{
    output_note(&exporting->cli->output, "%s@%s was yanked: it is left behind", reference->model,
                reference->version);
    exporting->yanked++;
}

/* The versions that were asked for: one, or all that are published and were not yanked. */
static int fetch_versions(struct exporting *exporting, const struct reference *wanted,
                          json_t *versions)
{
    struct server *server = &exporting->server;
    json_auto_t *list = NULL;
    const json_t *item;
    size_t i;
    int r;

    if (wanted->version)
        return fetch_version(exporting, wanted, versions);
    r = server_list(
        server, arena_printf(&exporting->cli->arena, "list the versions of '%s'", wanted->model),
        SERVER_ADDRESS(server, "models", wanted->model, "versions"), "state=published", 0, &list);
    json_array_foreach (json_object_get(list, "items"), i, item) {
        const struct reference reference = {wanted->model,
                                            json_string_value(json_object_get(item, "version"))};

        if (r || !reference.version)
            break;
        if (json_is_object(json_object_get(item, "yanked")))
            leave_behind(exporting, &reference);
        else
            r = fetch_version(exporting, &reference, versions);
    }
    return r;
}

static int fetch_model(struct exporting *exporting, const struct reference *wanted)
{
    struct server *server = &exporting->server;
    json_auto_t *versions = json_array();
    json_auto_t *shown = NULL;
    json_auto_t *model = NULL;
    int r;

    r = server_get(server, arena_printf(&exporting->cli->arena, "read model '%s'", wanted->model),
                   SERVER_ADDRESS(server, "models", wanted->model), &shown);
    if (!r)
        r = fetch_versions(exporting, wanted, versions);
    if (r)
        return r;
    model = json_pack("{s:s, s:O, s:O, s:O, s:O*, s:O}", "name", wanted->model, "description",
                      json_object_get(shown, "description"), "tags", json_object_get(shown, "tags"),
                      "keys", json_object_get(shown, "keys"), "aliases",
                      json_object_get(shown, "aliases"), "versions", versions);
    r = export_notes_of_model(server, wanted->model, shown, model);
    return r ? r : json_array_append(exporting->models, model);
}

/* ---- the file ------------------------------------------------------------------------------- */

static int add_all(struct exporting *exporting, struct bundle_writer *writer, json_t *set,
                   const char *folder)
{
    const char *sha256;
    json_t *value;
    int r = 0;

    json_object_foreach (set, sha256, value) {
        const char *name = arena_printf(&exporting->cli->arena, "%s/%s", folder, sha256);
        struct stat status;

        if (!r && stat(part(exporting, sha256), &status) < 0)
            r = log_fail_errno("cannot read '%s'", part(exporting, sha256));
        if (!r)
            r = bundle_add_file(writer, name, part(exporting, sha256), (uint64_t)status.st_size);
    }
    return r;
}

static int write_index(const struct exporting *exporting, struct bundle_writer *writer)
{
    json_auto_t *index = json_pack("{s:s, s:i, s:s, s:s, s:O}", "_type", EXPORT_INDEX_TYPE,
                                   "format", EXPORT_INDEX_FORMAT, "server", exporting->server.url,
                                   "workspace", exporting->workspace, "models", exporting->models);
    AUTO_FREE char *text = index ? json_dumps(index, JSON_INDENT(1)) : NULL;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write the index: out of memory");
    return bundle_add(writer, BUNDLE_INDEX, text, strlen(text));
}

static int write_file(struct exporting *exporting, char ret_hex[static DIGEST_SHA256_HEX_SIZE])
{
    CLEANUP(bundle_abandon) struct bundle_writer writer = {0};
    int r = bundle_create(exporting->cli, exporting->cli->flags.out, &writer);

    if (!r)
        r = write_index(exporting, &writer);
    if (!r)
        r = add_all(exporting, &writer, exporting->manifests, EXPORT_INDEX_MANIFEST);
    if (!r)
        r = add_all(exporting, &writer, exporting->events, EXPORT_INDEX_EVENT);
    if (!r)
        r = add_all(exporting, &writer, exporting->artifacts, EXPORT_INDEX_ARTIFACT);
    return r ? r : bundle_finish(&writer, ret_hex);
}

static int fetch_all(struct exporting *exporting, int operands, char **operand)
{
    for (int i = 0; i < operands; i++) {
        struct reference wanted;
        int r = subject_parse(exporting->cli, operand[i], SUBJECT_MODEL | SUBJECT_VERSION, &wanted);

        if (!r)
            r = subject_resolve(&exporting->server, &wanted);
        if (!r)
            r = fetch_model(exporting, &wanted);
        if (r)
            return r;
    }
    return 0;
}

int cmd_export_export(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release)
    struct exporting exporting = {
        .cli = cli,
        .models = json_array(),
        .manifests = json_object(),
        .artifacts = json_object(),
        .events = json_object(),
    };
    json_auto_t *document = NULL;
    char hex[DIGEST_SHA256_HEX_SIZE];
    int r;

    if (!cli->flags.out)
        return cli_usage(cli, "say where to write: --output FILE");
    if (access(cli->flags.out, F_OK) == 0)
        return output_fail(&cli->output, CLI_FAILED, "remove it, or choose another name",
                           "'%s' exists", cli->flags.out);
    exporting.folder = arena_printf(&cli->arena, "%s.parts", cli->flags.out);
    r = server_open(cli, &exporting.server);
    if (!r)
        r = server_workspace(&exporting.server, &exporting.workspace);
    if (!r)
        r = interrupt_open(&exporting.interrupt);
    if (!r)
        r = file_mkdirs(AT_FDCWD, exporting.folder, 0755);
    if (!r)
        r = fetch_all(&exporting, operands, operand);
    if (!r)
        r = write_file(&exporting, hex);
    if (!r)
        r = file_remove_tree(AT_FDCWD, exporting.folder);
    if (r)
        return r;
    document = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "file", cli->flags.out, "sha256",
                         hex, "versions", (json_int_t)exporting.versions, "yanked",
                         (json_int_t)exporting.yanked, "variants", (json_int_t)exporting.variants,
                         "artifacts", (json_int_t)json_object_size(exporting.artifacts), "events",
                         (json_int_t)json_object_size(exporting.events));
    output_json(&cli->output, document);
    output_line(&cli->output, "exported %lld versions to '%s'", (long long)exporting.versions,
                cli->flags.out);
    output_note(&cli->output, "its digest is %s; bring it there with: modelferry import %s", hex,
                cli->flags.out);
    return CLI_OK;
}
