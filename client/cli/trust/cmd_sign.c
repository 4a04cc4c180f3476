/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_sign.h"

#include "base/cleanup.h"
#include "cli/keys/keystore.h"
#include "cli/printable.h"
#include "cli/prompt.h"
#include "cli/transfer/download.h"
#include "cli/transfer/hashing.h"
#include "cli/trust/manifest_diff.h"
#include "cli/trust/release.h"
#include "cli/trust/signed_manifest.h"

#include <string.h>
#include <unistd.h>

struct signing {
    struct cli *cli;
    struct server server;
    struct reference reference;
    struct keystore_key key;
    struct signed_manifest draft;
    struct signed_manifest previous; /* manifest.version NULL: there is none */
    char **files;
    int file_count;
    const char *workspace;
};

static void release(struct signing *signing)
{
    signed_manifest_release(&signing->draft);
    signed_manifest_release(&signing->previous);
    server_close(&signing->server);
    keystore_release(&signing->key);
}

/* ---- the draft ---------------------------------------------------------------------------- */

static int check_is_draft(struct signing *signing)
{
    struct cli *cli = signing->cli;
    const struct reference *reference = &signing->reference;
    json_auto_t *version = NULL;
    const char *state;
    int r;

    r = server_get(
        &signing->server,
        arena_printf(&cli->arena, "ask for '%s@%s'", reference->model, reference->version),
        SERVER_ADDRESS(&signing->server, "models", reference->model, "versions",
                       reference->version),
        &version);
    if (r)
        return r;
    state = json_string_value(json_object_get(version, "state"));
    if (state && strcmp(state, "draft") == 0)
        return 0;
    return output_fail(&cli->output, CLI_FAILED, NULL, "'%s@%s' is no draft: it is %s",
                       reference->model, reference->version, state ? state : "unknown");
}

/*
 * The newest published version, to compare with. A new model has none. It must be signed: else a
 * server could make a change look like none.
 */
static int fetch_previous(struct signing *signing, const struct model_keys *keys)
{
    struct cli *cli = signing->cli;
    json_auto_t *versions = NULL;
    const char *keyid;
    struct reference previous = {.model = signing->reference.model};
    int r;

    r = server_list(&signing->server, "list published versions",
                    SERVER_ADDRESS(&signing->server, "models", previous.model, "versions"),
                    "state=published", 1, &versions);
    if (r)
        return r;
    previous.version = arena_strdup(
        &cli->arena, json_string_value(json_object_get(
                         json_array_get(json_object_get(versions, "items"), 0), "version")));
    if (!previous.version)
        return 0;
    r = signed_manifest_fetch(&signing->server, signing->workspace, &previous, &signing->previous);
    return r ? r : signed_manifest_verify(cli, &signing->previous, keys, &keyid);
}

static int prepare(struct signing *signing, const char *reference)
{
    struct cli *cli = signing->cli;
    struct model_keys keys;
    int r;

    r = reference_parse(cli, reference, &signing->reference);
    if (!r)
        r = keystore_read(cli, cli->flags.key, &signing->key);
    if (!r)
        r = keystore_need_secret(cli, &signing->key);
    if (!r)
        r = server_open(cli, &signing->server);
    if (!r)
        r = server_workspace(&signing->server, &signing->workspace);
    if (!r)
        r = model_keys_read(&signing->server, signing->reference.model, &keys);
    if (!r)
        r = model_keys_check(cli, signing->reference.model, &keys, &signing->key.key);
    if (!r)
        r = check_is_draft(signing);
    if (!r)
        r = signed_manifest_fetch(&signing->server, signing->workspace, &signing->reference,
                                  &signing->draft);
    if (!r)
        r = fetch_previous(signing, &keys);
    return r;
}

/* ---- what is signed ----------------------------------------------------------------------- */

static void print_line(const struct signing *signing, const struct manifest_diff_line *line)
{
    static const enum output_style styles[] = {[MANIFEST_DIFF_ADDED] = OUTPUT_GOOD,
                                               [MANIFEST_DIFF_REMOVED] = OUTPUT_BAD,
                                               [MANIFEST_DIFF_CHANGED] = OUTPUT_WARN};
    static const char marks[] = {[MANIFEST_DIFF_SAME] = ' ',
                                 [MANIFEST_DIFF_ADDED] = '+',
                                 [MANIFEST_DIFF_REMOVED] = '-',
                                 [MANIFEST_DIFF_CHANGED] = '~'};
    const struct output *output = &signing->cli->output;
    struct arena *arena = &signing->cli->arena;
    bool coloured = output->out_colour && line->kind != MANIFEST_DIFF_SAME;
    const char *text = arena_printf(
        arena, line->kind == MANIFEST_DIFF_CHANGED ? "%s = %s -> %s" : "%s = %s", line->path,
        line->before && line->kind != MANIFEST_DIFF_ADDED ? line->before : line->after,
        line->after);

    (void)fprintf(output->out, "%s%c %s%s\n", output_style(coloured, styles[line->kind]),
                  marks[line->kind], printable_text(arena, text),
                  output_style(coloured, OUTPUT_PLAIN));
}

/* All of it, since all of it is signed; marked where it differs from the version before. */
static void show(const struct signing *signing)
{
    struct cli *cli = signing->cli;
    struct manifest_diff diff;

    if (cli->output.json)
        return;
    if (signing->previous.manifest.version)
        output_line(&cli->output, "%s@%s, compared with version %s", signing->reference.model,
                    signing->reference.version, signing->previous.manifest.version);
    else
        output_line(&cli->output, "%s@%s, the first version", signing->reference.model,
                    signing->reference.version);
    manifest_diff_make(&cli->arena, signing->previous.envelope.signed_part,
                       signing->draft.envelope.signed_part, &diff);
    for (size_t i = 0; i < diff.count; i++)
        print_line(signing, &diff.lines[i]);
}

