/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust/trust_role.h"

#include "base/cleanup.h"
#include "lib/metadir.h"
#include "tuf/delegation.h"
#include "tuf/rolename.h"

#include <string.h>

void trust_role_release(struct trust_role *role)
{
    if (!role)
        return;
    metadata_release(&role->file);
}

bool trust_role_satisfies(const struct trust_role *role, const struct tuf_role *signers)
{
    struct reason reason;

    return role->file.document && role_verify(signers, &role->file, &reason) == 0;
}

/* Who signs it, from what is verified. False: nobody, nothing is delegated to it. */
static bool find_signers(const struct trust *trust, const char *role, struct tuf_role *ret_signers)
{
    const struct metadata *targets = updater_file(trust->updater, METADATA_TARGETS);
    struct delegation delegation;

    if (strcmp(role, "targets") == 0) {
        *ret_signers = role_of_root(updater_file(trust->updater, METADATA_ROOT), METADATA_TARGETS);
        return true;
    }
    if (!targets || !delegation_named(targets, role, &delegation))
        return false;
    *ret_signers = delegation.role;
    return true;
}

/* What is stored here was verified when it was stored; it must still be what is promised. */
static bool load_stored(struct trust *trust, const char *role, const struct metadata_file *promised,
                        struct buffer *bytes)
{
    struct updater_store store = metadir_store(trust->image_dir);
    struct reason reason;

    if (store.load(store.state, role, bytes->ceiling, bytes) == 0 &&
        metadata_file_check(promised, bytes->bytes, bytes->size, &reason) == 0)
        return true;
    buffer_clear(bytes);
    return false;
}

static int fetch(struct trust *trust, const char *role, const struct metadata_file *promised,
                 struct buffer *bytes)
{
    struct cli *cli = trust->server->cli;
    struct updater_source source = repository_source(&trust->repository);
    struct reason reason = {{0}};
    const char *name = arena_printf(&cli->arena, "%lld.%s.json", (long long)promised->version,
                                    rolename_quote(&cli->arena, role));
    int r = source.fetch(source.state, name, bytes->ceiling, bytes);

    if (r)
        return r < 0 ? r
                     : output_fail(&cli->output, CLI_UNREACHABLE, NULL, "cannot fetch '%s': %s",
                                   name, trust->repository.error);
    if (metadata_file_check(promised, bytes->bytes, bytes->size, &reason))
        return output_fail(&cli->output, CLI_UNVERIFIED,
                           "nothing was signed; if this is not the server's mistake, it is an "
                           "attack",
                           "'%s' is not what the snapshot names: %s", name, reason.text);
    return 0;
}

/* A role that was verified is stored, so that it is known when its keys are changed. */
static int keep(struct trust *trust, const char *role, const struct buffer *bytes)
{
    struct updater_store store = metadir_store(trust->image_dir);

    return store.save(store.state, role, bytes->bytes, bytes->size);
}

static int judge(struct trust *trust, const char *role, const struct metadata_file *promised,
                 const struct buffer *bytes, bool stored, struct trust_role *judged)
{
    CLEANUP(metadata_release) struct metadata file = {0};
    struct tuf_role signers;
    struct reason reason = {{0}};
    int64_t now_ms = clock_wall_ms(trust->server->cli->clock);
    int r = metadata_parse(METADATA_TARGETS, bytes->bytes, bytes->size, &file, &reason);

    judged->standing = TRUST_ROLE_STRANGE;
    if (r || file.version != promised->version)
        return r < 0 ? r : 0;
    r = find_signers(trust, role, &signers) ? role_verify(&signers, &file, &reason)
                                            : ROLE_E_SIGNATURE;
    if (r < 0 || (r && !stored))
        return r < 0 ? r : 0;
    judged->standing = r                           ? TRUST_ROLE_FORMER
                       : file.expires_ms <= now_ms ? TRUST_ROLE_EXPIRED
                                                   : TRUST_ROLE_VERIFIED;
    judged->file = metadata_take(&file);
    return stored ? 0 : keep(trust, role, bytes);
}

int trust_role_read(struct trust *trust, const char *role, struct trust_role *ret_role)
{
    const struct metadata *snapshot = updater_file(trust->updater, METADATA_SNAPSHOT);
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(updater_limits_default.targets_bytes);
    struct metadata_file promised;
    struct trust_role judged = {0};
    bool stored;
    int r = 0;

    *ret_role = judged;
    if (!snapshot || !metadata_file_of_role(snapshot, role, &promised))
        return 0;
    judged.version = promised.version;
    stored = load_stored(trust, role, &promised, &bytes);
    if (!stored)
        r = fetch(trust, role, &promised, &bytes);
    if (!r)
        r = judge(trust, role, &promised, &bytes, stored, &judged);
    if (r)
        trust_role_release(&judged);
    else
        *ret_role = judged;
    return r;
}
