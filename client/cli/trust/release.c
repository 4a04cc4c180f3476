/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/release.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/prompt.h"
#include "cli/trust/difference.h"
#include "cli/trust/proposal.h"
#include "cli/trust/trust_role.h"
#include "cli/trust/version_targets.h"
#include "crypto/text.h"
#include "tuf/builder.h"
#include "tuf/targetpath.h"

#include <string.h>

#define TRIES_MAX 5
/* Of what `publish` and `sign` list; each publication starts it anew. */
#define LIFETIME_MS ((int64_t)365 * 86400 * 1000)

/* A change of the listing. Returns 0, an exit status once reported, or negative. */
typedef int change_fn(struct release *release, const void *arg, json_t *part);

static struct cli *cli_of(const struct release *release)
{
    return release->trust->server->cli;
}

/* ---- on what is verified ------------------------------------------------------------------- */

static int refuse_strange(const struct release *release, const char *model)
{
    return output_fail(&cli_of(release)->output, CLI_UNVERIFIED,
                       arena_printf(&cli_of(release)->arena,
                                    "list the versions that you answer for, and no others, anew: "
                                    "modelferry release %s@VERSION ... --anew",
                                    model),
                       "what model '%s' lists now is signed by nobody who may, and was never "
                       "verified here",
                       model);
}

/* The next version of the role's part. */
static int next_part(struct release *release, const char *model, struct trust_role *current,
                     json_t **ret_part)
{
    struct trust *trust = release->trust;
    struct cli *cli = cli_of(release);
    int64_t expires_ms = clock_wall_ms(cli->clock) + release->lifetime_ms;
    int r = trust_refresh(trust);

    if (!r)
        r = trust_role_read(trust, targetpath_role(&cli->arena, model), current);
    if (r)
        return r;
    if (current->standing == TRUST_ROLE_STRANGE && !release->anew)
        return refuse_strange(release, model);
    *ret_part = release->anew || !current->file.document
                    ? builder_new("targets", current->version + 1, expires_ms)
                    : builder_next(current->file.signed_part, expires_ms);
    return *ret_part ? 0 : log_fail(ERR_NO_MEMORY, "cannot list a version: out of memory");
}

/* ---- signing ------------------------------------------------------------------------------- */

/* Whoever starts anew yanks what is not named. */
static bool drops_any(const json_t *before, const json_t *after)
{
    const char *path;
    json_t *target;

    json_object_foreach (json_object_get(before, "targets"), path, target) {
        if (!json_object_get(json_object_get(after, "targets"), path))
            return true;
    }
    return false;
}

static int agree(struct release *release, const char *model, const struct trust_role *current,
                 const json_t *part)
{
    const json_t *before = current->file.document ? current->file.signed_part : NULL;
    bool for_ever = release->anew && (!before || drops_any(before, part)) && current->version > 0;

    if (release->shows)
        difference_show(cli_of(release), before, part);
    if (for_ever)
        return prompt_confirm(cli_of(release),
                              "sign this as all that model '%s' lists; any other version of it "
                              "never comes back",
                              model);
    if (release->confirms)
        return prompt_confirm(cli_of(release), "sign what model '%s' lists", model);
    return 0;
}

static int try_change(struct release *release, const char *model, change_fn *change,
                      const void *arg)
{
    struct cli *cli = cli_of(release);
    CLEANUP(trust_role_release) struct trust_role current = {0};
    json_auto_t *part = NULL;
    struct proposal proposal = {
        .repository = "image",
        .role = targetpath_role(&cli->arena, model),
        .signers = release->signers,
        .signer_count = release->signer_count,
    };
    struct proposal_outcome outcome = {0};
    int r = next_part(release, model, &current, &part);

    if (!r)
        r = change(release, arg, part);
    if (!r)
        r = agree(release, model, &current, part);
    if (r)
        return r;
    proposal.part = part;
    r = proposal_submit(release->trust->server, &proposal, &outcome, NULL);
    if (r)
        return r;
    release->in_force = outcome.in_force;
    release->version = json_integer_value(json_object_get(part, "version"));
    if (!outcome.in_force)
        proposal_print(cli, &proposal, &outcome);
    return 0;
}

/* Another publisher may be quicker, and again. */
static int change_listing(struct release *release, const char *model, change_fn *change,
                          const void *arg)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        int r = try_change(release, model, change, arg);

        if (r != PROPOSAL_E_VERSION)
            return r;
    }
    return output_fail(&cli_of(release)->output, CLI_FAILED, "try again",
                       "other publishers of model '%s' kept getting in between", model);
}

/* ---- changes ------------------------------------------------------------------------------- */

