/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_release.h"

#include "base/cleanup.h"
#include "cli/keys/keyring.h"
#include "cli/trust/additions.h"
#include "cli/trust/release.h"
#include "cli/trust/signed_manifest.h"
#include "cli/trust/workspace.h"
#include "model/name.h"

#include <string.h>

#define VERSIONS_MAX 1000

/* What one run lists. */
struct listing {
    struct cli *cli;
    struct workspace workspace;
    struct keystore_key key;
    struct keyring trusted; /* --trust: whose manifests are listed too */
    struct release release;
    struct signed_manifest *manifests; /* in the arena */
    struct release_version *versions;
    const char *model;
    size_t count;
    size_t capacity;
};

static void listing_close(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        signed_manifest_release(&listing->manifests[i]);
    keyring_release(&listing->trusted);
    workspace_close(&listing->workspace);
    keystore_release(&listing->key);
}

/* What is listed was signed with the very key that lists it, or by whom this user names. */
static int check_signed(struct listing *listing, const struct signed_manifest *manifest)
{
    struct cli *cli = listing->cli;
    const struct manifest *said = &manifest->manifest;
    bool added = manifest_is_addition(said);
    char variant[VARIANT_TEXT_SIZE];
    struct key keys[KEYRING_MAX + 1];
    size_t count = keyring_public(&listing->trusted, keys);
    int r;

    keys[count++] = listing->key.key;
    r = envelope_verify(&manifest->envelope, keys, count, 1, NULL);
    if (r <= 0)
        return r;
    variant_format(&said->variants[0].id, variant);
    return output_fail(&cli->output, CLI_UNVERIFIED,
                       "look at it by 'modelferry pull'; then list it with the key that signed it, "
                       "or say --trust KEY where you answer for what that key has signed",
                       "%s%s'%s' of model '%s' is not signed by key '%s'", added ? variant : "",
                       added ? ", added to version " : "version ", said->version, said->model,
                       listing->key.name);
}

/* Where the next document goes; the earlier ones move. */
static struct signed_manifest *next_manifest(struct listing *listing)
{
    struct arena *arena = &listing->cli->arena;
    size_t capacity = listing->capacity ? 2 * listing->capacity : 16;
    struct signed_manifest *manifests;

    if (listing->count < listing->capacity)
        return &listing->manifests[listing->count];
    manifests = arena_array(arena, capacity, sizeof(*manifests));
    if (listing->count > 0)
        memcpy(manifests, listing->manifests, listing->count * sizeof(*manifests));
    listing->manifests = manifests;
    listing->capacity = capacity;
    return &manifests[listing->count];
}

/* All that was added to it, but for what was yanked: that never comes back. */
static int add_variants(struct listing *listing, const struct reference *reference, size_t own)
{
    struct server *server = &listing->workspace.server;
    struct additions additions;
    int r = additions_fetch(server, reference, &additions);

    for (size_t i = 0; !r && i < additions.count; i++) {
        struct signed_manifest *manifest = next_manifest(listing);

        if (additions.items[i].yanked)
            continue;
        r = signed_manifest_fetch_variant(server, listing->workspace.name, reference,
                                          additions.items[i].variant, &listing->manifests[own],
                                          manifest);
        if (r)
            return r;
        listing->count++;
        r = check_signed(listing, manifest);
    }
    return r;
}

static int add_version(struct listing *listing, const char *text)
{
    struct cli *cli = listing->cli;
    struct signed_manifest *manifest = next_manifest(listing);
    struct reference reference;
    int r = reference_parse(cli, text, &reference);

    if (r)
        return r;
    if (listing->model && strcmp(listing->model, reference.model) != 0)
        return cli_usage(cli, "one model at a time: '%s' and '%s' are two", listing->model,
                         reference.model);
    listing->model = reference.model;
    r = signed_manifest_fetch(&listing->workspace.server, listing->workspace.name, &reference,
                              manifest);
    if (r)
        return r;
    listing->count++;
    r = check_signed(listing, manifest);
    return r ? r : add_variants(listing, &reference, listing->count - 1);
}

static int read_versions(struct listing *listing, int operands, char **operand)
{
    int r = 0;

    if (operands > VERSIONS_MAX)
        return cli_usage(listing->cli, "at most %d versions", VERSIONS_MAX);
    for (int i = 0; !r && i < operands; i++)
        r = add_version(listing, operand[i]);
    if (r)
        return r;
    listing->versions =
        arena_array(&listing->cli->arena, listing->count, sizeof(*listing->versions));
    for (size_t i = 0; i < listing->count; i++)
        listing->versions[i] = (struct release_version){
            .manifest = &listing->manifests[i].manifest,
            .envelope = listing->manifests[i].bytes.bytes,
            .size = listing->manifests[i].bytes.size,
        };
    return 0;
}

/* `release digits`: what it lists, once more. */
static int renew(struct listing *listing, const char *model)
{
    const char *expected = name_check(model);

    if (expected)
        return cli_usage(listing->cli, "'%s' is no name of a model: %s", model, expected);
    if (listing->cli->flags.anew)
        return cli_usage(listing->cli, "--anew needs the versions to list: MODEL@VERSION ...");
    listing->model = model;
    return release_renew(&listing->release, model);
}

static int list(struct listing *listing, int operands, char **operand)
{
    int r;

    if (operands == 1 && !strchr(operand[0], '@'))
        return renew(listing, operand[0]);
    r = read_versions(listing, operands, operand);
    return r ? r : release_list(&listing->release, listing->versions, listing->count);
}

/* "1.0.0", or "1.0.0/onnx/npu/int8". */
static const char *name_it(struct listing *listing, size_t index)
{
    const struct manifest *manifest = &listing->manifests[index].manifest;
    char variant[VARIANT_TEXT_SIZE];

    if (!manifest_is_addition(manifest))
        return manifest->version;
    variant_format(&manifest->variants[0].id, variant);
    return arena_printf(&listing->cli->arena, "%s/%s", manifest->version, variant);
}

static int print_result(struct listing *listing)
{
    struct cli *cli = listing->cli;
    json_auto_t *versions = json_array();
    json_auto_t *document = NULL;

    for (size_t i = 0; i < listing->count; i++)
        (void)json_array_append_new(versions, json_string(name_it(listing, i)));
    document =
        json_pack("{s:s, s:O, s:I, s:b}", "model", listing->model, "versions", versions, "listing",
                  (json_int_t)listing->release.version, "in_force", listing->release.in_force);
    output_json(&cli->output, document);
    if (listing->release.in_force && listing->count == 0)
        output_line(&cli->output, "signed what %s lists, version %lld", listing->model,
                    (long long)listing->release.version);
    for (size_t i = 0; listing->release.in_force && i < listing->count; i++)
        output_line(&cli->output, "released %s@%s", listing->model, name_it(listing, i));
    return CLI_OK;
}

int cmd_release_release(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(listing_close) struct listing listing = {.cli = cli};
    int r;

    r = keystore_signer(cli, cli->flags.key, &listing.key);
    if (!r)
        r = keyring_read(cli, &cli->flags.trust, &listing.trusted);
    if (!r)
        r = workspace_open(cli, &listing.workspace);
    if (r)
        return r;
    listing.release = (struct release){
        .trust = &listing.workspace.trust,
        .signers = &listing.key.signer,
        .signer_count = 1,
        .lifetime_ms = cli->flags.expires_ms,
        .shows = true,
        .anew = cli->flags.anew,
    };
    r = list(&listing, operands, operand);
    return r ? r : print_result(&listing);
}
