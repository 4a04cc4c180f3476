/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/cmd_root.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/table.h"
#include "cli/trust/proposal.h"
#include "cli/trust/root_parts.h"
#include "cli/trust/trust_bundle.h"
#include "cli/trust/trust_roots.h"
#include "cli/trust/workspace.h"
#include "cli/units.h"
#include "model/rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON_MS ((int64_t)30 * 86400 * 1000)

/* ---- init ---------------------------------------------------------------------------------- */

/*
 * A root is pinned before it is sent: if this program ends in between, the next try sends the same
 * one, and nobody is left without a root that they trust.
 */
static int make_envelope(struct workspace *workspace, struct proposal *proposal, bool is_root,
                         json_t **ret_envelope)
{
    struct trust *trust = &workspace->trust;
    int r;

    if (is_root && trust_roots_pinned(trust, proposal->repository)) {
        r = trust_pinned(trust, proposal->repository, ret_envelope);
        proposal->part = json_object_get(*ret_envelope, "signed");
        return r;
    }
    r = proposal_sign(proposal, ret_envelope);
    return r || !is_root ? r : trust_pin(trust, proposal->repository, *ret_envelope);
}

/* Both roots and empty top-level targets, each signed by those of the keys whose secret is here. */
static int submit_first(struct workspace *workspace, struct root_parts *parts,
                        const char *repository, const char *role, const json_t *part)
{
    struct signer signers[KEYRING_MAX];
    struct proposal proposal = {
        .repository = repository,
        .role = role,
        .part = part,
        .signers = signers,
    };
    struct proposal_outcome outcome = {0};
    json_auto_t *envelope = NULL;
    bool is_root = strcmp(role, "root") == 0;
    int r;

    r = root_parts_signers(workspace->cli, parts, role, signers, &proposal.signer_count);
    if (!r)
        r = make_envelope(workspace, &proposal, is_root, &envelope);
    if (!r)
        r = proposal_send(&workspace->server, &proposal, envelope, &outcome);
    if (is_root && (r == PROPOSAL_E_VERSION || r == CLI_FAILED)) /* refused, not just unheard */
        trust_unpin(&workspace->trust, repository, envelope);
    if (r == PROPOSAL_E_VERSION)
        return output_fail(&workspace->cli->output, CLI_FAILED,
                           "import its root on this machine: modelferry root trust FILE",
                           "the workspace '%s' has a root already", workspace->name);
    if (!r)
        proposal_print(workspace->cli, &proposal, &outcome);
    return r;
}

static int submit_missing(struct workspace *workspace, struct root_parts *parts,
                          const char *repository, const char *role, const json_t *part)
{
    json_auto_t *status = NULL;
    int r = workspace_status(workspace, &status);

    if (r || workspace_entry(status, repository, "roles", role) ||
        workspace_entry(status, repository, "pending", role))
        return r;
    return submit_first(workspace, parts, repository, role, part);
}

/*
 * Where the root needs more signatures than are here, the targets wait for it: the same command
 * goes on once others have signed.
 */
static int init(struct workspace *workspace, struct root_parts *parts)
{
    json_auto_t *status = NULL;
    int r = workspace_status(workspace, &status);

    if (!r && workspace_entry(status, "image", "roles", "targets"))
        return output_fail(&workspace->cli->output, CLI_FAILED,
                           "see it by: modelferry root show; on another machine import it by: "
                           "modelferry root trust FILE",
                           "the workspace '%s' has its roots already", workspace->name);
    if (!r)
        r = root_parts_make(&workspace->server, parts);
    if (!r)
        r = submit_missing(workspace, parts, "image", "root", parts->image_root);
    if (!r)
        r = submit_missing(workspace, parts, "director", "root", parts->director_root);
    if (r)
        return r;
    json_decref(status);
    status = NULL;
    r = workspace_status(workspace, &status);
    if (r)
        return r;
    if (!workspace_entry(status, "image", "roles", "root")) {
        output_note(&workspace->cli->output,
                    "when others have signed the roots, run this again for the targets");
        return 0;
    }
    return submit_missing(workspace, parts, "image", "targets", parts->targets_listing);
}

int cmd_root_init(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(root_parts_release) struct root_parts parts = {0};
    CLEANUP(workspace_close) struct workspace workspace = {0};
    json_auto_t *document = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = root_parts_read_keys(cli, &parts);
    if (!r)
        r = workspace_open(cli, &workspace);
    if (!r)
        r = init(&workspace, &parts);
    if (r)
        return r;
    document = json_pack("{s:s, s:s}", "workspace", workspace.name, "trusted_in",
                         workspace.trust.image_dir);
    output_json(&cli->output, document);
    output_note(&cli->output, "let publishers sign for models: modelferry model grant MODEL KEY");
    output_note(&cli->output, "give devices and other people the roots: modelferry root export");
    return CLI_OK;
}

/* ---- show ---------------------------------------------------------------------------------- */

