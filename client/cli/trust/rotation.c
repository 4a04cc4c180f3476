/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/rotation.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keys/model_keys.h"
#include "cli/trust/release.h"
#include "cli/trust/root_change.h"
#include "cli/trust/trust_role.h"
#include "cli/trust/trust_roots.h"
#include "model/rules.h"
#include "tuf/builder.h"
#include "tuf/delegation.h"
#include "tuf/targetpath.h"

#include <string.h>

/* ---- where a key is named ------------------------------------------------------------------ */

static int find_registered(struct workspace *workspace, const struct key *key,
                           struct rotation_use *use)
{
    struct cli *cli = workspace->cli;
    json_auto_t *models = NULL;
    const json_t *items;
    size_t i;
    json_t *item;
    int r = server_list(&workspace->server, "list the models",
                        SERVER_ADDRESS(&workspace->server, "models"), "", 0, &models);

    if (r)
        return r;
    items = json_object_get(models, "items");
    use->registered = arena_array(&cli->arena, json_array_size(items), sizeof(*use->registered));
    json_array_foreach (items, i, item) {
        const char *name =
            arena_strdup(&cli->arena, json_string_value(json_object_get(item, "name")));
        struct model_keys keys;
        const struct model_key *found;

        if (!name)
            continue;
        r = model_keys_read(&workspace->server, name, &keys);
        if (r)
            return r;
        found = model_keys_find(&keys, key->id);
        if (found && !found->revoked_at)
            use->registered[use->registered_count++] = name;
    }
    return 0;
}

/* The delegations of the targets in force that name it. */
static void find_granted(struct arena *arena, const struct metadata *targets, const struct key *key,
                         struct rotation_use *use)
{
    const json_t *roles =
        json_object_get(json_object_get(targets->signed_part, "delegations"), "roles");
    size_t i;
    json_t *holder;

    use->granted = arena_array(arena, json_array_size(roles), sizeof(*use->granted));
    json_array_foreach ((json_t *)roles, i, holder) {
        const char *name = json_string_value(json_object_get(holder, "name"));
        const char *model = rules_model(name);
        struct delegation delegation;

        if (model && delegation_named(targets, name, &delegation) &&
            role_names_key(&delegation.role, key))
            use->granted[use->granted_count++] = arena_strdup(arena, model);
    }
}

static int find_in_root(struct workspace *workspace, const char *repository, const struct key *key,
                        bool *ret_root, bool *ret_targets)
{
    CLEANUP(metadata_release) struct metadata root = {0};
    struct tuf_role role;
    int r = trust_roots_walk(&workspace->trust, repository, &root);

    if (r)
        return r;
    role = role_of_root(&root, METADATA_ROOT);
    *ret_root = role_names_key(&role, key);
    role = role_of_root(&root, METADATA_TARGETS);
    if (ret_targets)
        *ret_targets = role_names_key(&role, key);
    return 0;
}

int rotation_find(struct workspace *workspace, const struct key *key, struct rotation_use *ret_use)
{
    struct trust *trust = &workspace->trust;
    CLEANUP(trust_role_release) struct trust_role targets = {0};
    struct rotation_use use = {0};
    int r = find_registered(workspace, key, &use);

    if (!r && trust_has_root(trust)) {
        r = find_in_root(workspace, "image", key, &use.image_root, &use.targets);
        if (!r)
            r = find_in_root(workspace, "director", key, &use.director_root, NULL);
        if (!r)
            r = trust_refresh(trust);
        if (!r)
            r = trust_role_read(trust, "targets", &targets);
        if (!r)
            find_granted(&workspace->cli->arena, &targets.file, key, &use);
    }
    if (!r)
        *ret_use = use;
    return r;
}

bool rotation_is_used(const struct rotation_use *use)
{
    return use->registered_count || use->granted_count || use->targets || use->image_root ||
           use->director_root;
}

void rotation_print_use(struct cli *cli, const struct rotation_use *use)
{
    for (size_t i = 0; i < use->registered_count; i++)
        output_note(&cli->output, "  registered for model '%s'", use->registered[i]);
    for (size_t i = 0; i < use->granted_count; i++)
        output_note(&cli->output, "  signs what model '%s' lists", use->granted[i]);
    if (use->targets)
        output_note(&cli->output, "  signs the top-level targets");
    if (use->image_root)
        output_note(&cli->output, "  signs the root of the image repository");
    if (use->director_root)
        output_note(&cli->output, "  signs the root of the director");
}

/* ---- the models ---------------------------------------------------------------------------- */

static struct cli *cli_of(const struct rotation *rotation)
{
    return rotation->ceremony->workspace->cli;
}

