/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/listing_check.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keys/keyring.h"
#include "cli/trust/signed_manifest.h"
#include "cli/trust/version_targets.h"
#include "tuf/builder.h"
#include "tuf/targetpath.h"

#include <string.h>

struct check {
    struct workspace *workspace;
    const char *model;
    const json_t *before; /* targets */
    const json_t *after;
    struct key keys[KEYRING_MAX];
    size_t key_count;
};

static int refuse(const struct check *check, const char *path, const char *why)
{
    return output_fail(&check->workspace->cli->output, CLI_UNVERIFIED,
                       "it was not signed; withdraw it: modelferry root withdraw image model-NAME",
                       "the listing of model '%s' is refused: '%s' %s", check->model, path, why);
}

/* "digits/1.0.0/..." -> "1.0.0"; NULL where it is no path of the model. */
static const char *version_of(const struct check *check, const char *path)
{
    struct arena *arena = &check->workspace->cli->arena;
    size_t length = strlen(check->model);
    const char *version = path + length + 1;
    const char *slash;

    if (strncmp(path, check->model, length) != 0 || path[length] != '/')
        return NULL;
    slash = strchr(version, '/');
    return slash ? arena_strndup(arena, version, (size_t)(slash - version)) : NULL;
}

static int check_signature(const struct check *check, const struct signed_manifest *manifest)
{
    int r = envelope_verify(&manifest->envelope, check->keys, check->key_count, 1, NULL);

    if (r <= 0)
        return r;
    return refuse(check,
                  arena_printf(&check->workspace->cli->arena, "%s@%s", check->model,
                               manifest->manifest.version),
                  "has a manifest that nobody signed who may sign for the model");
}

/* Those of a variant that was added to it, where it is listed: path is of a manifest. */
static int expect_added(const struct check *check, const struct reference *reference,
                        const struct signed_manifest *own, const char *path, json_t *part)
{
    struct cli *cli = check->workspace->cli;
    CLEANUP(signed_manifest_release) struct signed_manifest added = {0};
    const char *name = strrchr(path, '/') + 1;
    const char *variant =
        strcmp(name, TARGETPATH_MANIFEST) == 0 ? NULL : targetpath_variant_of(&cli->arena, name);
    int r;

    if (!variant || variant_check(variant))
        return 0;
    r = signed_manifest_fetch_variant(&check->workspace->server, check->workspace->name, reference,
                                      variant, own, &added);
    if (!r)
        r = check_signature(check, &added);
    return r ? r
             : version_targets_add(&cli->arena, &added.manifest, added.bytes.bytes,
                                   added.bytes.size, part);
}

static int expect_all_added(const struct check *check, const struct reference *reference,
                            const struct signed_manifest *own, json_t *part)
{
    const char *prefix =
        arena_printf(&check->workspace->cli->arena, "%s/%s/", check->model, reference->version);
    const char *path;
    json_t *target;
    int r = 0;

    json_object_foreach ((json_t *)check->after, path, target) {
        size_t length = strlen(prefix);

        if (!r && strncmp(path, prefix, length) == 0 && !strchr(path + length, '/'))
            r = expect_added(check, reference, own, path, part);
    }
    return r;
}

/* The targets of one version, as its manifest and those of what was added to it want them. */
static int expected_targets(const struct check *check, const char *version, json_t **ret_part)
{
    struct cli *cli = check->workspace->cli;
    CLEANUP(signed_manifest_release) struct signed_manifest manifest = {0};
    struct reference reference = {.model = check->model, .version = version};
    json_auto_t *part = builder_new("targets", 1, 0);
    int r = part ? 0 : log_fail(ERR_NO_MEMORY, "cannot check a listing: out of memory");

    if (!r)
        r = reference_check(cli, check->model, version, &reference);
    if (!r)
        r = signed_manifest_fetch(&check->workspace->server, check->workspace->name, &reference,
                                  &manifest);
    if (!r)
        r = check_signature(check, &manifest);
    if (!r)
        r = version_targets_add(&cli->arena, &manifest.manifest, manifest.bytes.bytes,
                                manifest.bytes.size, part);
    if (!r)
        r = expect_all_added(check, &reference, &manifest, part);
    if (!r)
        *ret_part = json_incref(part);
    return r;
}

