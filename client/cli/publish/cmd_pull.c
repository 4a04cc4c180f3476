/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/cmd_pull.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/keys/keystore.h"
#include "cli/subject.h"
#include "cli/transfer/download.h"
#include "cli/trust/additions.h"
#include "cli/trust/signed_manifest.h"
#include "cli/units.h"
#include "crypto/text.h"

#include <fcntl.h>
#include <string.h>

/* No artifact's name starts with a dot. */
#define MANIFEST_FILE ".manifest.json"

struct pulling {
    struct cli *cli;
    struct server server;
    struct reference reference;
    struct signed_manifest manifest;
    const char *keyid; /* of who signed it */
    const char *workspace;
    struct model_keys keys; /* who is trusted */
    struct additions added; /* to the version */
    const char *folder;
    json_t *files;
};

static void release(struct pulling *pulling)
{
    signed_manifest_release(&pulling->manifest);
    server_close(&pulling->server);
    json_decref(pulling->files);
}

/* ---- whom to trust ------------------------------------------------------------------------ */

static bool is_keyid(const char *text)
{
    return strlen(text) == KEY_ID_SIZE - 1 && strspn(text, "0123456789abcdef") == KEY_ID_SIZE - 1;
}

/* A keyid is the hash of the key: whoever hands the key over cannot hand over another. */
static int trust_one(struct pulling *pulling, const char *said, const struct model_keys *registered,
                     struct model_key *key)
{
    CLEANUP(keystore_release) struct keystore_key file = {0};
    const struct model_key *found;
    int r;

    if (is_keyid(said)) {
        found = model_keys_find(registered, said);
        if (!found)
            return output_fail(
                &pulling->cli->output, CLI_UNVERIFIED, "give the key file instead of its keyid",
                "the server has no key %s for model '%s'", said, pulling->reference.model);
        *key = *found;
        key->revoked_at = NULL; /* whom to trust is said by who runs this, not by the server */
        return 0;
    }
    r = keystore_read(pulling->cli, said, &file);
    if (r)
        return r;
    *key = (struct model_key){.key = file.key};
    return 0;
}

static int find_trusted(struct pulling *pulling, struct model_keys *ret_keys)
{
    struct cli *cli = pulling->cli;
    const struct options_list *said = &cli->flags.trust;
    struct model_keys registered;
    struct model_keys trusted = {.count = said->count};
    int r;

    r = model_keys_read(&pulling->server, pulling->reference.model, &registered);
    if (r)
        return r;
    if (said->count == 0) {
        *ret_keys = registered;
        return 0;
    }
    trusted.keys = arena_array(&cli->arena, said->count, sizeof(*trusted.keys));
    for (size_t i = 0; i < said->count; i++) {
        r = trust_one(pulling, said->texts[i], &registered, &trusted.keys[i]);
        if (r)
            return r;
    }
    *ret_keys = trusted;
    return 0;
}

static int fetch_manifest(struct pulling *pulling)
{
    struct cli *cli = pulling->cli;
    int r;

    r = server_workspace(&pulling->server, &pulling->workspace);
    if (!r)
        r = find_trusted(pulling, &pulling->keys);
    if (!r)
        r = signed_manifest_fetch(&pulling->server, pulling->workspace, &pulling->reference,
                                  &pulling->manifest);
    if (!r)
        r = signed_manifest_verify(cli, &pulling->manifest, &pulling->keys, &pulling->keyid);
    return r;
}

/* ---- files -------------------------------------------------------------------------------- */

static int pull_artifact(struct pulling *pulling, struct interrupt *interrupt, const char *folder,
                         const char *variant, const struct manifest_artifact *artifact)
{
    struct cli *cli = pulling->cli;
    const char *path = arena_printf(&cli->arena, "%s/%s", folder, artifact->name);
    char hex[DIGEST_SHA256_HEX_SIZE];
    char size[UNITS_SIZE];
    int r;

    r = download_artifact(&pulling->server, interrupt, folder, artifact);
    if (r)
        return r;
    text_hex(artifact->sha256, sizeof(artifact->sha256), hex);
    units_bytes((uint64_t)artifact->length, size);
    output_line(&cli->output, "%s  %s", path, size);
    (void)json_array_append_new(pulling->files,
                                json_pack("{s:s, s:s, s:s, s:I, s:s}", "path", path, "variant",
                                          variant, "name", artifact->name, "length",
                                          (json_int_t)artifact->length, "sha256", hex));
    return 0;
}

/* One variant's files are in the folder itself, several variants' below it. */
static int pull_variant(struct pulling *pulling, struct interrupt *interrupt,
                        const struct manifest_variant *variant, bool alone)
{
    char name[VARIANT_TEXT_SIZE];
    const char *folder = pulling->folder;
    int r;

    variant_format(&variant->id, name);
    if (!alone)
        folder = arena_printf(&pulling->cli->arena, "%s/%s", folder, name);
    r = file_mkdirs(AT_FDCWD, folder, 0755);
    for (size_t i = 0; i < variant->artifact_count && !r; i++)
        r = pull_artifact(pulling, interrupt, folder, name, &variant->artifacts[i]);
    return r;
}

