/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/root_change.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keys/online_key.h"
#include "cli/trust/trust_role.h"
#include "cli/trust/trust_roots.h"
#include "tuf/builder.h"

#include <string.h>

/* One repository's root on its way. */
struct next {
    const char *repository;
    struct metadata root; /* the one that is trusted */
    json_t *part;         /* the next; NULL: nothing changes */
};

struct run {
    const struct root_change *change;
    struct ceremony *ceremony;
    struct cli *cli;
    struct next image;
    struct next director;
};

static void run_release(struct run *run)
{
    metadata_release(&run->image.root);
    metadata_release(&run->director.root);
    json_decref(run->image.part);
    json_decref(run->director.part);
}

static bool is_image(const struct next *next)
{
    return strcmp(next->repository, "image") == 0;
}

static struct tuf_role role_in(const json_t *part, enum metadata_type type)
{
    struct metadata view = {.type = METADATA_ROOT, .signed_part = part};

    return role_of_root(&view, type);
}

static int64_t expires_ms(const struct run *run)
{
    return clock_wall_ms(run->cli->clock) + run->change->lifetime_ms;
}

/* ---- the next root ------------------------------------------------------------------------- */

static int change_role(struct run *run, struct next *next, enum metadata_type type,
                       const struct key_swap *swaps, size_t swap_count, int64_t threshold)
{
    struct tuf_role role = role_in(next->part, type);
    const char *name = metadata_type_name(type);
    struct key keys[KEYRING_MAX];
    struct reason reason = {{0}};
    size_t count;
    int r;

    if (swap_count == 0 && threshold == 0)
        return 0;
    r = role_keys(&role, keys, KEYRING_MAX, &count, &reason);
    if (r > 0)
        return output_fail(&run->cli->output, CLI_FAILED, NULL, "the keys of '%s': %s", name,
                           reason.text);
    for (size_t i = 0; !r && i < swap_count; i++)
        r = key_swap_apply(run->cli, &swaps[i], name, keys, &count);
    if (r)
        return r;
    if (threshold == 0)
        threshold = role.threshold;
    if (count < (size_t)threshold)
        return cli_usage(run->cli, "%lld of '%s' must sign, and it would have %zu keys",
                         (long long)threshold, name, count);
    return builder_root_role(next->part, name, keys, count, threshold);
}

/* What the server signs with; it must be the one that the server offers. */
static int change_online_key(struct run *run, struct next *next)
{
    static const enum metadata_type online[] = {METADATA_TIMESTAMP, METADATA_SNAPSHOT,
                                                METADATA_TARGETS};
    struct tuf_role current = role_in(next->part, METADATA_TIMESTAMP);
    struct server *server = &run->ceremony->workspace->server;
    struct key key;
    int r = online_key_ask(server, next->repository, &key);

    if (!r && run->change->new_online_key && role_names_key(&current, &key))
        r = online_key_rotate(server, next->repository, &key);
    if (r || role_names_key(&current, &key))
        return r;
    for (size_t i = 0; !r && i < (is_image(next) ? 2 : ARRAY_LEN(online)); i++)
        r = builder_root_role(next->part, metadata_type_name(online[i]), &key, 1, 1);
    return r;
}

/* Whether anything but version and expiry differs. */
static bool differs(const struct next *next)
{
    json_auto_t *before = json_deep_copy(next->root.signed_part);
    json_auto_t *after = json_deep_copy(next->part);

    (void)json_object_del(before, "version");
    (void)json_object_del(before, "expires");
    (void)json_object_del(after, "version");
    (void)json_object_del(after, "expires");
    return !json_equal(before, after);
}

