/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/cmd_publish.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keys/keystore.h"
#include "cli/keys/model_keys.h"
#include "cli/publish/inspection.h"
#include "cli/publish/publish_groups.h"
#include "cli/publish/publish_manifest.h"
#include "cli/reference.h"
#include "cli/server.h"
#include "cli/transfer/hashing.h"
#include "cli/transfer/upload.h"
#include "cli/trust/additions.h"
#include "cli/trust/release.h"
#include "cli/trust/trust.h"
#include "cli/units.h"
#include "crypto/secret.h"
#include "crypto/text.h"
#include "tuf/envelope.h"

#include <string.h>

struct publication {
    struct cli *cli;
    struct server server;
    struct reference reference;
    struct publish_groups groups;
    struct keystore_key key;
    bool draft;
    const struct signature *declared; /* by flags; or NULL */
    struct signed_manifest to;        /* what a variant is added to */
    struct signed_manifest before;    /* the variant, where the server has it already */
    const char *added;                /* its name; NULL: it is a version that is published */
    bool again;                       /* `before` is there */
    bool listed;                      /* and the image repository lists it */
    const char *workspace;
    json_t *uploads; /* what became of each artifact, for the result */
};

static void release(struct publication *publication)
{
    server_close(&publication->server);
    keystore_release(&publication->key);
    signed_manifest_release(&publication->to);
    signed_manifest_release(&publication->before);
    json_decref(publication->uploads);
}

/* ---- what can be known before anything is read --------------------------------------------- */

/* Gigabytes are not uploaded to learn that the version exists. */
static int check_version_is_new(struct publication *publication)
{
    struct cli *cli = publication->cli;
    const struct reference *reference = &publication->reference;
    json_auto_t *version = NULL;
    const char *state;
    int status;
    int r;

    r = server_ask(
        &publication->server,
        &(struct server_question){
            .what = arena_printf(&cli->arena, "ask for version '%s'", reference->version),
            .address = SERVER_ADDRESS(&publication->server, "models", reference->model, "versions",
                                      reference->version),
            .tolerated = 404,
        },
        &status, &version);
    if (r || status == 404)
        return r;
    state = json_string_value(json_object_get(version, "state"));
    if (state && strcmp(state, "draft") == 0)
        return output_fail(&cli->output, CLI_FAILED,
                           arena_printf(&cli->arena,
                                        "sign it: modelferry sign %s@%s; or delete it: modelferry "
                                        "model discard %s@%s",
                                        reference->model, reference->version, reference->model,
                                        reference->version),
                           "version '%s' of model '%s' exists as a draft", reference->version,
                           reference->model);
    return output_fail(&cli->output, CLI_FAILED,
                       arena_printf(&cli->arena,
                                    "versions never change: publish under a new version; if this "
                                    "one was cut off before devices got it: modelferry release "
                                    "%s@%s",
                                    reference->model, reference->version),
                       "version '%s' of model '%s' exists", reference->version, reference->model);
}

static int refuse_variant(struct publication *publication)
{
    return output_fail(&publication->cli->output, CLI_FAILED,
                       "variants never change: add another one, or publish under a new version",
                       "version '%s' of model '%s' has the variant '%s'",
                       publication->reference.version, publication->reference.model,
                       publication->added);
}

/* Whether it was added before: by somebody else, or by this command, which was cut off. */
static int find_before(struct publication *publication, const struct model_keys *keys)
{
    const struct addition *found;
    struct additions additions;
    const char *keyid;
    int r = additions_fetch(&publication->server, &publication->reference, &additions);

    found = r ? NULL : additions_find(&additions, publication->added);
    if (!found)
        return r;
    publication->again = true;
    publication->listed = found->listed;
    r = signed_manifest_fetch_variant(&publication->server, publication->workspace,
                                      &publication->reference, publication->added, &publication->to,
                                      &publication->before);
    return r ? r : signed_manifest_verify(publication->cli, &publication->before, keys, &keyid);
}

/* The version that a variant is added to: signed by one of the model's keys, without it so far. */
static int check_version_is_there(struct publication *publication, const struct model_keys *keys)
{
    struct cli *cli = publication->cli;
    char *added = arena_alloc(&cli->arena, VARIANT_TEXT_SIZE);
    const char *keyid;
    int r;

    variant_format(&publication->groups.groups[0].variant, added);
    publication->added = added;
    r = signed_manifest_fetch(&publication->server, publication->workspace, &publication->reference,
                              &publication->to);
    if (!r)
        r = signed_manifest_verify(cli, &publication->to, keys, &keyid);
    if (r)
        return r;
    return manifest_find(&publication->to.manifest, added) ? refuse_variant(publication)
                                                           : find_before(publication, keys);
}