static int register_new(const struct rotation *rotation, const char *const *models, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = model_keys_register(&rotation->ceremony->workspace->server, models[i],
                                    &rotation->new, rotation->new_name);

        if (r)
            return r;
    }
    return 0;
}

/* The next targets, in which the new key stands wherever the old one stood. */
static int replace_in(const struct rotation *rotation, const struct metadata *targets,
                      const char *model, json_t *part)
{
    struct cli *cli = cli_of(rotation);
    const char *patterns[TARGETPATH_PATTERNS];
    struct key_swap swap = {
        .text = model,
        .old = rotation->old,
        .new = rotation->new,
        .drops = true,
        .adds = true,
    };
    struct delegation delegation;
    struct key keys[KEYRING_MAX];
    struct reason reason = {{0}};
    size_t count;
    int r;

    if (!delegation_named(targets, targetpath_role(&cli->arena, model), &delegation) ||
        role_keys(&delegation.role, keys, KEYRING_MAX, &count, &reason))
        return output_fail(&cli->output, CLI_FAILED, NULL, "the keys of model '%s': %s", model,
                           reason.text);
    swap.adds = !role_names_key(&delegation.role, &rotation->new);
    r = key_swap_apply(cli, &swap, model, keys, &count);
    if (r)
        return r;
    if (count < (size_t)delegation.role.threshold)
        return output_fail(&cli->output, CLI_FAILED,
                           "grant the model another key, or a lower --threshold, first",
                           "model '%s' would have fewer keys than its threshold", model);
    targetpath_patterns(&cli->arena, model, patterns);
    return builder_delegate(part, &(struct builder_delegation){
                                      .name = delegation.name,
                                      .keys = keys,
                                      .key_count = count,
                                      .threshold = delegation.role.threshold,
                                      .paths = patterns,
                                      .path_count = TARGETPATH_PATTERNS,
                                      .terminating = true,
                                  });
}

static int make_targets(const struct rotation *rotation, const struct rotation_use *use,
                        const struct metadata *targets, json_t **ret_part)
{
    int64_t expires_ms = clock_wall_ms(cli_of(rotation)->clock) + rotation->lifetime_ms;
    json_auto_t *part = builder_next(targets->signed_part, expires_ms);
    int r = part ? 0 : log_fail(ERR_NO_MEMORY, "cannot make targets: out of memory");

    for (size_t i = 0; !r && i < use->granted_count; i++)
        r = replace_in(rotation, targets, use->granted[i], part);
    if (!r)
        *ret_part = json_incref(part);
    return r;
}

/* What a model lists, signed by both keys, unless it suits the new ones already. */
static int bridge_listing(const struct rotation *rotation, const char *model, const json_t *part)
{
    struct ceremony *ceremony = rotation->ceremony;
    struct cli *cli = cli_of(rotation);
    CLEANUP(trust_role_release) struct trust_role listing = {0};
    struct metadata view = {.type = METADATA_TARGETS, .signed_part = part};
    const char *role = targetpath_role(&cli->arena, model);
    struct signer signers[KEYRING_MAX];
    struct release release = {
        .trust = &ceremony->workspace->trust,
        .signers = signers,
        .lifetime_ms = rotation->lifetime_ms,
    };
    struct delegation roles[2];
    int r = trust_role_read(release.trust, role, &listing);

    if (r || listing.standing == TRUST_ROLE_NONE)
        return r;
    (void)delegation_named(&view, role, &roles[0]);
    (void)delegation_named(updater_file(release.trust->updater, METADATA_TARGETS), role, &roles[1]);
    if (trust_role_satisfies(&listing, &roles[0].role))
        return 0;
    r = keyring_signers_of(cli, ceremony->ring,
                           (const struct tuf_role[]){roles[0].role, roles[1].role}, 2, signers,
                           &release.signer_count);
    if (!r)
        r = release_renew(&release, model);
    if (r)
        return r;
    output_line(&cli->output, "image %s: signed by both keys", role);
    return release.in_force ? 0 : CEREMONY_E_WAITS;
}

/* ---- the top-level targets ----------------------------------------------------------------- */

/* Who has no targets key asks those who have. */
static int ask_others(const struct rotation *rotation, const struct rotation_use *use)
{
    struct output *output = &cli_of(rotation)->output;

    output_line(output,
                "the top-level targets name the old key, and none that is here may sign "
                "them. Hand '%s' to whoever may, for",
                rotation->new_file);
    for (size_t i = 0; i < use->granted_count; i++)
        output_line(output, "  modelferry model grant %s %s --instead-of %.16s", use->granted[i],
                    rotation->new_file, rotation->old.id);
    return CEREMONY_E_WAITS;
}