/* The FILE that is named like the artifact, or NULL. */
static const char *file_of(const struct signing *signing, const char *name)
{
    for (int i = 0; i < signing->file_count; i++) {
        const char *slash = strrchr(signing->files[i], '/');

        if (strcmp(slash ? slash + 1 : signing->files[i], name) == 0)
            return signing->files[i];
    }
    return NULL;
}

static int check_local(struct signing *signing, struct interrupt *interrupt, const char *path,
                       const struct manifest_artifact *artifact)
{
    struct cli *cli = signing->cli;
    uint8_t digest[DIGEST_SHA256_SIZE];
    uint64_t size;
    int r;

    r = hashing_file(cli, interrupt, path, &size, digest);
    if (r)
        return r;
    if (size != (uint64_t)artifact->length || memcmp(digest, artifact->sha256, sizeof(digest)) != 0)
        return output_fail(&cli->output, CLI_UNVERIFIED, "nothing was signed",
                           "'%s' is not what the draft has as '%s'", path, artifact->name);
    output_note(&cli->output, "checked %s against %s", artifact->name, path);
    return 0;
}

static int check_artifact(struct signing *signing, struct interrupt *interrupt,
                          const struct manifest_artifact *artifact)
{
    const char *path = file_of(signing, artifact->name);
    int r;

    if (path)
        return check_local(signing, interrupt, path, artifact);
    r = download_artifact(&signing->server, interrupt, NULL, artifact);
    if (!r)
        output_note(&signing->cli->output, "checked %s against the server's copy", artifact->name);
    return r;
}

/* A file that is no artifact of the draft was given by mistake. */
static int check_files_are_meant(struct signing *signing)
{
    const struct manifest *manifest = &signing->draft.manifest;

    for (int i = 0; i < signing->file_count; i++) {
        const char *slash = strrchr(signing->files[i], '/');
        const char *name = slash ? slash + 1 : signing->files[i];
        bool found = false;

        for (size_t j = 0; j < manifest->variant_count; j++)
            for (size_t k = 0; k < manifest->variants[j].artifact_count; k++)
                found = found || strcmp(manifest->variants[j].artifacts[k].name, name) == 0;
        if (!found)
            return cli_usage(signing->cli, "the draft has no artifact named '%s'", name);
    }
    return 0;
}

static int check_artifacts(struct signing *signing)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    const struct manifest *manifest = &signing->draft.manifest;
    int r;

    r = check_files_are_meant(signing);
    if (!r)
        r = interrupt_open(&interrupt);
    for (size_t i = 0; i < manifest->variant_count && !r; i++)
        for (size_t j = 0; j < manifest->variants[i].artifact_count && !r; j++)
            r = check_artifact(signing, &interrupt, &manifest->variants[i].artifacts[j]);
    return r;
}

/* ---- signing ------------------------------------------------------------------------------ */

static int post_signature(struct signing *signing, json_t **ret_version)
{
    struct cli *cli = signing->cli;
    const struct reference *reference = &signing->reference;
    json_auto_t *signature = NULL;
    json_auto_t *body = NULL;
    int r;

    r = envelope_sign(signing->draft.envelope.signed_part, &signing->key.signer, &signature);
    if (r)
        return r;
    body = json_pack("{s:[O]}", "signatures", signature);
    return server_ask(
        &signing->server,
        &(struct server_question){
            .what = arena_printf(&cli->arena, "sign '%s@%s'", reference->model, reference->version),
            .address = SERVER_ADDRESS(&signing->server, "models", reference->model, "versions",
                                      reference->version, "signatures"),
            .body = body,
        },
        NULL, ret_version);
}

/* It must be what was looked at, and signed with this key. */
static int check_stored(struct signing *signing, const struct signed_manifest *stored)
{
    int r = envelope_verify(&stored->envelope, &signing->key.key, 1, 1, NULL);

    if (r < 0)
        return r;
    if (!r && json_equal(stored->envelope.signed_part, signing->draft.envelope.signed_part))
        return 0;
    return output_fail(&signing->cli->output, CLI_UNVERIFIED,
                       "the server may be compromised: do not use it",
                       "the server stores another '%s@%s' than what was signed here",
                       signing->reference.model, signing->reference.version);
}

/* As the server has it now, with our signature in it. */
static int list(struct signing *signing)
{
    CLEANUP(signed_manifest_release) struct signed_manifest stored = {0};
    struct release_version version = {.manifest = &stored.manifest};
    int r =
        signed_manifest_fetch(&signing->server, signing->workspace, &signing->reference, &stored);

    if (!r)
        r = check_stored(signing, &stored);
    if (r)
        return r;
    version.envelope = stored.bytes.bytes;
    version.size = stored.bytes.size;
    return release_published(&signing->server, signing->workspace, &signing->key.signer, &version);
}

int cmd_sign_sign(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release)
    struct signing signing = {
        .cli = cli,
        .files = operand + 1,
        .file_count = operands - 1,
    };
    json_auto_t *version = NULL;
    int r;

    r = prepare(&signing, operand[0]);
    if (r)
        return r;
    show(&signing);
    r = check_artifacts(&signing);
    if (!r)
        r = prompt_confirm(cli, "sign this with key %.12s", signing.key.key.id);
    if (!r)
        r = keystore_unlock(cli, &signing.key);
    if (!r)
        r = post_signature(&signing, &version);
    if (r)
        return r;
    output_json(&cli->output, version);
    output_line(&cli->output, "signed and published %s@%s", signing.reference.model,
                signing.reference.version);
    return list(&signing);
}
