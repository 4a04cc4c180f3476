/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_root.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/manifest_diff.h"
#include "cli/printable.h"
#include "cli/prompt.h"
#include "cli/proposal.h"
#include "cli/root_parts.h"
#include "cli/table.h"
#include "cli/trust.h"
#include "cli/trust_bundle.h"
#include "tuf/metadata.h"
#include "tuf/targetpath.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what every command here starts with
 * --------------------------------------------------------- */

struct place {
    struct cli *cli;
    struct server server;
    struct trust trust;
    const char *workspace;
};

static int place_open(struct cli *cli, struct place *place)
{
    int r;

    *place = (struct place){.cli = cli};
    r = server_open(cli, &place->server);
    if (!r)
        r = server_workspace(&place->server, &place->workspace);
    return r ? r : trust_open(&place->server, place->workspace, &place->trust);
}

static void place_close(struct place *place)
{
    trust_close(&place->trust);
    server_close(&place->server);
}

/* ---- init
 * ---------------------------------------------------------------------------------------- */

/* Both roots and empty top-level targets, each signed by those of the keys whose secret is here. */
static int submit_first(struct place *place, struct root_parts *parts, const char *repository,
                        const char *role, const json_t *part)
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
    int r;

    r = root_parts_signers(place->cli, parts, role, signers, &proposal.signer_count);
    if (r)
        return r;
    r = proposal_submit(&place->server, &proposal, &outcome, &envelope);
    if (r == PROPOSAL_E_VERSION)
        return output_fail(&place->cli->output, CLI_FAILED,
                           "import its root on this machine: modelferry root trust FILE",
                           "the workspace '%s' has a root already", place->workspace);
    if (r)
        return r;
    proposal_print(place->cli, &proposal, &outcome);
    return strcmp(role, "root") == 0 ? trust_pin(&place->trust, repository, envelope) : 0;
}

/* Whether a list of the server's status names a role. */
static bool names_role(const json_t *status, const char *repository, const char *list,
                       const char *role)
{
    size_t i;
    json_t *item;

    json_array_foreach (json_object_get(json_object_get(status, repository), list), i, item) {
        if (strcmp(json_string_value(json_object_get(item, "role")), role) == 0)
            return true;
    }
    return false;
}

static int ask_status(struct place *place, json_t **ret_status)
{
    return server_get(&place->server, "ask for the state of the repositories",
                      SERVER_ADDRESS(&place->server, "tuf"), ret_status);
}

static int submit_missing(struct place *place, struct root_parts *parts, const char *repository,
                          const char *role, const json_t *part)
{
    json_auto_t *status = NULL;
    int r = ask_status(place, &status);

    if (r || names_role(status, repository, "roles", role) ||
        names_role(status, repository, "pending", role))
        return r;
    return submit_first(place, parts, repository, role, part);
}

/*
 * Where the root needs more signatures than are here, the targets wait for it: the same command
 * goes on once others have signed.
 */
static int init(struct place *place, struct root_parts *parts)
{
    json_auto_t *status = NULL;
    int r = ask_status(place, &status);

    if (!r && names_role(status, "image", "roles", "targets"))
        return output_fail(&place->cli->output, CLI_FAILED,
                           "see it by: modelferry root show; on another machine import it by: "
                           "modelferry root trust FILE",
                           "the workspace '%s' has its roots already", place->workspace);
    if (!r)
        r = root_parts_make(&place->server, parts);
    if (!r)
        r = submit_missing(place, parts, "image", "root", parts->image_root);
    if (!r)
        r = submit_missing(place, parts, "director", "root", parts->director_root);
    if (r)
        return r;
    json_decref(status);
    status = NULL;
    r = ask_status(place, &status);
    if (r)
        return r;
    if (!names_role(status, "image", "roles", "root")) {
        output_note(&place->cli->output,
                    "when others have signed the roots, run this again for the targets");
        return 0;
    }
    return submit_missing(place, parts, "image", "targets", parts->targets_listing);
}

int cmd_root_init(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(root_parts_release) struct root_parts parts = {0};
    CLEANUP(place_close) struct place place = {0};
    json_auto_t *document = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = root_parts_read_keys(cli, &parts);
    if (!r)
        r = place_open(cli, &place);
    if (!r)
        r = init(&place, &parts);
    if (r)
        return r;
    document =
        json_pack("{s:s, s:s}", "workspace", place.workspace, "trusted_in", place.trust.image_dir);
    output_json(&cli->output, document);
    output_note(&cli->output,
                "let publishers sign for models: modelferry model grant MODEL --key KEY");
    output_note(&cli->output, "give devices and other people the roots: modelferry root export");
    return CLI_OK;
}

/* ---- show
 * ---------------------------------------------------------------------------------------- */