static int sign_targets(const struct rotation *rotation, const struct rotation_use *use,
                        const struct metadata *targets, const json_t *part)
{
    struct trust *trust = &rotation->ceremony->workspace->trust;
    /* by the keys that sign it now, and by the new one where it will */
    struct tuf_role now =
        role_of_root(updater_file(trust->updater, METADATA_ROOT), METADATA_TARGETS);
    json_auto_t *keys = json_pack("{s:o}", rotation->new.id, key_to_json(&rotation->new));
    json_auto_t *keyids = json_pack("[s]", rotation->new.id);
    struct tuf_role roles[] = {
        now, {.keys = keys, .keyids = keyids, .threshold = 1}
    };
    struct ceremony_file file = {
        .repository = "image",
        .role = "targets",
        .before = targets->signed_part,
        .part = part,
        .roles = roles,
        .role_count = use->targets ? 2 : 1,
    };
    int r = ceremony_sign(rotation->ceremony, &file);

    return r == CEREMONY_E_NOBODY ? ask_others(rotation, use) : r;
}

static int run_targets(const struct rotation *rotation, const struct rotation_use *use)
{
    struct trust *trust = &rotation->ceremony->workspace->trust;
    CLEANUP(trust_role_release) struct trust_role targets = {0};
    json_auto_t *part = NULL;
    int r;

    if (use->granted_count == 0)
        return 0; /* root_change has them signed by both keys where that is needed */
    r = trust_refresh(trust);
    if (!r)
        r = trust_role_read(trust, "targets", &targets);
    if (!r)
        r = make_targets(rotation, use, &targets.file, &part);
    for (size_t i = 0; !r && i < use->granted_count; i++)
        r = bridge_listing(rotation, use->granted[i], part);
    return r ? r : sign_targets(rotation, use, &targets.file, part);
}

/* ---- the roots ----------------------------------------------------------------------------- */

static int run_root(const struct rotation *rotation, const char *repository, bool root,
                    bool targets)
{
    struct key_swap swap = {
        .text = rotation->new_name,
        .old = rotation->old,
        .new = rotation->new,
        .drops = true,
        .adds = true,
    };
    struct root_change change = {
        .ceremony = rotation->ceremony,
        .repository = repository,
        .root_swaps = &swap,
        .root_swap_count = root,
        .targets_swaps = &swap,
        .targets_swap_count = targets,
        .lifetime_ms = rotation->lifetime_ms,
    };

    return root || targets ? root_change_run(&change) : 0;
}

static int run_roots(const struct rotation *rotation, const struct rotation_use *use)
{
    int image = run_root(rotation, "image", use->image_root, use->targets);
    int director;

    if (image && image != CEREMONY_E_WAITS)
        return image;
    director = run_root(rotation, "director", use->director_root, false);
    return director ? director : image;
}

/* ---- in order ------------------------------------------------------------------------------ */

static int check_free(const struct rotation *rotation, const struct rotation_use *use)
{
    struct ceremony *ceremony = rotation->ceremony;
    json_auto_t *status = NULL;
    int r = workspace_status(ceremony->workspace, &status);

    for (size_t i = 0; !r && i < use->granted_count; i++)
        r = ceremony_check_free(ceremony, status, "image",
                                targetpath_role(&cli_of(rotation)->arena, use->granted[i]));
    if (!r && use->granted_count)
        r = ceremony_check_free(ceremony, status, "image", "targets");
    if (!r && (use->image_root || use->targets))
        r = ceremony_check_free(ceremony, status, "image", "root");
    if (!r && use->director_root)
        r = ceremony_check_free(ceremony, status, "director", "root");
    return r;
}

static int revoke_old(const struct rotation *rotation, const struct rotation_use *use)
{
    for (size_t i = 0; i < use->registered_count; i++) {
        int r = model_keys_revoke(&rotation->ceremony->workspace->server, use->registered[i],
                                  rotation->old.id);

        if (r)
            return r;
        output_line(&cli_of(rotation)->output, "model %s: the old key signs nothing more",
                    use->registered[i]);
    }
    return 0;
}

int rotation_run(const struct rotation *rotation, const struct rotation_use *use)
{
    int r = check_free(rotation, use);

    if (!r)
        r = register_new(rotation, use->registered, use->registered_count);
    if (!r)
        r = register_new(rotation, use->granted, use->granted_count);
    if (!r)
        r = run_targets(rotation, use);
    if (!r)
        r = run_roots(rotation, use);
    return r ? r : revoke_old(rotation, use);
}