/* Everything that stands under the version, and nothing else. */
static int check_version(const struct check *check, const char *version)
{
    const char *prefix =
        arena_printf(&check->workspace->cli->arena, "%s/%s/", check->model, version);
    json_auto_t *part = NULL;
    const json_t *expected;
    size_t listed = 0;
    const char *path;
    json_t *target;
    int r = expected_targets(check, version, &part);

    if (r)
        return r;
    expected = json_object_get(part, "targets");
    json_object_foreach ((json_t *)check->after, path, target) {
        if (strncmp(path, prefix, strlen(prefix)) != 0)
            continue;
        listed++;
        if (!json_equal(target, json_object_get(expected, path)))
            return refuse(check, path, "is not what the version's manifest says");
    }
    if (listed != json_object_size(expected))
        return refuse(check, version, "is listed in part");
    return 0;
}

/* Each version that is new, once. */
static int check_added(const struct check *check)
{
    json_auto_t *seen = json_object();
    const char *path;
    json_t *target;

    json_object_foreach ((json_t *)check->after, path, target) {
        const json_t *known = json_object_get(check->before, path);
        const char *version = version_of(check, path);
        int r;

        if (known && !json_equal(known, target))
            return refuse(check, path, "is another than what was signed before");
        if (!version)
            return refuse(check, path, "is no path of the model");
        if (known || json_object_get(seen, version))
            continue;
        (void)json_object_set_new(seen, version, json_true());
        r = check_version(check, version);
        if (r)
            return r;
    }
    return 0;
}

/* The manifest that a path was listed with: the version's, or that of an added variant. */
static const char *manifest_of(const struct check *check, const char *path)
{
    struct arena *arena = &check->workspace->cli->arena;
    const char *version = version_of(check, path);
    const char *rest = path + strlen(check->model) + 1;
    const char *name = strrchr(path, '/');
    const char *own = version ? targetpath_manifest(arena, check->model, version) : NULL;
    const char *added = path;

    if (!version)
        return NULL;
    rest += strlen(version) + 1;
    if (name > rest)
        added = targetpath_variant(arena, check->model, version,
                                   arena_strndup(arena, rest, (size_t)(name - rest)));
    return json_object_get(check->before, added) ? added : own;
}

/* A version goes whole, with all that was added to it; or what was added goes alone, and whole. */
static int check_dropped(const struct check *check)
{
    struct arena *arena = &check->workspace->cli->arena;
    json_auto_t *dropped = json_object();
    const char *path;
    json_t *target;

    json_object_foreach ((json_t *)check->before, path, target) {
        const char *manifest = manifest_of(check, path);

        if (manifest && !json_object_get(check->after, path))
            (void)json_object_set_new(dropped, manifest, json_true());
    }
    if (json_object_size(dropped) == 0)
        return 0;
    json_object_foreach ((json_t *)check->after, path, target) {
        const char *version = version_of(check, path);

        if (version &&
            (json_object_get(dropped, manifest_of(check, path)) ||
             json_object_get(dropped, targetpath_manifest(arena, check->model, version))))
            return refuse(check, path, "is what is left of a version that was dropped in part");
    }
    return 0;
}

int listing_check(struct workspace *workspace, const char *model, const json_t *before,
                  const json_t *after, const struct tuf_role *signers)
{
    struct check check = {
        .workspace = workspace,
        .model = model,
        .before = json_object_get(before, "targets"),
        .after = json_object_get(after, "targets"),
    };
    struct reason reason = {{0}};
    int r;

    if (json_object_get(after, "delegations"))
        return refuse(&check, "delegations", "do not belong into a model's role");
    if (role_keys(signers, check.keys, KEYRING_MAX, &check.key_count, &reason))
        return refuse(&check, "the model's keys", reason.text);
    r = check_added(&check);
    return r ? r : check_dropped(&check);
}