/* ---- variants that were added ------------------------------------------------------------- */

static int keep_document(struct pulling *pulling, const char *name,
                         const struct signed_manifest *manifest)
{
    const char *path =
        name ? arena_printf(&pulling->cli->arena, "%s/%s", pulling->folder, name)
             : arena_printf(&pulling->cli->arena, "%s/" MANIFEST_FILE, pulling->folder);

    return file_replace(AT_FDCWD, path, manifest->bytes.bytes, manifest->bytes.size, 0644);
}

/* Its own document is verified as the version's is, and kept beside it. */
static int pull_added(struct pulling *pulling, struct interrupt *interrupt, const char *name,
                      bool alone)
{
    CLEANUP(signed_manifest_release) struct signed_manifest added = {0};
    struct cli *cli = pulling->cli;
    const char *keyid;
    char *file;
    int r;

    r = signed_manifest_fetch_variant(&pulling->server, pulling->workspace, &pulling->reference,
                                      name, &pulling->manifest, &added);
    if (!r)
        r = signed_manifest_verify(cli, &added, &pulling->keys, &keyid);
    if (!r)
        r = pull_variant(pulling, interrupt, &added.manifest.variants[0], alone);
    if (r)
        return r;
    file = arena_printf(&cli->arena, ".manifest-%s.json", name);
    for (char *c = file; *c; c++)
        *c = *c == '/' ? '~' : *c;
    return keep_document(pulling, file, &added);
}

/* ---- which -------------------------------------------------------------------------------- */

static int find_variant(struct pulling *pulling, const struct manifest_variant **ret_variant)
{
    struct cli *cli = pulling->cli;
    const struct manifest *manifest = &pulling->manifest.manifest;
    const char *names = "";

    *ret_variant = NULL;
    if (!cli->flags.variant)
        return 0;
    *ret_variant = manifest_find(manifest, cli->flags.variant);
    if (*ret_variant || additions_find(&pulling->added, cli->flags.variant))
        return 0;
    for (size_t i = 0; i < manifest->variant_count; i++) {
        char name[VARIANT_TEXT_SIZE];

        variant_format(&manifest->variants[i].id, name);
        names = arena_printf(&cli->arena, "%s%s%s", names, i ? ", " : "", name);
    }
    for (size_t i = 0; i < pulling->added.count; i++)
        names = arena_printf(&cli->arena, "%s, %s", names, pulling->added.items[i].variant);
    return output_fail(&cli->output, CLI_FAILED, arena_printf(&cli->arena, "it has: %s", names),
                       "'%s@%s' has no variant '%s'", pulling->reference.model,
                       pulling->reference.version, cli->flags.variant);
}

static int pull_files(struct pulling *pulling)
{
    CLEANUP(interrupt_close) struct interrupt interrupt = {0};
    const struct manifest *manifest = &pulling->manifest.manifest;
    const struct manifest_variant *only;
    bool alone;
    int r;

    r = additions_fetch(&pulling->server, &pulling->reference, &pulling->added);
    if (!r)
        r = find_variant(pulling, &only);
    if (!r)
        r = interrupt_open(&interrupt);
    if (r)
        return r;
    if (only)
        return pull_variant(pulling, &interrupt, only, true);
    if (pulling->cli->flags.variant)
        return pull_added(pulling, &interrupt, pulling->cli->flags.variant, true);
    alone = manifest->variant_count + pulling->added.count == 1;
    for (size_t i = 0; i < manifest->variant_count && !r; i++)
        r = pull_variant(pulling, &interrupt, &manifest->variants[i], alone);
    for (size_t i = 0; i < pulling->added.count && !r; i++)
        r = pull_added(pulling, &interrupt, pulling->added.items[i].variant, alone);
    return r;
}

int cmd_pull_pull(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(release) struct pulling pulling = {.cli = cli, .files = json_array()};
    json_auto_t *document = NULL;
    int r;

    (void)operands;
    r = subject_open(cli, operand[0], SUBJECT_VERSION, &pulling.server, &pulling.reference);
    if (r)
        return r;
    pulling.folder = cli->flags.out ? cli->flags.out
                                    : arena_printf(&cli->arena, "%s-%s", pulling.reference.model,
                                                   pulling.reference.version);
    r = fetch_manifest(&pulling);
    if (!r)
        r = pull_files(&pulling);
    if (!r)
        r = keep_document(&pulling, NULL, &pulling.manifest);
    if (r)
        return r;
    document =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:O}", "model", pulling.reference.model, "version",
                  pulling.reference.version, "folder", pulling.folder, "signed_by", pulling.keyid,
                  "trusted_by_you", cli->flags.trust.count > 0 ? 1 : 0, "files", pulling.files);
    output_json(&cli->output, document);
    output_note(&cli->output, "signed by %s%s", pulling.keyid,
                cli->flags.trust.count > 0
                    ? ""
                    : ", a key that the server has registered; --trust says which ones you accept");
    return CLI_OK;
}
