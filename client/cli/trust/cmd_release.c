/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_release.h"

#include "base/cleanup.h"
#include "cli/keys/keyring.h"
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
    struct key keys[KEYRING_MAX + 1];
    size_t count = keyring_public(&listing->trusted, keys);
    int r;

    keys[count++] = listing->key.key;
    r = envelope_verify(&manifest->envelope, keys, count, 1, NULL);
    if (r <= 0)
        return r;
    return output_fail(&cli->output, CLI_UNVERIFIED,
                       "look at it by 'modelferry pull'; then list it with the key that signed it, "
                       "or say --trust KEY where you answer for what that key has signed",
                       "version '%s' of model '%s' is not signed by key '%s'",
                       manifest->manifest.version, manifest->manifest.model, listing->key.name);
}

static int add_version(struct listing *listing, const char *text)
{
    struct cli *cli = listing->cli;
    struct signed_manifest *manifest = &listing->manifests[listing->count];
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
    listing->versions[listing->count++] = (struct release_version){
        .manifest = &manifest->manifest,
        .envelope = manifest->bytes.bytes,
        .size = manifest->bytes.size,
    };
    return check_signed(listing, manifest);
}

static int read_versions(struct listing *listing, int operands, char **operand)
{
    struct arena *arena = &listing->cli->arena;
    int r = 0;

    if (operands > VERSIONS_MAX)
        return cli_usage(listing->cli, "at most %d versions", VERSIONS_MAX);
    listing->manifests = arena_array(arena, (size_t)operands, sizeof(*listing->manifests));
    listing->versions = arena_array(arena, (size_t)operands, sizeof(*listing->versions));
    for (int i = 0; !r && i < operands; i++)
        r = add_version(listing, operand[i]);
    return r;
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

static int print_result(struct listing *listing)
{
    struct cli *cli = listing->cli;
    json_auto_t *versions = json_array();
    json_auto_t *document = NULL;

    for (size_t i = 0; i < listing->count; i++)
        (void)json_array_append_new(versions, json_string(listing->manifests[i].manifest.version));
    document =
        json_pack("{s:s, s:O, s:I, s:b}", "model", listing->model, "versions", versions, "listing",
                  (json_int_t)listing->release.version, "in_force", listing->release.in_force);
    output_json(&cli->output, document);
    if (listing->release.in_force && listing->count == 0)
        output_line(&cli->output, "signed what %s lists, version %lld", listing->model,
                    (long long)listing->release.version);
    for (size_t i = 0; listing->release.in_force && i < listing->count; i++)
        output_line(&cli->output, "released %s@%s", listing->model,
                    listing->manifests[i].manifest.version);
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