static int build(struct run *run, struct next *next)
{
    const struct root_change *change = run->change;
    int r = trust_roots_walk(&run->ceremony->workspace->trust, next->repository, &next->root);

    if (r)
        return r;
    next->part = builder_next(next->root.signed_part, expires_ms(run));
    if (!next->part)
        return log_fail(ERR_NO_MEMORY, "cannot make a root: out of memory");
    r = change_role(run, next, METADATA_ROOT, change->root_swaps, change->root_swap_count,
                    change->threshold);
    if (!r && is_image(next))
        r = change_role(run, next, METADATA_TARGETS, change->targets_swaps,
                        change->targets_swap_count, change->targets_threshold);
    if (!r)
        r = change_online_key(run, next);
    if (!r && !change->renews && !differs(next)) {
        json_decref(next->part);
        next->part = NULL;
    }
    return r;
}

static int sign_root(struct run *run, const struct next *next)
{
    struct tuf_role roles[2];
    struct ceremony_file file = {
        .repository = next->repository,
        .role = "root",
        .before = next->root.signed_part,
        .part = next->part,
        .roles = roles,
        .role_count = ARRAY_LEN(roles),
    };
    int r;

    if (!next->part)
        return 0;
    roles[0] = role_of_root(&next->root, METADATA_ROOT);
    roles[1] = role_in(next->part, METADATA_ROOT);
    r = ceremony_sign(run->ceremony, &file);
    return r == CEREMONY_E_NOBODY ? ceremony_refuse_nobody(run->cli, &file) : r;
}

/* ---- the targets that go with it ----------------------------------------------------------- */

/* The same targets once more, signed by the keys of both roles. */
static int sign_targets(struct run *run, const struct trust_role *targets,
                        const struct tuf_role *roles, size_t role_count)
{
    json_auto_t *part = builder_next(targets->file.signed_part, expires_ms(run));
    struct ceremony_file file = {
        .repository = "image",
        .role = "targets",
        .before = targets->file.signed_part,
        .part = part,
        .roles = roles,
        .role_count = role_count,
    };

    if (!part)
        return log_fail(ERR_NO_MEMORY, "cannot make targets: out of memory");
    return ceremony_sign(run->ceremony, &file);
}

/* How many of a role's keys can sign now: those of the other role, whose holders are asked, and
 * those whose secret is here. */
static int64_t count_able(const struct run *run, const struct tuf_role *role,
                          const struct tuf_role *other)
{
    const struct keyring *ring = run->ceremony->ring;
    struct key keys[KEYRING_MAX];
    struct reason reason;
    size_t count;
    int64_t able = 0;

    if (role_keys(role, keys, KEYRING_MAX, &count, &reason))
        return 0;
    for (size_t i = 0; i < count; i++) {
        bool can = role_names_key(other, &keys[i]);

        for (size_t j = 0; j < ring->count; j++)
            can = can || (ring->keys[j].secret != KEYSTORE_ELSEWHERE &&
                          key_equal(&ring->keys[j].key, &keys[i]));
        able += can;
    }
    return able;
}

/* Whether one file can reach the thresholds of both. */
static bool can_bridge(const struct run *run, const struct tuf_role *old,
                       const struct tuf_role *new)
{
    return count_able(run, old, new) >= old->threshold &&
           count_able(run, new, old) >= new->threshold;
}

/* Before the root: so that the targets in force suit the new keys too. */
static int bridge_targets(struct run *run)
{
    struct trust *trust = &run->ceremony->workspace->trust;
    CLEANUP(trust_role_release) struct trust_role targets = {0};
    struct tuf_role roles[2];
    int r;

    if (!run->image.part || run->image.root.expires_ms <= clock_wall_ms(run->cli->clock))
        return 0;
    roles[0] = role_of_root(&run->image.root, METADATA_TARGETS);
    roles[1] = role_in(run->image.part, METADATA_TARGETS);
    r = trust_refresh_listing(trust);
    if (!r)
        r = trust_role_read(trust, "targets", &targets);
    if (r || !targets.file.document || trust_role_satisfies(&targets, &roles[1]) ||
        !can_bridge(run, &roles[0], &roles[1]))
        return r;
    r = sign_targets(run, &targets, roles, ARRAY_LEN(roles));
    return r == CEREMONY_E_NOBODY ? 0 : r;
}

