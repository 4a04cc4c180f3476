/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/proposal.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "tuf/envelope.h"

#include <string.h>

int proposal_sign(const struct proposal *proposal, json_t **ret_envelope)
{
    json_auto_t *signatures = json_array();

    for (size_t i = 0; i < proposal->signature_count; i++)
        (void)json_array_append(signatures, proposal->signatures[i]);
    for (size_t i = 0; i < proposal->signer_count; i++) {
        json_t *signature = NULL;
        int r = envelope_sign(proposal->part, &proposal->signers[i], &signature);

        if (r)
            return r;
        (void)json_array_append_new(signatures, signature);
    }
    *ret_envelope = json_pack("{s:O, s:O}", "signatures", signatures, "signed", proposal->part);
    return *ret_envelope ? 0 : log_fail(ERR_NO_MEMORY, "cannot sign metadata: out of memory");
}

static int64_t number(const json_t *answer, const char *name)
{
    return json_integer_value(json_object_get(answer, name));
}

int proposal_send(struct server *server, const struct proposal *proposal, const json_t *envelope,
                  struct proposal_outcome *ret_outcome)
{
    struct cli *cli = server->cli;
    json_auto_t *answer = NULL;
    struct server_question question = {
        .what = arena_printf(&cli->arena, "submit '%s' of the %s repository", proposal->role,
                             proposal->repository),
        .address = SERVER_ADDRESS(server, "tuf", proposal->repository, "roles", proposal->role),
        .body = envelope,
        .tolerated = 409,
    };
    int status;
    int r;

    r = server_ask(server, &question, &status, &answer);
    if (r)
        return r;
    if (status == 409 && json_object_get(answer, "expected_version")) {
        ret_outcome->expected_version = number(answer, "expected_version");
        return PROPOSAL_E_VERSION;
    }
    if (status == 409)
        return output_fail(&cli->output, CLI_FAILED,
                           "look at it by 'modelferry root show', sign it by 'modelferry root "
                           "sign', or withdraw it by 'modelferry root withdraw'",
                           "cannot %s: %s", question.what,
                           json_string_value(json_object_get(answer, "detail")));
    *ret_outcome = (struct proposal_outcome){
        .in_force = json_is_true(json_object_get(answer, "in_force")),
        .signatures = number(answer, "signatures"),
        .threshold = number(answer, "threshold"),
        .old_signatures = number(answer, "old_signatures"),
        .old_threshold = number(answer, "old_threshold"),
    };
    return 0;
}

int proposal_submit(struct server *server, const struct proposal *proposal,
                    struct proposal_outcome *ret_outcome, json_t **ret_envelope)
{
    json_auto_t *envelope = NULL;
    int r = proposal_sign(proposal, &envelope);

    if (!r)
        r = proposal_send(server, proposal, envelope, ret_outcome);
    if (!r && ret_envelope)
        *ret_envelope = json_incref(envelope);
    return r;
}

void proposal_print(struct cli *cli, const struct proposal *proposal,
                    const struct proposal_outcome *outcome)
{
    long long version = (long long)json_integer_value(json_object_get(proposal->part, "version"));

    if (outcome->in_force) {
        output_line(&cli->output, "%s %s: version %lld is in force", proposal->repository,
                    proposal->role, version);
        return;
    }
    output_line(&cli->output, "%s %s: version %lld waits for signatures: %lld of %lld",
                proposal->repository, proposal->role, version, (long long)outcome->signatures,
                (long long)outcome->threshold);
    if (outcome->old_threshold)
        output_line(&cli->output, "  and of the root before it: %lld of %lld",
                    (long long)outcome->old_signatures, (long long)outcome->old_threshold);
    output_note(&cli->output, "others add theirs: modelferry root sign %s %s", proposal->repository,
                proposal->role);
}