static void add_rows(struct table *table, const char *repository, const json_t *list,
                     const char *state)
{
    size_t i;
    json_t *item;

    json_array_foreach ((json_t *)list, i, item) {
        struct table_row *row = table_add(table);
        char version[24];

        (void)snprintf(version, sizeof(version), "%lld",
                       (long long)json_integer_value(json_object_get(item, "version")));
        table_set(table, row, 0, repository, OUTPUT_PLAIN);
        table_set(table, row, 1, json_string_value(json_object_get(item, "role")), OUTPUT_BOLD);
        table_set(table, row, 2, version, OUTPUT_PLAIN);
        table_set(table, row, 3, state ? state : "in force", state ? OUTPUT_WARN : OUTPUT_GOOD);
        table_set(table, row, 4,
                  state ? json_string_value(json_object_get(item, "created_by"))
                        : json_string_value(json_object_get(item, "expires_at")),
                  OUTPUT_PLAIN);
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
    CLEANUP(place_close) struct place place = {0};
    json_auto_t *status = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = place_open(cli, &place);
    if (!r)
        r = ask_status(&place, &status);
    if (r)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(repositories); i++) {
        const json_t *repository = json_object_get(status, repositories[i]);

        add_rows(&table, repositories[i], json_object_get(repository, "roles"), NULL);
        add_rows(&table, repositories[i], json_object_get(repository, "pending"), "pending");
    }
    output_json(&cli->output, status);
    if (table.rows == 0)
        output_note(&cli->output, "the workspace has no root yet: modelferry root init");
    else
        table_print(&table, &cli->output);
    return CLI_OK;
}

/* ---- sign
 * ---------------------------------------------------------------------------------------- */

struct signing {
    struct place *place;
    const char *repository;
    const char *role;
    struct keystore_key key;
    json_t *pending; /* the envelope */
    json_t *before;  /* what is in force, verified where it can be; NULL: nothing */
};

static void signing_release(struct signing *signing)
{
    keystore_release(&signing->key);
    json_decref(signing->pending);
    json_decref(signing->before);
}

/* What is in force in the image repository, as verified here. NULL: nothing yet. */
static int verified_before(struct signing *signing)
{
    static const enum metadata_type types[] = {METADATA_ROOT, METADATA_TARGETS};
    struct trust *trust = &signing->place->trust;

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct metadata *file = updater_file(trust->updater, types[i]);

        if (strcmp(signing->role, metadata_type_name(types[i])) != 0)
            continue;
        signing->before = file ? json_deep_copy(file->signed_part) : NULL;
        return 0;
    }
    if (strncmp(signing->role, TARGETPATH_ROLE_PREFIX, strlen(TARGETPATH_ROLE_PREFIX)) != 0)
        return 0;
    return trust_model_role(trust, signing->role + strlen(TARGETPATH_ROLE_PREFIX),
                            &signing->before);
}

/* What is in force, for the comparison: of the image repository as it was verified here, else the
 * server's word. */
static int fetch_before(struct signing *signing)
{
    struct place *place = signing->place;
    json_auto_t *envelope = NULL;
    int status;
    int r;

    if (place->trust.updater && strcmp(signing->repository, "image") == 0)
        return verified_before(signing);
    r = server_ask(&place->server,
                   &(struct server_question){
                       .what = "ask for what is in force",
                       .address = SERVER_ADDRESS(&place->server, "tuf", signing->repository,
                                                 "roles", signing->role),
                       .tolerated = 404,
                   },
                   &status, &envelope);
    if (r || status == 404)
        return r;
    signing->before = json_incref(json_object_get(envelope, "signed"));
    return 0;
}

/* The pending file must be well-formed, and follow what is in force. */
static int check_pending(struct signing *signing)
{
    struct cli *cli = signing->place->cli;
    AUTO_FREE char *text = json_dumps(signing->pending, JSON_COMPACT);
    struct metadata metadata = {0};
    struct reason reason = {{0}};
    int64_t before = json_integer_value(json_object_get(signing->before, "version"));
    int64_t version;
    int r;

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot check metadata: out of memory");
    r = metadata_parse(strcmp(signing->role, "root") == 0 ? METADATA_ROOT : METADATA_TARGETS, text,
                       strlen(text), &metadata, &reason);
    version = metadata.version;
    metadata_release(&metadata);
    if (r)
        return r < 0 ? r
                     : output_fail(&cli->output, CLI_UNVERIFIED, NULL,
                                   "what is pending is refused: %s", reason.text);
    if (version != before + 1)
        return output_fail(&cli->output, CLI_FAILED, NULL,
                           "what is pending is version %lld, but version %lld is in force",
                           (long long)version, (long long)before);
    return 0;
}