static int read_groups(struct publication *publication, int operands, char **operand)
{
    struct cli *cli = publication->cli;
    const struct cli_flags *flags = &cli->flags;

    if (!flags->add_variant)
        return publish_groups_read(cli, operands, operand, &publication->groups);
    if (flags->draft)
        return cli_usage(cli, "--add-variant signs at once: leave out --draft");
    if (flags->tags.count || flags->metrics.count || flags->params.count || flags->release_counter)
        return cli_usage(cli, "--tag, --metric, --param and --release-counter are of versions, not "
                              "of variants");
    return publish_groups_read_added(cli, operands, operand, &publication->groups);
}

static int prepare(struct publication *publication, int operands, char **operand)
{
    struct cli *cli = publication->cli;
    struct model_keys keys;
    int r;

    r = reference_parse(cli, operand[0], &publication->reference);
    if (!r)
        r = read_groups(publication, operands - 1, operand + 1);
    if (!r)
        r = publish_manifest_check_flags(cli);
    if (!r)
        r = inspection_declared(cli, &publication->declared);
    if (!r)
        r = inspection_run(cli, publication->declared, &publication->groups);
    if (!r && !publication->draft)
        r = keystore_signer(cli, cli->flags.key, &publication->key);
    if (!r)
        r = server_open(cli, &publication->server);
    if (!r)
        r = server_workspace(&publication->server, &publication->workspace);
    if (!r)
        r = model_keys_read(&publication->server, publication->reference.model, &keys);
    if (!r && !publication->draft)
        r = model_keys_check(cli, publication->reference.model, &keys, &publication->key.key);
    if (r)
        return r;
    return cli->flags.add_variant ? check_version_is_there(publication, &keys)
                                  : check_version_is_new(publication);
}

/* ---- bytes -------------------------------------------------------------------------------- */

static int hash_files(struct publication *publication, struct interrupt *interrupt)
{
    for (size_t i = 0; i < publication->groups.count; i++) {
        struct publish_group *group = &publication->groups.groups[i];

        for (size_t j = 0; j < group->count; j++) {
            struct publish_file *file = &group->files[j];
            int r;

            r = hashing_file(publication->cli, interrupt, file->path, &file->size_bytes,
                             file->sha256);
            if (r)
                return r;
        }
    }
    return 0;
}

static int upload_file(struct publication *publication, struct interrupt *interrupt,
                       const struct publish_file *file)
{
    static const char *const ways[] = {
        [UPLOAD_PRESENT] = "present", [UPLOAD_SENT] = "sent", [UPLOAD_RESUMED] = "resumed"};
    static const char *const notes[] = {[UPLOAD_PRESENT] = "the server has it already",
                                        [UPLOAD_SENT] = "uploaded",
                                        [UPLOAD_RESUMED] = "uploaded, from where it was"};
    enum upload_way way;
    char hex[DIGEST_SHA256_HEX_SIZE];
    char size[UNITS_SIZE];
    int r;

    r = upload_artifact(&publication->server, interrupt, file, &way);
    if (r)
        return r;
    text_hex(file->sha256, sizeof(file->sha256), hex);
    units_bytes(file->size_bytes, size);
    output_note(&publication->cli->output, "%s  %s  %s", file->name, size, notes[way]);
    (void)json_array_append_new(publication->uploads,
                                json_pack("{s:s, s:s, s:I, s:s}", "name", file->name, "sha256", hex,
                                          "length", (json_int_t)file->size_bytes, "upload",
                                          ways[way]));
    return 0;
}

/* Files with the same bytes are sent once: the second time the server has them. */
static int upload_files(struct publication *publication, struct interrupt *interrupt)
{
    for (size_t i = 0; i < publication->groups.count; i++) {
        const struct publish_group *group = &publication->groups.groups[i];

        for (size_t j = 0; j < group->count; j++) {
            int r;

            r = upload_file(publication, interrupt, &group->files[j]);
            if (r)
                return r;
        }
    }
    return 0;
}

static int bring_bytes(struct publication *publication)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    int r;

    r = interrupt_open(&interrupt);
    if (!r)
        r = hash_files(publication, &interrupt);
    if (!r && !publication->again)
        r = upload_files(publication, &interrupt);
    return r;
}

/* ---- the version -------------------------------------------------------------------------- */

static int make_signed_part(struct publication *publication, json_t **ret_signed_part)
{
    return publish_manifest_make(publication->cli, publication->workspace, &publication->reference,
                                 &publication->groups, publication->added ? &publication->to : NULL,
                                 ret_signed_part);
}

static int build_envelope(struct publication *publication, json_t **ret_envelope)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(2 * MANIFEST_SIZE_MAX);
    json_auto_t *signed_part = NULL;
    int r = make_signed_part(publication, &signed_part);

    if (r)
        return r;
    r = envelope_build(signed_part, &publication->key.signer, publication->draft ? 0 : 1, &bytes);
    if (r)
        return r;
    if (bytes.size > MANIFEST_SIZE_MAX)
        return output_fail(&publication->cli->output, CLI_FAILED,
                           "say less in --description, --tag, --metric and --param",
                           "the manifest is larger than %zu bytes", MANIFEST_SIZE_MAX);
    *ret_envelope = json_loadb(bytes.bytes, bytes.size, 0, NULL);
    return *ret_envelope ? 0 : log_fail(ERR_INTERNAL, "the envelope cannot be read back");
}

