/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export/cmd_export.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/export/bundle.h"
#include "cli/reference.h"
#include "cli/server.h"
#include "cli/transfer/download.h"
#include "cli/trust/signed_manifest.h"
#include "cli/units.h"
#include "crypto/text.h"
#include "lineage/openlineage.h"
#include "model/name.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CARD_MAX ((size_t)1 << 20)

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

/* ---- notes ---------------------------------------------------------------------------------- */

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

static int fetch_card(struct exporting *exporting, const json_t *shown, const char *address,
                      json_t **ret_card)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(CARD_MAX);
    int r = 0;

    if (json_integer_value(json_object_get(shown, "card_bytes")) > 0)
        r = server_get_bytes(&exporting->server, "fetch a model card", address, &bytes);
    if (r)
        return r;
    *ret_card = json_stringn(bytes.size ? bytes.bytes : "", bytes.size);
    return *ret_card ? 0 : log_fail(ERR_INTERNAL, "a model card is not UTF-8");
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

/* Everything that was said of the runs upstream. */
static int fetch_lineage(struct exporting *exporting, const struct reference *reference)
{
    CLEANUP(buffer_release) struct buffer address = BUFFER((size_t)64 << 10);
    json_auto_t *graph = NULL;
    const json_t *node;
    size_t i;
    int r;

    buffer_printf(&address, "%s?limit=100000&ref=",
                  SERVER_ADDRESS(&exporting->server, "lineage", "upstream"));
    http_escape(&address, arena_printf(&exporting->cli->arena, "model:%s@%s", reference->model,
                                       reference->version));
    r = server_ask(&exporting->server,
                   &(struct server_question){
                       .what = "read the lineage", .address = address.bytes, .tolerated = 404},
                   NULL, &graph);
    json_array_foreach (json_object_get(graph, "nodes"), i, node) {
        const char *kind = json_string_value(json_object_get(node, "kind"));
        const char *ref = json_string_value(json_object_get(node, "ref"));

        if (!r && kind && ref && strcmp(kind, "run") == 0)
            r = fetch_run(exporting, ref);
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

static int fetch_version(struct exporting *exporting, const struct reference *reference,
                         json_t *versions)
{
    struct server *server = &exporting->server;
    CLEANUP(signed_manifest_release) struct signed_manifest manifest = {0};
    json_auto_t *shown = NULL;
    json_t *card = NULL;
    const char *sha256;
    int r;

    r = server_get(
        server,
        arena_printf(&exporting->cli->arena, "read version '%s' of model '%s'", reference->version,
                     reference->model),
        SERVER_ADDRESS(server, "models", reference->model, "versions", reference->version), &shown);
    if (!r)
        r = signed_manifest_fetch(server, exporting->workspace, reference, &manifest);
    if (!r)
        r = fetch_artifacts(exporting, &manifest.manifest);
    if (!r)
        r = fetch_lineage(exporting, reference);
    if (!r)
        r = fetch_card(exporting, shown,
                       SERVER_ADDRESS(server, "models", reference->model, "versions",
                                      reference->version, "card"),
                       &card);
    if (r)
        return r;
    sha256 = json_string_value(json_object_get(shown, "manifest_sha256"));
    (void)json_array_append_new(
        versions,
        json_pack("{s:s, s:s?, s:{s:o, s:o, s:o, s:o}}", "version", reference->version,
                  "manifest_sha256", sha256, "notes", "tags", unsigned_of(shown, "tags"), "params",
                  unsigned_of(shown, "params"), "metrics", unsigned_metrics(shown), "card", card));
    exporting->versions++;
    if (!sha256 || json_object_set_new(exporting->manifests, sha256, json_true()) < 0)
        return log_fail(ERR_INTERNAL, "a version has no digest");
    return keep(exporting, sha256, &manifest.bytes);
}

/* ---- models --------------------------------------------------------------------------------- */

/* The versions that were asked for: one, or all that are published. */
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

        if (!r && reference.version)
            r = fetch_version(exporting, &reference, versions);
    }
    return r;
}

static int fetch_model(struct exporting *exporting, const struct reference *wanted)
{
    struct server *server = &exporting->server;
    json_auto_t *versions = json_array();
    json_auto_t *model = NULL;
    json_t *card = NULL;
    json_t *aliases;
    int r;

    r = server_get(server, arena_printf(&exporting->cli->arena, "read model '%s'", wanted->model),
                   SERVER_ADDRESS(server, "models", wanted->model), &model);
    if (!r)
        r = fetch_versions(exporting, wanted, versions);
    if (!r)
        r = fetch_card(exporting, model, SERVER_ADDRESS(server, "models", wanted->model, "card"),
                       &card);
    if (r)
        return r;
    aliases = json_object_get(model, "aliases");
    (void)json_array_append_new(
        exporting->models,
        json_pack("{s:s, s:O, s:O, s:o, s:O, s:O*, s:O}", "name", wanted->model, "description",
                  json_object_get(model, "description"), "tags", json_object_get(model, "tags"),
                  "card", card, "keys", json_object_get(model, "keys"), "aliases", aliases,
                  "versions", versions));
    return 0;
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
    json_auto_t *index = json_pack("{s:s, s:i, s:s, s:s, s:O}", "_type", CMD_EXPORT_TYPE, "format",
                                   CMD_EXPORT_FORMAT, "server", exporting->server.url, "workspace",
                                   exporting->workspace, "models", exporting->models);
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
        r = add_all(exporting, &writer, exporting->manifests, CMD_EXPORT_MANIFEST);
    if (!r)
        r = add_all(exporting, &writer, exporting->events, CMD_EXPORT_EVENT);
    if (!r)
        r = add_all(exporting, &writer, exporting->artifacts, CMD_EXPORT_ARTIFACT);
    return r ? r : bundle_finish(&writer, ret_hex);
}

static int fetch_all(struct exporting *exporting, int operands, char **operand)
{
    struct cli *cli = exporting->cli;

    for (int i = 0; i < operands; i++) {
        struct reference wanted = {operand[i], NULL};
        const char *expected = strchr(operand[i], '@') ? NULL : name_check(operand[i]);
        int r = 0;

        if (expected)
            return cli_usage(cli, "'%s' is no name of a model: %s", operand[i], expected);
        if (strchr(operand[i], '@'))
            r = reference_parse(cli, operand[i], &wanted);
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
    document = json_pack("{s:s, s:s, s:I, s:I, s:I}", "file", cli->flags.out, "sha256", hex,
                         "versions", (json_int_t)exporting.versions, "artifacts",
                         (json_int_t)json_object_size(exporting.artifacts), "events",
                         (json_int_t)json_object_size(exporting.events));
    output_json(&cli->output, document);
    output_line(&cli->output, "exported %lld versions to '%s'", (long long)exporting.versions,
                cli->flags.out);
    output_note(&cli->output, "its digest is %s; bring it there with: modelferry import %s", hex,
                cli->flags.out);
    return CLI_OK;
}