static void show_difference(struct signing *signing)
{
    static const char marks[] = {[MANIFEST_DIFF_SAME] = ' ',
                                 [MANIFEST_DIFF_ADDED] = '+',
                                 [MANIFEST_DIFF_REMOVED] = '-',
                                 [MANIFEST_DIFF_CHANGED] = '~'};
    struct cli *cli = signing->place->cli;
    struct manifest_diff diff;

    manifest_diff_make(&cli->arena, signing->before, json_object_get(signing->pending, "signed"),
                       &diff);
    for (size_t i = 0; i < diff.count; i++) {
        const struct manifest_diff_line *line = &diff.lines[i];

        if (line->kind == MANIFEST_DIFF_SAME)
            continue;
        output_line(&cli->output, "%c %s = %s%s%s", marks[line->kind],
                    printable_text(&cli->arena, line->path),
                    printable_text(&cli->arena, line->before ? line->before : line->after),
                    line->kind == MANIFEST_DIFF_CHANGED ? " -> " : "",
                    line->kind == MANIFEST_DIFF_CHANGED ? printable_text(&cli->arena, line->after)
                                                        : "");
    }
}

/* Others' signatures; ours of an earlier try is made anew. */
static size_t others(const struct signing *signing, json_t *all, json_t **ret_signatures,
                     size_t capacity)
{
    size_t count = 0;
    size_t i;
    json_t *signature;

    json_array_foreach (all, i, signature) {
        const char *keyid = json_string_value(json_object_get(signature, "keyid"));

        if (count < capacity && keyid && strcmp(keyid, signing->key.key.id) != 0)
            ret_signatures[count++] = signature;
    }
    return count;
}

static int sign_pending(struct signing *signing)
{
    struct place *place = signing->place;
    json_t *signatures[KEYRING_MAX];
    struct proposal proposal = {
        .repository = signing->repository,
        .role = signing->role,
        .part = json_object_get(signing->pending, "signed"),
        .signatures = signatures,
        .signers = &signing->key.signer,
        .signer_count = 1,
    };
    struct proposal_outcome outcome = {0};
    json_auto_t *envelope = NULL;
    int r;

    proposal.signature_count = others(signing, json_object_get(signing->pending, "signatures"),
                                      signatures, ARRAY_LEN(signatures));
    r = proposal_submit(&place->server, &proposal, &outcome, &envelope);
    if (r == PROPOSAL_E_VERSION)
        return output_fail(&place->cli->output, CLI_FAILED, NULL,
                           "another version came into force meanwhile");
    if (r)
        return r;
    output_json(&place->cli->output, envelope);
    proposal_print(place->cli, &proposal, &outcome);
    return CLI_OK;
}

int cmd_root_sign(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(place_close) struct place place = {0};
    CLEANUP(signing_release)
    struct signing signing = {
        .place = &place,
        .repository = operands > 0 ? operand[0] : "image",
        .role = operands > 1 ? operand[1] : "root",
    };
    int r;

    r = keystore_read(cli, cli->flags.key, &signing.key);
    if (!r)
        r = keystore_need_secret(cli, &signing.key);
    if (!r)
        r = place_open(cli, &place);
    if (!r && trust_has_root(&place.trust))
        r = trust_refresh(&place.trust);
    if (!r)
        r = server_get(
            &place.server, "ask for what is pending",
            SERVER_ADDRESS(&place.server, "tuf", signing.repository, "pending", signing.role),
            &signing.pending);
    if (!r)
        r = fetch_before(&signing);
    if (!r)
        r = check_pending(&signing);
    if (r)
        return r;
    show_difference(&signing);
    r = prompt_confirm(cli, "sign %s %s with key '%s'", signing.repository, signing.role,
                       signing.key.name);
    if (!r)
        r = keystore_unlock(cli, &signing.key);
    return r ? r : sign_pending(&signing);
}

int cmd_root_withdraw(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(place_close) struct place place = {0};
    int r;

    (void)operands;
    r = place_open(cli, &place);
    if (!r)
        r = server_ask(
            &place.server,
            &(struct server_question){
                .what = "withdraw what is pending",
                .method = "DELETE",
                .address = SERVER_ADDRESS(&place.server, "tuf", operand[0], "pending", operand[1]),
            },
            NULL, NULL);
    if (r)
        return r;
    output_line(&cli->output, "withdrawn: %s %s", operand[0], operand[1]);
    return CLI_OK;
}

/* ---- export, trust
 * --------------------------------------------------------------------------------- */

int cmd_root_export(void *context, int operands, char **operand)
{
    struct cli *cli = context;
    CLEANUP(place_close) struct place place = {0};
    json_auto_t *bundle = NULL;
    AUTO_FREE char *text = NULL;
    int r;

    (void)operands;
    (void)operand;
    r = place_open(cli, &place);
    if (!r)
        r = trust_bundle_make(&place.trust, &bundle);
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
    CLEANUP(place_close) struct place place = {0};
    json_auto_t *bundle = NULL;
    int r;

    (void)operands;
    r = place_open(cli, &place);
    if (!r)
        r = trust_bundle_read(cli, operand[0], &bundle);
    if (!r)
        r = trust_pin(&place.trust, "image", json_object_get(bundle, "image"));
    if (!r)
        r = trust_pin(&place.trust, "director", json_object_get(bundle, "director"));
    if (!r)
        r = trust_refresh(&place.trust);
    if (r)
        return r;
    output_line(&cli->output, "the roots of workspace '%s' are trusted here", place.workspace);
    return CLI_OK;
}
