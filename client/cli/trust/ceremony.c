/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/ceremony.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/prompt.h"
#include "cli/trust/difference.h"
#include "cli/trust/proposal.h"

static long long version_of(const json_t *part)
{
    return (long long)json_integer_value(json_object_get(part, "version"));
}

static void note(struct ceremony *ceremony, const struct ceremony_file *file,
                 const struct proposal_outcome *outcome)
{
    if (!ceremony->files)
        ceremony->files = json_array();
    (void)json_array_append_new(
        ceremony->files,
        json_pack("{s:s, s:s, s:I, s:b, s:I, s:I}", "repository", file->repository, "role",
                  file->role, "version", (json_int_t)version_of(file->part), "in_force",
                  outcome->in_force, "signatures", (json_int_t)outcome->signatures, "threshold",
                  (json_int_t)outcome->threshold));
}

static bool may_sign(const struct keyring *ring, const struct ceremony_file *file)
{
    for (size_t i = 0; i < ring->count; i++)
        for (size_t j = 0; j < file->role_count; j++)
            if (ring->keys[i].secret != KEYSTORE_ELSEWHERE &&
                role_names_key(&file->roles[j], &ring->keys[i].key))
                return true;
    return false;
}

static int submit(struct ceremony *ceremony, const struct ceremony_file *file)
{
    struct cli *cli = ceremony->workspace->cli;
    struct signer signers[KEYRING_MAX];
    struct proposal proposal = {
        .repository = file->repository,
        .role = file->role,
        .part = file->part,
        .signers = signers,
    };
    struct proposal_outcome outcome = {0};
    int r = keyring_signers_of(cli, ceremony->ring, file->roles, file->role_count, signers,
                               &proposal.signer_count);

    if (!r)
        r = proposal_submit(&ceremony->workspace->server, &proposal, &outcome, NULL);
    if (r == PROPOSAL_E_VERSION)
        return output_fail(&cli->output, CLI_FAILED, "run it again",
                           "another version of %s %s came into force meanwhile", file->repository,
                           file->role);
    if (r)
        return r;
    proposal_print(cli, &proposal, &outcome);
    note(ceremony, file, &outcome);
    return outcome.in_force ? 0 : CEREMONY_E_WAITS;
}

int ceremony_sign(struct ceremony *ceremony, const struct ceremony_file *file)
{
    struct cli *cli = ceremony->workspace->cli;
    int r = 0;

    if (!may_sign(ceremony->ring, file))
        return CEREMONY_E_NOBODY;
    output_line(&cli->output, "%s %s, version %lld:", file->repository, file->role,
                version_of(file->part));
    difference_show(cli, file->before, file->part);
    if (ceremony->confirms)
        r = prompt_confirm(cli, "sign %s %s", file->repository, file->role);
    return r ? r : submit(ceremony, file);
}

int ceremony_refuse_nobody(struct cli *cli, const struct ceremony_file *file)
{
    const char *keyids = "";
    size_t i;
    json_t *keyid;

    json_array_foreach ((json_t *)file->roles[0].keyids, i, keyid)
        keyids =
            arena_printf(&cli->arena, "%s%s%s", keyids, i ? ", " : "", json_string_value(keyid));
    return output_fail(&cli->output, CLI_FAILED,
                       arena_printf(&cli->arena, "%lld of these may: %s",
                                    (long long)file->roles[0].threshold, keyids),
                       "none of the keys that are here may sign %s %s", file->repository,
                       file->role);
}

int ceremony_check_free(const struct ceremony *ceremony, const json_t *status,
                        const char *repository, const char *role)
{
    struct cli *cli = ceremony->workspace->cli;
    const json_t *pending = workspace_entry(status, repository, "pending", role);
    const json_t *current = workspace_entry(status, repository, "roles", role);

    /* what was overtaken is in nobody's way */
    if (!pending || version_of(pending) != version_of(current) + 1)
        return 0;
    return output_fail(&cli->output, CLI_FAILED,
                       arena_printf(&cli->arena,
                                    "sign it: modelferry root sign %s %s; or withdraw it: "
                                    "modelferry root withdraw %s %s; then run this again",
                                    repository, role, repository, role),
                       "version %lld of %s %s by '%s' waits for signatures", version_of(pending),
                       repository, role, json_string_value(json_object_get(pending, "created_by")));
}

int ceremony_finish(struct ceremony *ceremony, int outcome)
{
    struct cli *cli = ceremony->workspace->cli;
    json_auto_t *document = NULL;

    if (outcome && outcome != CEREMONY_E_WAITS)
        return outcome;
    document = json_pack("{s:o, s:b}", "files",
                         ceremony->files ? json_incref(ceremony->files) : json_array(), "waits",
                         outcome == CEREMONY_E_WAITS);
    output_json(&cli->output, document);
    if (outcome == CEREMONY_E_WAITS)
        output_note(&cli->output, "when the others have signed, run the same command again");
    return CLI_OK;
}