static int refuse_strange(struct run *run)
{
    return output_fail(&run->cli->output, CLI_UNVERIFIED,
                       "run it where they were verified before, or start them anew: modelferry "
                       "model grant MODEL KEY --anew",
                       "nobody who may has signed the top-level targets in force, and they were "
                       "never verified here");
}

/* After the root: signed anew where that is asked for, or where the root's keys have not signed. */
static int renew_targets(struct run *run)
{
    struct trust *trust = &run->ceremony->workspace->trust;
    CLEANUP(trust_role_release) struct trust_role targets = {0};
    struct tuf_role role;
    int r;

    r = trust_refresh_listing(trust);
    if (!r)
        r = trust_role_read(trust, "targets", &targets);
    if (r || targets.standing == TRUST_ROLE_NONE ||
        (!run->change->renews && targets.standing == TRUST_ROLE_VERIFIED))
        return r;
    if (targets.standing == TRUST_ROLE_STRANGE)
        return refuse_strange(run);
    role = role_of_root(updater_file(trust->updater, METADATA_ROOT), METADATA_TARGETS);
    r = sign_targets(run, &targets, &role, 1);
    if (r != CEREMONY_E_NOBODY)
        return r;
    output_note(&run->cli->output, "the top-level targets are signed by other keys: whoever has "
                                   "them runs: modelferry root renew image");
    return 0;
}

/* ---- in order ------------------------------------------------------------------------------ */

static bool touches_targets(const struct root_change *change)
{
    return change->renews || change->targets_swap_count || change->targets_threshold;
}

static int check_free(struct run *run)
{
    struct ceremony *ceremony = run->ceremony;
    json_auto_t *status = NULL;
    int r = workspace_status(ceremony->workspace, &status);

    if (!r && run->image.repository)
        r = ceremony_check_free(ceremony, status, "image", "root");
    if (!r && run->image.repository && touches_targets(run->change))
        r = ceremony_check_free(ceremony, status, "image", "targets");
    if (!r && run->director.repository)
        r = ceremony_check_free(ceremony, status, "director", "root");
    return r;
}

/* While a root waits for others, targets that it does not concern are renewed all the same. */
static int finish_targets(struct run *run, int outcome)
{
    bool possible = run->image.repository &&
                    (outcome == 0 || (run->change->renews && outcome == CEREMONY_E_WAITS &&
                                      run->image.root.expires_ms > clock_wall_ms(run->cli->clock)));
    int r = possible ? renew_targets(run) : 0;

    return r ? r : outcome;
}

/* The director's root is brought too where the image's waits for others. */
static int sign_roots(struct run *run)
{
    int r = sign_root(run, &run->image);
    int waits = r;

    if (r && r != CEREMONY_E_WAITS)
        return r;
    r = sign_root(run, &run->director);
    return r ? r : waits;
}

static int run_all(struct run *run)
{
    int r = check_free(run);

    if (!r && run->image.repository)
        r = build(run, &run->image);
    if (!r && run->director.repository)
        r = build(run, &run->director);
    if (r)
        return r;
    if (!run->image.part && !run->director.part) {
        output_note(&run->cli->output, "the roots in force say so already");
        return 0;
    }
    r = bridge_targets(run);
    if (!r)
        r = sign_roots(run);
    return finish_targets(run, r);
}

int root_change_run(const struct root_change *change)
{
    CLEANUP(run_release)
    struct run run = {
        .change = change,
        .ceremony = change->ceremony,
        .cli = change->ceremony->workspace->cli,
    };

    if (!change->repository || strcmp(change->repository, "image") == 0)
        run.image.repository = "image";
    if (!change->repository || strcmp(change->repository, "director") == 0)
        run.director.repository = "director";
    return run_all(&run);
}