/* What people sign, they must renew; the server looks after its own. */
static void note_expiry(struct cli *cli, const char *repository, const json_t *item)
{
    const char *role = json_string_value(json_object_get(item, "role"));
    const char *text = json_string_value(json_object_get(item, "expires_at"));
    const char *model = rules_model(role);
    int64_t expires_ms;

    if (strcmp(role, "snapshot") == 0 || strcmp(role, "timestamp") == 0 || !text ||
        !clock_parse_rfc3339(text, &expires_ms) || expires_ms - cli->output.now_ms > SOON_MS)
        return;
    output_note(&cli->output, "%s %s %s: modelferry %s%s", repository, role,
                expires_ms > cli->output.now_ms ? "expires soon" : "has expired",
                model ? "release " : "root renew", model ? model : "");
}

static void add_rows(struct cli *cli, struct table *table, const char *repository,
                     const json_t *list, const char *state)
{
    size_t i;
    json_t *item;

    json_array_foreach ((json_t *)list, i, item) {
        struct table_row *row = table_add(table);
        char version[24];
        char when[UNITS_SIZE];

        (void)snprintf(version, sizeof(version), "%lld",
                       (long long)json_integer_value(json_object_get(item, "version")));
        table_set(table, row, 0, repository, OUTPUT_PLAIN);
        table_set(table, row, 1, json_string_value(json_object_get(item, "role")), OUTPUT_BOLD);
        table_set(table, row, 2, version, OUTPUT_PLAIN);
        table_set(table, row, 3, state ? state : "in force", state ? OUTPUT_WARN : OUTPUT_GOOD);
        units_when(json_string_value(json_object_get(item, "expires_at")), cli->output.now_ms,
                   when);
        table_set(table, row, 4,
                  state ? json_string_value(json_object_get(item, "created_by")) : when,
                  OUTPUT_PLAIN);
        if (!state)
            note_expiry(cli, repository, item);
    }
}

int cmd_root_show(void *context, int operands, char **operand)
{
    static const struct table_column columns[] = {
        {"REPOSITORY",   false},
        {"ROLE",         false},
        {"VERSION",      true },
        {"STATE",        false},
        {"EXPIRES / BY", false},
    };
    static const char *const repositories[] = {"image", "director"};
    struct cli *cli = context;
    CLEANUP(table_release) struct table table = {.columns = columns, .count = ARRAY_LEN(columns)};
    CLEANUP(workspace_close) struct workspace workspace = {0};
    json_auto_t *status = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = workspace_open(cli, &workspace);
    if (!r)
        r = workspace_status(&workspace, &status);
    if (r)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(repositories); i++) {
        const json_t *repository = json_object_get(status, repositories[i]);

        add_rows(cli, &table, repositories[i], json_object_get(repository, "roles"), NULL);
        add_rows(cli, &table, repositories[i], json_object_get(repository, "pending"), "pending");
    }
    output_json(&cli->output, status);
    if (table.rows == 0)
        output_note(&cli->output, "the workspace has no root yet: modelferry root init");
    else
        table_print(&table, &cli->output);
    return CLI_OK;
}

/* ---- withdraw ------------------------------------------------------------------------------ */

int cmd_root_withdraw(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(workspace_close) struct workspace workspace = {0};
    int r;

    (void)operands;
    r = workspace_open(cli, &workspace);
    if (!r)
        r = server_ask(&workspace.server,
                       &(struct server_question){
                           .what = "withdraw what is pending",
                           .method = "DELETE",
                           .address = SERVER_ADDRESS(&workspace.server, "tuf", operand[0],
                                                     "pending", operand[1]),
                       },
                       NULL, NULL);
    if (r)
        return r;
    output_line(&cli->output, "withdrawn: %s %s", operand[0], operand[1]);
    return CLI_OK;
}

/* ---- export, trust ------------------------------------------------------------------------- */

int cmd_root_export(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(workspace_close) struct workspace workspace = {0};
    json_auto_t *bundle = NULL;
    AUTO_FREE char *text = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = workspace_open(cli, &workspace);
    if (!r)
        r = trust_bundle_make(&workspace.trust, &bundle);
    if (r)
        return r;
    text = json_dumps(bundle, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write the roots: out of memory");
    if (!cli->flags.out) {
        (void)fprintf(cli->output.out, "%s\n", text);
        return CLI_OK;
    }
    r = file_replace(AT_FDCWD, cli->flags.out, text, strlen(text), 0644);
    if (r)
        return r;
    output_note(&cli->output, "on a device: modelferry-agent enroll --root %s ...", cli->flags.out);
    return CLI_OK;
}

int cmd_root_trust(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(workspace_close) struct workspace workspace = {0};
    json_auto_t *bundle = NULL;
    int r;

    (void)operands;
    r = workspace_open(cli, &workspace);
    if (!r)
        r = trust_bundle_read(cli, operand[0], &bundle);
    if (!r)
        r = trust_pin(&workspace.trust, "image", json_object_get(bundle, "image"));
    if (!r)
        r = trust_pin(&workspace.trust, "director", json_object_get(bundle, "director"));
    if (!r)
        r = trust_refresh(&workspace.trust);
    if (r)
        return r;
    output_line(&cli->output, "the roots of workspace '%s' are trusted here", workspace.name);
    return CLI_OK;
}
