/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/release.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/proposal.h"
#include "tuf/builder.h"
#include "tuf/targetpath.h"

#include <string.h>

#define TRIES_MAX 5

/* A change of the listing. Returns 0, an exit status once reported, or negative. */
typedef int change_fn(struct release *release, const void *arg, json_t *part);

/* The next version of the role's part, on what is verified. */
static int next_part(struct release *release, const char *model, json_t **ret_part)
{
    struct trust *trust = release->trust;
    int64_t expires_ms = clock_wall_ms(trust->server->cli->clock) + release->lifetime_ms;
    json_auto_t *current = NULL;
    int r = trust_refresh(trust);

    if (!r)
        r = trust_model_role(trust, model, &current);
    if (r)
        return r;
    *ret_part = current ? builder_next(current, expires_ms) : builder_new("targets", 1, expires_ms);
    return *ret_part ? 0 : log_fail(ERR_NO_MEMORY, "cannot list a version: out of memory");
}

static int try_change(struct release *release, const char *model, change_fn *change,
                      const void *arg)
{
    struct cli *cli = release->trust->server->cli;
    json_auto_t *part = NULL;
    struct proposal proposal = {
        .repository = "image",
        .role = targetpath_role(&cli->arena, model),
        .signers = release->signer,
        .signer_count = 1,
    };
    struct proposal_outcome outcome = {0};
    int r = next_part(release, model, &part);

    if (!r)
        r = change(release, arg, part);
    if (r)
        return r;
    proposal.part = part;
    r = proposal_submit(release->trust->server, &proposal, &outcome, NULL);
    if (r)
        return r;
    release->in_force = outcome.in_force;
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
    return output_fail(&release->trust->server->cli->output, CLI_FAILED, "try again",
                       "other publishers of model '%s' kept getting in between", model);
}

/* ---- listing
 * ------------------------------------------------------------------------------------- */

struct listing {
    const struct manifest *manifest;
    const void *envelope;
    size_t size;
};

static int add_variant(struct release *release, const struct manifest *manifest,
                       const struct manifest_variant *variant, json_t *part)
{
    struct arena *arena = &release->trust->server->cli->arena;
    const char *name = arena_printf(arena, "%s/%s/%s", variant->id.runtime, variant->id.hardware,
                                    variant->id.precision);

    for (size_t i = 0; i < variant->artifact_count; i++) {
        const struct manifest_artifact *artifact = &variant->artifacts[i];
        json_t *custom = json_pack("{s:s, s:s, s:s}", "runtime", variant->id.runtime, "hardware",
                                   variant->id.hardware, "precision", variant->id.precision);
        int r = builder_target(
            part,
            targetpath_artifact(arena, manifest->model, manifest->version, name, artifact->name),
            artifact->length, artifact->sha256, custom);

        if (r)
            return r;
    }
    return 0;
}

static int add_version(struct release *release, const void *arg, json_t *part)
{
    const struct listing *listing = arg;
    const struct manifest *manifest = listing->manifest;
    uint8_t digest[DIGEST_SHA256_SIZE];
    int r;

    digest_sha256(listing->envelope, listing->size, digest);
    r = builder_target(
        part,
        targetpath_manifest(&release->trust->server->cli->arena, manifest->model,
                            manifest->version),
        (int64_t)listing->size, digest,
        json_pack("{s:s, s:s}", "model", manifest->model, "version", manifest->version));
    for (size_t i = 0; !r && i < manifest->variant_count; i++)
        r = add_variant(release, manifest, &manifest->variants[i], part);
    return r;
}

int release_list(struct release *release, const struct manifest *manifest, const void *envelope,
                 size_t size)
{
    struct listing listing = {.manifest = manifest, .envelope = envelope, .size = size};

    return change_listing(release, manifest->model, add_version, &listing);
}

/* ---- yanking
 * ------------------------------------------------------------------------------------- */

static int drop_version(struct release *release, const void *arg, json_t *part)
{
    const struct reference *reference = arg;
    struct cli *cli = release->trust->server->cli;
    const char *prefix = arena_printf(&cli->arena, "%s/%s/", reference->model, reference->version);
    json_t *targets = json_object_get(part, "targets");
    size_t dropped = 0;
    const char *path;
    json_t *target;
    void *next;

    json_object_foreach_safe(targets, next, path, target)
    {
        if (strncmp(path, prefix, strlen(prefix)) != 0)
            continue;
        (void)json_object_del(targets, path);
        dropped++;
    }
    if (dropped == 0)
        return output_fail(&cli->output, CLI_FAILED, NULL,
                           "version '%s' of model '%s' is not listed", reference->version,
                           reference->model);
    return 0;
}

int release_yank(struct release *release, const struct reference *reference)
{
    return change_listing(release, reference->model, drop_version, reference);
}
