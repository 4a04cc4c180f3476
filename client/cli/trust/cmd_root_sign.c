/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_root_sign.h"

#include "base/cleanup.h"
#include "cli/keys/keystore.h"
#include "cli/prompt.h"
#include "cli/trust/difference.h"
#include "cli/trust/proposal.h"
#include "cli/trust/review.h"
#include "cli/trust/trust_roots.h"

#include <string.h>

#define SIGNATURES_MAX 64

struct signing {
    struct cli *cli;
    struct workspace workspace;
    struct keystore_key key;
    json_t *envelopes; /* what was signed */
};

static void signing_close(struct signing *signing)
{
    json_decref(signing->envelopes);
    keystore_release(&signing->key);
    workspace_close(&signing->workspace);
}

/* What was signed before, what will be, and by how many so far. */
static int show(struct signing *signing, const struct review *review)
{
    struct reason reason = {{0}};
    int64_t count = 0;
    int r = role_count(&review->roles[0], &review->pending, &count, &reason);

    if (r)
        return r < 0 ? r
                     : output_fail(&signing->cli->output, CLI_UNVERIFIED, NULL, "%s", reason.text);
    output_line(&signing->cli->output,
                "%s %s, version %lld, signed by %lld of %lld so far:", review->repository,
                review->role, (long long)review->pending.version, (long long)count,
                (long long)review->roles[0].threshold);
    if (review->pending.version > 1 && !review->before)
        output_warn(&signing->cli->output,
                    "nothing verified is here to compare it with: look at all of it");
    difference_show(signing->cli, review->before, review->pending.signed_part);
    return 0;
}

/* Others' signatures; ours of an earlier try is made anew. */
static size_t others(const struct signing *signing, const struct review *review,
                     json_t **ret_signatures)
{
    size_t count = 0;
    size_t i;
    json_t *signature;

    json_array_foreach (json_object_get(review->pending.document, "signatures"), i, signature) {
        const char *keyid = json_string_value(json_object_get(signature, "keyid"));

        if (count < SIGNATURES_MAX && keyid && strcmp(keyid, signing->key.key.id) != 0)
            ret_signatures[count++] = signature;
    }
    return count;
}

static int submit(struct signing *signing, const struct review *review, json_t **ret_envelope)
{
    json_t *signatures[SIGNATURES_MAX];
    struct proposal proposal = {
        .repository = review->repository,
        .role = review->role,
        .part = review->pending.signed_part,
        .signatures = signatures,
        .signature_count = others(signing, review, signatures),
        .signers = &signing->key.signer,
        .signer_count = 1,
    };
    struct proposal_outcome outcome = {0};
    int r = proposal_submit(&signing->workspace.server, &proposal, &outcome, ret_envelope);

    if (r == PROPOSAL_E_VERSION)
        return output_fail(&signing->cli->output, CLI_FAILED, NULL,
                           "another version came into force meanwhile");
    if (!r)
        proposal_print(signing->cli, &proposal, &outcome);
    return r;
}

/* Who has signed the first root has looked at it: it is theirs to start from. */
static int pin_first(struct signing *signing, const struct review *review, const json_t *envelope)
{
    struct trust *trust = &signing->workspace.trust;

    if (strcmp(review->role, "root") != 0 || trust_roots_pinned(trust, review->repository))
        return 0;
    return trust_pin(trust, review->repository, envelope);
}

static int sign_reviewed(struct signing *signing, const struct review *review)
{
    json_auto_t *envelope = NULL;
    int r = show(signing, review);

    if (!r)
        r = prompt_confirm(signing->cli, "sign %s %s with key '%s'", review->repository,
                           review->role, signing->key.name);
    if (!r)
        r = keystore_unlock(signing->cli, &signing->key);
    if (!r)
        r = submit(signing, review, &envelope);
    if (r)
        return r;
    (void)json_array_append(signing->envelopes, envelope);
    return pin_first(signing, review, envelope);
}

/* skips: what waits for others is passed over */
static int sign_one(struct signing *signing, const char *repository, const char *role, bool skips)
{
    CLEANUP(review_release) struct review review = {0};
    int r = review_pending(&signing->workspace, repository, role, &review);

    if (r)
        return r;
    if (review_concerns(&review, &signing->key.key))
        return sign_reviewed(signing, &review);
    return skips ? 0 : review_refuse_key(&review);
}

static int sign_all(struct signing *signing)
{
    static const char *const repositories[] = {"image", "director"};
    json_auto_t *status = NULL;
    size_t i;
    json_t *item;
    int r = workspace_status(&signing->workspace, &status);

    for (size_t j = 0; !r && j < ARRAY_LEN(repositories); j++) {
        const json_t *repository = json_object_get(status, repositories[j]);

        json_array_foreach (json_object_get(repository, "pending"), i, item) {
            const char *role = json_string_value(json_object_get(item, "role"));

            if (role)
                r = sign_one(signing, repositories[j], role, true);
            if (r)
                return r;
        }
    }
    if (!r && json_array_size(signing->envelopes) == 0)
        output_note(&signing->cli->output, "nothing waits for key '%s'", signing->key.name);
    return r;
}

int cmd_root_sign(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(signing_close) struct signing signing = {.cli = cli, .envelopes = json_array()};
    json_auto_t *document = NULL;
    int r;

    if (operands == 1)
        return cli_usage(cli, "say REPOSITORY and ROLE, such as: image root; or neither");
    r = keystore_read(cli, cli->flags.key, &signing.key);
    if (!r)
        r = keystore_need_secret(cli, &signing.key);
    if (!r)
        r = workspace_open(cli, &signing.workspace);
    if (!r)
        r = operands ? sign_one(&signing, operand[0], operand[1], false) : sign_all(&signing);
    if (r)
        return r;
    document = json_pack("{s:O}", "signed", signing.envelopes);
    output_json(&cli->output, document);
    return CLI_OK;
}