static int post_version(struct publication *publication, const json_t *envelope,
                        json_t **ret_version)
{
    struct cli *cli = publication->cli;
    const struct reference *reference = &publication->reference;
    uint8_t random[16];
    char key[2 * sizeof(random) + 1];

    secret_random(random, sizeof(random));
    text_hex(random, sizeof(random), key);
    return server_ask(
        &publication->server,
        &(struct server_question){
            .what = arena_printf(&cli->arena, "publish version '%s' of model '%s'",
                                 reference->version, reference->model),
            .address =
                publication->added
                    ? SERVER_ADDRESS(&publication->server, "models", reference->model, "versions",
                                     reference->version, "variants")
                    : SERVER_ADDRESS(&publication->server, "models", reference->model, "versions"),
            .body = envelope,
            .idempotency_key = key,
        },
        NULL, ret_version);
}

static int release_version(struct publication *publication, const json_t *envelope)
{
    struct cli *cli = publication->cli;
    AUTO_FREE char *bytes = json_dumps(envelope, JSON_COMPACT); /* as it was sent */
    struct fields_error error = {0};
    struct manifest manifest;
    struct release_version version = {.manifest = &manifest, .envelope = bytes};
    int r;

    if (publication->draft)
        return 0;
    r = manifest_decode(json_object_get(envelope, "signed"), &cli->arena, &manifest, &error);
    if (r > 0 || !bytes)
        return log_fail(ERR_INTERNAL, "the manifest cannot be read back: %s", error.text);
    version.size = strlen(bytes);
    return r ? r
             : release_published(&publication->server, publication->workspace,
                                 &publication->key.signer, &version);
}

static void print_result(struct publication *publication, json_t *version)
{
    struct cli *cli = publication->cli;
    const struct reference *reference = &publication->reference;

    (void)json_object_set(version, "uploads", publication->uploads);
    output_json(&cli->output, version);
    if (publication->added) {
        output_line(&cli->output, "added %s to %s@%s", publication->added, reference->model,
                    reference->version);
        output_note(&cli->output,
                    "devices get it when the version is deployed to them again: modelferry deploy "
                    "%s@%s --device NAME",
                    reference->model, reference->version);
        return;
    }
    output_line(&cli->output, publication->draft ? "uploaded draft %s@%s" : "published %s@%s",
                reference->model, reference->version);
    if (publication->draft)
        output_note(&cli->output, "no device can get it until it is signed: modelferry sign %s@%s",
                    reference->model, reference->version);
    else
        output_note(&cli->output, "bring it to devices: modelferry deploy %s@%s --device NAME",
                    reference->model, reference->version);
}

/* What was added before must be what would be added now, but for the time. */
static int check_same(struct publication *publication)
{
    json_auto_t *before = json_copy(publication->before.envelope.signed_part);
    json_auto_t *now = NULL;
    int r = make_signed_part(publication, &now);

    if (r)
        return r;
    (void)json_object_del(before, "created");
    (void)json_object_del(now, "created");
    return json_equal(before, now) ? 0 : refuse_variant(publication);
}

/* Goes on where the command was cut off: the variant is there, but may not be listed. */
static int list_again(struct publication *publication)
{
    struct cli *cli = publication->cli;
    const struct reference *reference = &publication->reference;
    const struct release_version version = {
        .manifest = &publication->before.manifest,
        .envelope = publication->before.bytes.bytes,
        .size = publication->before.bytes.size,
    };
    json_auto_t *shown = NULL;
    int r = check_same(publication);

    if (r)
        return r;
    output_note(&cli->output, "%s was added to %s@%s before, just so", publication->added,
                reference->model, reference->version);
    if (!publication->listed)
        r = release_published(&publication->server, publication->workspace,
                              &publication->key.signer, &version);
    if (!r)
        r = server_get(&publication->server, "show the version",
                       SERVER_ADDRESS(&publication->server, "models", reference->model, "versions",
                                      reference->version),
                       &shown);
    if (!r)
        print_result(publication, shown);
    return r;
}

static int send(struct publication *publication)
{
    json_auto_t *envelope = NULL;
    json_auto_t *version = NULL;
    int r = build_envelope(publication, &envelope);

    if (!r)
        r = post_version(publication, envelope, &version);
    if (!r)
        r = release_version(publication, envelope);
    if (!r)
        print_result(publication, version);
    return r;
}

int cmd_publish_publish(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release)
    struct publication publication = {
        .cli = cli,
        .draft = cli->flags.draft,
        .uploads = json_array(),
    };
    int r;

    if (cli->flags.draft && cli->flags.key)
        return cli_usage(cli, "--draft uploads without a signature: leave out --key");
    r = prepare(&publication, operands, operand);
    if (!r)
        r = bring_bytes(&publication);
    if (r)
        return r;
    return publication.again ? list_again(&publication) : send(&publication);
}
