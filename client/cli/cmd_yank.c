/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_yank.h"

#include "base/cleanup.h"
#include "cli/keystore.h"
#include "cli/prompt.h"
#include "cli/release.h"
#include "cli/signed_manifest.h"

/* What both commands work with. */
struct change {
    struct cli *cli;
    struct server server;
    struct trust trust;
    struct reference reference;
    struct keystore_key key;
    const char *workspace;
    struct release release;
};

static void change_close(struct change *change)
{
    trust_close(&change->trust);
    server_close(&change->server);
    keystore_release(&change->key);
}

static int change_open(struct cli *cli, const char *reference, struct change *change)
{
    int r;

    *change = (struct change){.cli = cli};
    r = reference_parse(cli, reference, &change->reference);
    if (!r)
        r = keystore_signer(cli, cli->flags.key, &change->key);
    if (!r)
        r = server_open(cli, &change->server);
    if (!r)
        r = server_workspace(&change->server, &change->workspace);
    if (!r)
        r = trust_open(&change->server, change->workspace, &change->trust);
    change->release = (struct release){
        .trust = &change->trust,
        .signer = &change->key.signer,
        .lifetime_ms = cli->flags.expires_ms,
    };
    return r;
}

static void print_result(struct change *change, const char *done)
{
    json_auto_t *document =
        json_pack("{s:s, s:s, s:b}", "model", change->reference.model, "version",
                  change->reference.version, "in_force", change->release.in_force);

    output_json(&change->cli->output, document);
    if (change->release.in_force)
        output_line(&change->cli->output, "%s %s@%s", done, change->reference.model,
                    change->reference.version);
}

int cmd_yank_yank(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(change_close) struct change change = {0};
    int r;

    (void)operands;
    r = change_open(cli, operand[0], &change);
    if (!r)
        r = prompt_confirm(cli, "yank %s@%s, which never comes back", change.reference.model,
                           change.reference.version);
    if (!r)
        r = release_yank(&change.release, &change.reference);
    if (!r)
        print_result(&change, "yanked");
    return r;
}

/* What is listed was signed with the very key that lists it. */
static int check_signed(struct change *change, const struct signed_manifest *manifest)
{
    int r = envelope_verify(&manifest->envelope, &change->key.key, 1, 1, NULL);

    if (r > 0)
        return output_fail(&change->cli->output, CLI_UNVERIFIED,
                           "look at it by 'modelferry pull', then list it with the key that "
                           "signed it",
                           "version '%s' of model '%s' is not signed by key '%s'",
                           change->reference.version, change->reference.model, change->key.name);
    return r;
}

/* Lists a version that was published without it: by curl, or before the model's key was granted. */
int cmd_yank_release(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(change_close) struct change change = {0};
    CLEANUP(signed_manifest_release) struct signed_manifest manifest = {0};
    int r;

    (void)operands;
    r = change_open(cli, operand[0], &change);
    if (!r)
        r = signed_manifest_fetch(&change.server, change.workspace, &change.reference, &manifest);
    if (!r)
        r = check_signed(&change, &manifest);
    if (!r)
        r = release_list(&change.release, &manifest.manifest, manifest.bytes.bytes,
                         manifest.bytes.size);
    if (!r)
        print_result(&change, "released");
    return r;
}
