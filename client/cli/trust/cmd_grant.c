/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_grant.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keys/model_keys.h"
#include "cli/trust/ceremony.h"
#include "cli/trust/key_swap.h"
#include "cli/trust/trust_role.h"
#include "tuf/builder.h"
#include "tuf/delegation.h"
#include "tuf/keyset.h"
#include "tuf/targetpath.h"

#include <string.h>

/* A change of one model's delegation. */
struct grant {
    struct cli *cli;
    struct workspace workspace;
    struct keyring ring; /* who signs the top-level targets here */
    struct ceremony ceremony;
    const char *model;
    const char *role;
    struct trust_role targets;    /* in force */
    struct trust_role listing;    /* what the model lists */
    struct key keys[KEYRING_MAX]; /* that may sign for the model, after the change */
    size_t key_count;
    int64_t threshold;
    json_t *part; /* the next top-level targets */
};

static void grant_close(struct grant *grant)
{
    json_decref(grant->part);
    json_decref(grant->ceremony.files);
    trust_role_release(&grant->targets);
    trust_role_release(&grant->listing);
    keyring_release(&grant->ring);
    workspace_close(&grant->workspace);
}

static int read_signer(struct grant *grant)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r = keystore_read(grant->cli, grant->cli->flags.key, &key);

    if (!r)
        r = keystore_need_secret(grant->cli, &key);
    return r ? r : keyring_add(grant->cli, &grant->ring, &key);
}

static int check_targets(struct grant *grant)
{
    if (grant->targets.file.document || grant->cli->flags.anew)
        return 0;
    return output_fail(&grant->cli->output, CLI_UNVERIFIED,
                       "run it where they were verified before, or say --anew: then every other "
                       "model must be granted again",
                       "nobody who may has signed the top-level targets in force, and they were "
                       "never verified here");
}

static int grant_open(struct cli *cli, const char *model, struct grant *grant)
{
    struct trust *trust = &grant->workspace.trust;
    json_auto_t *status = NULL;
    int r;

    *grant = (struct grant){
        .cli = cli,
        .ceremony = {.workspace = &grant->workspace, .ring = &grant->ring},
        .model = model,
        .role = targetpath_role(&cli->arena, model),
        .threshold = 1,
    };
    r = read_signer(grant);
    if (!r)
        r = workspace_open(cli, &grant->workspace);
    if (!r)
        r = trust_refresh_listing(trust);
    if (!r)
        r = workspace_status(&grant->workspace, &status);
    if (!r)
        r = ceremony_check_free(&grant->ceremony, status, "image", "targets");
    if (!r)
        r = trust_role_read(trust, "targets", &grant->targets);
    /* so that it is known here when others sign it anew */
    if (!r && updater_file(trust->updater, METADATA_TARGETS))
        r = trust_role_read(trust, grant->role, &grant->listing);
    return r ? r : check_targets(grant);
}

/* Who may sign now, from verified metadata. */
static int read_granted(struct grant *grant)
{
    struct delegation delegation;
    struct reason reason = {{0}};
    int r;

    if (!grant->targets.file.document || grant->cli->flags.anew ||
        !delegation_named(&grant->targets.file, grant->role, &delegation))
        return 0;
    grant->threshold = delegation.role.threshold;
    r = role_keys(&delegation.role, grant->keys, KEYRING_MAX, &grant->key_count, &reason);
    if (r <= 0)
        return r;
    return output_fail(&grant->cli->output, CLI_FAILED, NULL, "the keys of model '%s': %s",
                       grant->model, reason.text);
}

/* ---- building and signing ------------------------------------------------------------------ */

static int build(struct grant *grant)
{
    int64_t expires_ms = clock_wall_ms(grant->cli->clock) + grant->cli->flags.expires_ms;
    const char *patterns[TARGETPATH_PATTERNS];
    struct builder_delegation delegation = {
        .name = grant->role,
        .keys = grant->keys,
        .key_count = grant->key_count,
        .threshold = grant->threshold,
        .paths = patterns,
        .path_count = TARGETPATH_PATTERNS,
        .terminating = true,
    };

    targetpath_patterns(&grant->cli->arena, grant->model, patterns);
    grant->part = grant->cli->flags.anew
                      ? builder_new("targets", grant->targets.version + 1, expires_ms)
                      : builder_next(grant->targets.file.signed_part, expires_ms);
    if (!grant->part)
        return log_fail(ERR_NO_MEMORY, "cannot make targets: out of memory");
    return grant->key_count ? builder_delegate(grant->part, &delegation)
                            : builder_undelegate(grant->part, grant->role);
}

