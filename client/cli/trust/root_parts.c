/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/root_parts.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/keys/online_key.h"
#include "tuf/builder.h"

#include <string.h>

static const struct keyring *targets_ring(const struct root_parts *parts)
{
    return parts->targets.count ? &parts->targets : &parts->root;
}

int root_parts_read_keys(struct cli *cli, struct root_parts *parts)
{
    int r = keyring_read(cli, &cli->flags.root_keys, &parts->root);

    if (!r && parts->root.count == 0) {
        r = keystore_signer(cli, cli->flags.key, &parts->root.keys[0]);
        parts->root.count = r ? 0 : 1;
    }
    if (!r)
        r = keyring_read(cli, &cli->flags.targets_keys, &parts->targets);
    if (r)
        return r;
    parts->threshold = cli->flags.threshold;
    parts->lifetime_ms = cli->flags.expires_ms;
    if ((size_t)parts->threshold > parts->root.count ||
        (size_t)parts->threshold > targets_ring(parts)->count)
        return cli_usage(cli, "--threshold %lld needs as many keys", (long long)parts->threshold);
    return 0;
}

/* ---- parts
 * --------------------------------------------------------------------------------------- */

static int make_root(const struct root_parts *parts, const struct key *online, bool director,
                     int64_t expires_ms, json_t **ret_root)
{
    json_auto_t *root = builder_new("root", 1, expires_ms);
    struct key keys[KEYRING_MAX];
    size_t count = keyring_public(&parts->root, keys);
    int r = root ? builder_root_role(root, "root", keys, count, parts->threshold)
                 : log_fail(ERR_NO_MEMORY, "cannot make a root: out of memory");

    if (!r)
        r = builder_root_role(root, "timestamp", online, 1, 1);
    if (!r)
        r = builder_root_role(root, "snapshot", online, 1, 1);
    if (r)
        return r;
    count = keyring_public(targets_ring(parts), keys);
    r = director ? builder_root_role(root, "targets", online, 1, 1)
                 : builder_root_role(root, "targets", keys, count, parts->threshold);
    if (!r)
        *ret_root = json_incref(root);
    return r;
}

int root_parts_make(struct server *server, struct root_parts *parts)
{
    int64_t expires_ms = clock_wall_ms(server->cli->clock) + parts->lifetime_ms;
    struct key image;
    struct key director;
    int r = online_key_ask(server, "image", &image);

    if (!r)
        r = online_key_ask(server, "director", &director);
    if (!r)
        r = make_root(parts, &image, false, expires_ms, &parts->image_root);
    if (!r)
        r = make_root(parts, &director, true, expires_ms, &parts->director_root);
    if (r)
        return r;
    parts->targets_listing = builder_new("targets", 1, expires_ms);
    return parts->targets_listing ? 0
                                  : log_fail(ERR_NO_MEMORY, "cannot make targets: out of memory");
}

int root_parts_signers(struct cli *cli, struct root_parts *parts, const char *role,
                       struct signer *ret_signers, size_t *ret_count)
{
    bool root = strcmp(role, "root") == 0 || parts->targets.count == 0;

    return keyring_signers(cli, root ? &parts->root : &parts->targets, ret_signers, ret_count);
}

void root_parts_release(struct root_parts *parts)
{
    if (!parts)
        return;
    keyring_release(&parts->root);
    keyring_release(&parts->targets);
    json_decref(parts->image_root);
    json_decref(parts->director_root);
    json_decref(parts->targets_listing);
}
