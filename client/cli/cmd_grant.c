/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_grant.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keyring.h"
#include "cli/proposal.h"
#include "cli/trust.h"
#include "tuf/builder.h"
#include "tuf/delegation.h"
#include "tuf/targetpath.h"

#include <string.h>

/* A change of one model's delegation. */
struct grant {
    struct cli *cli;
    struct server server;
    struct trust trust;
    struct keystore_key signer; /* of the top-level targets */
    const char *model;
    const char *role;
    struct key keys[KEYRING_MAX]; /* that may sign for the model, after the change */
    size_t key_count;
    int64_t threshold;
    json_t *part; /* the next top-level targets */
};

static void grant_close(struct grant *grant)
{
    json_decref(grant->part);
    trust_close(&grant->trust);
    server_close(&grant->server);
    keystore_release(&grant->signer);
}

static int grant_open(struct cli *cli, const char *model, struct grant *grant)
{
    const char *workspace;
    int r;

    *grant = (struct grant){
        .cli = cli,
        .model = model,
        .role = targetpath_role(&cli->arena, model),
        .threshold = 1,
    };
    r = keystore_signer(cli, cli->flags.key, &grant->signer);
    if (!r)
        r = server_open(cli, &grant->server);
    if (!r)
        r = server_workspace(&grant->server, &workspace);
    if (!r)
        r = trust_open(&grant->server, workspace, &grant->trust);
    return r ? r : trust_refresh(&grant->trust);
}

/* Who may sign now, from verified metadata; and what they have signed, so that it is here,
 * verified, when another signs it anew. */
static int read_granted(struct grant *grant)
{
    struct delegation delegation;
    json_auto_t *listed = NULL;
    size_t i;
    json_t *keyid;
    int r = trust_model_role(&grant->trust, grant->model, &listed);

    if (r == CLI_UNVERIFIED)
        output_note(&grant->cli->output, "what the model lists now is signed by nobody who may");
    if (r < 0)
        return r;

    if (!delegation_named(updater_file(grant->trust.updater, METADATA_TARGETS), grant->role,
                          &delegation))
        return 0;
    grant->threshold = delegation.role.threshold;
    json_array_foreach ((json_t *)delegation.role.keyids, i, keyid) {
        const json_t *object = json_object_get(delegation.role.keys, json_string_value(keyid));
        struct fields_error error = {0};

        if (grant->key_count == KEYRING_MAX ||
            key_parse(object, &grant->keys[grant->key_count], &error))
            return output_fail(&grant->cli->output, CLI_FAILED, NULL,
                               "a key of model '%s' cannot be read", grant->model);
        grant->key_count++;
    }
    return 0;
}

static size_t find_key(const struct grant *grant, const struct key *key)
{
    for (size_t i = 0; i < grant->key_count; i++)
        if (key_equal(&grant->keys[i], key))
            return i;
    return grant->key_count;
}

/* ---- building and submitting
 * ------------------------------------------------------------------------ */

static int build(struct grant *grant)
{
    const struct metadata *targets = updater_file(grant->trust.updater, METADATA_TARGETS);
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
    grant->part = builder_next(targets->signed_part, expires_ms);
    if (!grant->part)
        return log_fail(ERR_NO_MEMORY, "cannot make targets: out of memory");
    return grant->key_count ? builder_delegate(grant->part, &delegation)
                            : builder_undelegate(grant->part, grant->role);
}

static int submit(struct grant *grant)
{
    struct proposal proposal = {
        .repository = "image",
        .role = "targets",
        .part = grant->part,
        .signers = &grant->signer.signer,
        .signer_count = 1,
    };
    struct proposal_outcome outcome = {0};
    json_auto_t *envelope = NULL;
    int r = proposal_submit(&grant->server, &proposal, &outcome, &envelope);

    if (r == PROPOSAL_E_VERSION)
        return output_fail(&grant->cli->output, CLI_FAILED, "try again",
                           "another change of the targets was quicker");
    if (r)
        return r;
    output_json(&grant->cli->output, envelope);
    proposal_print(grant->cli, &proposal, &outcome);
    return CLI_OK;
}

/* ---- commands
 * --------------------------------------------------------------------------------------- */

/* The model's registered keys follow, so that its manifests verify too. */
static int register_key(struct grant *grant, const struct keystore_key *key)
{
    json_auto_t *body = json_pack("{s:s, s:o}", "name", key->name, "key", key_to_json(&key->key));
    int status;

    return server_ask(&grant->server,
                      &(struct server_question){
                          .what = "register the key",
                          .address = SERVER_ADDRESS(&grant->server, "models", grant->model, "keys"),
                          .body = body,
                          .tolerated = 409,
                      },
                      &status, NULL);
}

static int add_key(struct grant *grant, const char *name)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    int r = keystore_read(grant->cli, name, &key);

    if (!r)
        r = register_key(grant, &key);
    if (r)
        return r;
    if (find_key(grant, &key.key) < grant->key_count)
        return 0;
    if (grant->key_count == KEYRING_MAX)
        return output_fail(&grant->cli->output, CLI_FAILED, NULL, "at most %d keys a model",
                           KEYRING_MAX);
    grant->keys[grant->key_count++] = key.key;
    return 0;
}

int cmd_grant_grant(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(grant_close) struct grant grant = {0};
    int r = grant_open(cli, operand[0], &grant);

    if (!r)
        r = read_granted(&grant);
    for (int i = 1; !r && i < operands; i++)
        r = add_key(&grant, operand[i]);
    if (!r && cli->flags.threshold > 0)
        grant.threshold = cli->flags.threshold;
    if (!r && (size_t)grant.threshold > grant.key_count)
        return cli_usage(cli, "--threshold %lld needs as many keys", (long long)grant.threshold);
    if (!r)
        r = build(&grant);
    return r ? r : submit(&grant);
}

static int drop_key(struct grant *grant, const char *name)
{
    CLEANUP(keystore_release) struct keystore_key key = {0};
    size_t index;
    int r = keystore_read(grant->cli, name, &key);

    if (r)
        return r;
    index = find_key(grant, &key.key);
    if (index == grant->key_count)
        return output_fail(&grant->cli->output, CLI_FAILED, NULL,
                           "key '%s' was not granted model '%s'", name, grant->model);
    grant->keys[index] = grant->keys[--grant->key_count];
    return 0;
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
    if (!r && cli->flags.threshold > 0)
        grant.threshold = cli->flags.threshold;
    if (!r && grant.key_count && (size_t)grant.threshold > grant.key_count)
        return cli_usage(cli, "the model's threshold is %lld: say another by --threshold",
                         (long long)grant.threshold);
    if (!r)
        r = build(&grant);
    return r ? r : submit(&grant);
}