/* What the model lists must be signed by those who may from now on. */
static void note_listing(struct grant *grant)
{
    const json_t *delegations = json_object_get(grant->part, "delegations");
    struct metadata view = {.type = METADATA_TARGETS, .signed_part = grant->part};
    struct delegation delegation;
    bool satisfied;

    if (grant->listing.standing == TRUST_ROLE_NONE ||
        keyset_new(json_object_get(delegations, "keys"), &view.keys))
        return;
    satisfied = delegation_named(&view, grant->role, &delegation) &&
                trust_role_satisfies(&grant->listing, &delegation.role);
    keyset_free(view.keys);
    if (satisfied)
        return;
    output_warn(&grant->cli->output,
                "what model '%s' lists is not signed by enough of the keys that may from now on: "
                "clients refuse it until their holders run: modelferry release %s",
                grant->model, grant->model);
}

static int sign(struct grant *grant)
{
    struct tuf_role role =
        role_of_root(updater_file(grant->workspace.trust.updater, METADATA_ROOT), METADATA_TARGETS);
    struct ceremony_file file = {
        .repository = "image",
        .role = "targets",
        .before = grant->targets.file.document ? grant->targets.file.signed_part : NULL,
        .part = grant->part,
        .roles = &role,
        .role_count = 1,
    };
    int r = ceremony_sign(&grant->ceremony, &file);

    if (r == CEREMONY_E_NOBODY)
        return ceremony_refuse_nobody(grant->cli, &file);
    if (!r || r == CEREMONY_E_WAITS)
        note_listing(grant);
    return ceremony_finish(&grant->ceremony, r);
}

/* ---- commands ------------------------------------------------------------------------------ */

static int add_key(struct grant *grant, const char *name)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r = keystore_read(grant->cli, name, &key);

    /* so that the manifests that it signs are accepted too */
    if (!r)
        r = model_keys_register(&grant->workspace.server, grant->model, &key.key, key.name);
    if (r)
        return r;
    for (size_t i = 0; i < grant->key_count; i++)
        if (key_equal(&grant->keys[i], &key.key))
            return 0;
    if (grant->key_count == KEYRING_MAX)
        return output_fail(&grant->cli->output, CLI_FAILED, NULL, "at most %d keys a model",
                           KEYRING_MAX);
    grant->keys[grant->key_count++] = key.key;
    return 0;
}

static int drop_key(struct grant *grant, const char *name)
{
    size_t index;
    int r = key_swap_find(grant->cli, name, grant->keys, grant->key_count, &index);

    if (r)
        return r;
    if (index == grant->key_count)
        return output_fail(&grant->cli->output, CLI_FAILED, "see modelferry model show MODEL",
                           "key '%s' was not granted model '%s'", name, grant->model);
    grant->keys[index] = grant->keys[--grant->key_count];
    return 0;
}

static int set_threshold(struct grant *grant)
{
    if (grant->cli->flags.threshold > 0)
        grant->threshold = grant->cli->flags.threshold;
    if (grant->key_count == 0 || (size_t)grant->threshold <= grant->key_count)
        return 0;
    return cli_usage(grant->cli, "--threshold %lld needs as many keys, and there are %zu",
                     (long long)grant->threshold, grant->key_count);
}

int cmd_grant_grant(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(grant_close) struct grant grant = {0};
    int r = grant_open(cli, operand[0], &grant);

    if (!r)
        r = read_granted(&grant);
    if (!r && cli->flags.instead_of)
        r = drop_key(&grant, cli->flags.instead_of);
    for (int i = 1; !r && i < operands; i++)
        r = add_key(&grant, operand[i]);
    if (!r)
        r = set_threshold(&grant);
    if (!r)
        r = build(&grant);
    return r ? r : sign(&grant);
}

int cmd_grant_revoke(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(grant_close) struct grant grant = {0};
    int r = grant_open(cli, operand[0], &grant);

    if (!r)
        r = read_granted(&grant);
    for (int i = 1; !r && i < operands; i++)
        r = drop_key(&grant, operand[i]);
    if (!r)
        r = set_threshold(&grant);
    if (!r)
        r = build(&grant);
    return r ? r : sign(&grant);
}