/* An added variant stands beside the very version that it was added to. */
static int check_base(const struct release *release, const struct manifest *manifest,
                      const json_t *part)
{
    struct cli *cli = cli_of(release);
    const char *path = targetpath_manifest(&cli->arena, manifest->model, manifest->version);
    const json_t *target = json_object_get(json_object_get(part, "targets"), path);
    const char *listed =
        json_string_value(json_object_get(json_object_get(target, "hashes"), "sha256"));
    char hex[DIGEST_SHA256_HEX_SIZE];

    if (!manifest_is_addition(manifest))
        return 0;
    text_hex(manifest->adds_to, sizeof(manifest->adds_to), hex);
    if (listed && strcmp(listed, hex) == 0)
        return 0;
    return output_fail(&cli->output, CLI_FAILED,
                       arena_printf(&cli->arena,
                                    "list it with all that was added to it: "
                                    "modelferry release %s@%s",
                                    manifest->model, manifest->version),
                       "version '%s' of model '%s' is not listed: a variant of it cannot be",
                       manifest->version, manifest->model);
}

struct listing {
    const struct release_version *versions;
    size_t count;
};

static int add_versions(struct release *release, const void *arg, json_t *part)
{
    const struct listing *listing = arg;
    int r = 0;

    for (size_t i = 0; !r && i < listing->count; i++) {
        const struct release_version *version = &listing->versions[i];

        r = check_base(release, version->manifest, part);
        if (!r)
            r = version_targets_add(&cli_of(release)->arena, version->manifest, version->envelope,
                                    version->size, part);
    }
    return r;
}

int release_list(struct release *release, const struct release_version *versions, size_t count)
{
    struct listing listing = {.versions = versions, .count = count};

    return change_listing(release, versions[0].manifest->model, add_versions, &listing);
}

static int leave(struct release *release, const void *arg, json_t *part)
{
    const char *model = arg;

    if (json_object_size(json_object_get(part, "targets")) > 0)
        return 0;
    return output_fail(&cli_of(release)->output, CLI_FAILED, "name a version: MODEL@VERSION",
                       "model '%s' lists nothing yet", model);
}

int release_renew(struct release *release, const char *model)
{
    return change_listing(release, model, leave, model);
}

struct dropping {
    const struct reference *reference;
    const char *variant; /* NULL: all of it */
};

/* Those of a version, or of one variant that was added to it, begin so. */
static const char *dropped_prefix(struct arena *arena, const struct dropping *dropping)
{
    const struct reference *reference = dropping->reference;

    return dropping->variant ? arena_printf(arena, "%s/%s/%s/", reference->model,
                                            reference->version, dropping->variant)
                             : arena_printf(arena, "%s/%s/", reference->model, reference->version);
}

static int refuse_drop(const struct release *release, const struct dropping *dropping)
{
    const struct reference *reference = dropping->reference;

    if (!dropping->variant)
        return output_fail(&cli_of(release)->output, CLI_FAILED, NULL,
                           "version '%s' of model '%s' is not listed", reference->version,
                           reference->model);
    return output_fail(&cli_of(release)->output, CLI_FAILED,
                       "what a version was published with goes with it: leave out --variant",
                       "no variant '%s' that was added to version '%s' of model '%s' is listed",
                       dropping->variant, reference->version, reference->model);
}

static int drop(struct release *release, const void *arg, json_t *part)
{
    const struct dropping *dropping = arg;
    const struct reference *reference = dropping->reference;
    struct arena *arena = &cli_of(release)->arena;
    const char *prefix = dropped_prefix(arena, dropping);
    json_t *targets = json_object_get(part, "targets");
    bool alone = dropping->variant != NULL;
    const char *manifest =
        alone ? targetpath_variant(arena, reference->model, reference->version, dropping->variant)
              : targetpath_manifest(arena, reference->model, reference->version);
    const char *path;
    json_t *target;
    void *next;

    if (json_object_del(targets, manifest))
        return refuse_drop(release, dropping);
    json_object_foreach_safe(targets, next, path, target)
    {
        if (strncmp(path, prefix, strlen(prefix)) != 0)
            continue;
        (void)json_object_del(targets, path);
    }
    return 0;
}

int release_yank(struct release *release, const struct reference *reference, const char *variant)
{
    const struct dropping dropping = {reference, variant};

    return change_listing(release, reference->model, drop, &dropping);
}

int release_published(struct server *server, const char *workspace, const struct signer *signer,
                      const struct release_version *version)
{
    CLEANUP(trust_close) struct trust trust = {0};
    struct release release = {
        .trust = &trust,
        .signers = signer,
        .signer_count = 1,
        .lifetime_ms = LIFETIME_MS,
    };
    int r = trust_open(server, workspace, &trust);

    if (r || !trust_has_root(&trust))
        return r;
    r = release_list(&release, version, 1);
    if (r && manifest_is_addition(version->manifest))
        output_note(&server->cli->output,
                    "the variant is added, but the image repository does not list it yet: "
                    "modelferry release %s@%s",
                    version->manifest->model, version->manifest->version);
    else if (r)
        output_note(&server->cli->output,
                    "the version is published, but the image repository does not list it yet: "
                    "modelferry release %s@%s",
                    version->manifest->model, version->manifest->version);
    return r;
}
