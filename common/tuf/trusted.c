/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/trusted.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int refuse(struct trusted *trusted, int outcome, const char *role, const char *format, ...)
    PRINTF_LIKE(4, 5);

static int refuse(struct trusted *trusted, int outcome, const char *role, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    reason_set(&trusted->reason, role, format, args);
    va_end(args);
    return outcome;
}

void trusted_release(struct trusted *trusted)
{
    if (!trusted)
        return;
    for (size_t i = 0; i < METADATA_TYPES; i++)
        metadata_release(&trusted->files[i]);
}

const struct metadata *trusted_file(const struct trusted *trusted, enum metadata_type type)
{
    return trusted->files[type].document ? &trusted->files[type] : NULL;
}

static void keep(struct trusted *trusted, struct metadata *metadata)
{
    metadata_release(&trusted->files[metadata->type]);
    trusted->files[metadata->type] = metadata_take(metadata);
}

/* ---- one file ------------------------------------------------------------------------------ */

static int parse(struct trusted *trusted, enum metadata_type type, const char *name,
                 const void *bytes, size_t size, struct metadata *ret_metadata)
{
    struct reason reason = {{0}};
    int r = metadata_parse(type, bytes, size, ret_metadata, &reason);

    return r > 0 ? refuse(trusted, TRUSTED_E_FORMAT, name, "%s", reason.text) : r;
}

static int verify(struct trusted *trusted, const char *name, const struct tuf_role *role,
                  const struct metadata *metadata)
{
    struct reason reason = {{0}};
    int r = role_verify(role, metadata, &reason);

    return r > 0 ? refuse(trusted, TRUSTED_E_SIGNATURE, name, "%s", reason.text) : r;
}

static int parse_and_verify(struct trusted *trusted, enum metadata_type type, const char *name,
                            const struct tuf_role *role, const void *bytes, size_t size,
                            struct metadata *ret_metadata)
{
    CLEANUP(metadata_release) struct metadata metadata = {0};
    int r = parse(trusted, type, name, bytes, size, &metadata);

    if (r)
        return r;
    r = verify(trusted, name, role, &metadata);
    if (r)
        return r;
    *ret_metadata = metadata_take(&metadata);
    return 0;
}

static int check_hashes(struct trusted *trusted, const char *name,
                        const struct metadata_file *promised, const void *bytes, size_t size)
{
    struct reason reason = {{0}};
    int r = metadata_file_check(promised, bytes, size, &reason);

    return r ? refuse(trusted, TRUSTED_E_MISMATCH, name, "%s", reason.text) : 0;
}

static int check_version(struct trusted *trusted, const char *name,
                         const struct metadata_file *promised, const struct metadata *metadata)
{
    if (metadata->version == promised->version)
        return 0;
    return refuse(trusted, TRUSTED_E_MISMATCH, name, "it is version %lld, promised is %lld",
                  (long long)metadata->version, (long long)promised->version);
}

static int check_expiry(struct trusted *trusted, const char *name, const struct metadata *metadata)
{
    char expires[CLOCK_RFC3339_SIZE];
    char now[CLOCK_RFC3339_SIZE];

    if (metadata->expires_ms > trusted->now_ms)
        return 0;
    clock_format_rfc3339(metadata->expires_ms, expires);
    clock_format_rfc3339(trusted->now_ms, now);
    return refuse(trusted, TRUSTED_E_FREEZE, name,
                  "version %lld has expired at %s, by this clock it is %s",
                  (long long)metadata->version, expires, now);
}

static struct tuf_role top_level_role(const struct trusted *trusted, enum metadata_type type)
{
    return role_of_root(&trusted->files[METADATA_ROOT], type);
}

/* ---- root ---------------------------------------------------------------------------------- */

int trusted_root(struct trusted *trusted, const void *bytes, size_t size)
{
    CLEANUP(metadata_release) struct metadata root = {0};
    struct tuf_role role;
    int r = parse(trusted, METADATA_ROOT, "root", bytes, size, &root);

    if (r)
        return r;
    role = role_of_root(&root, METADATA_ROOT);
    r = verify(trusted, "root", &role, &root);
    if (r)
        return r;
    keep(trusted, &root);
    return 0;
}

static bool keys_differ(const struct metadata *old, const struct metadata *new,
                        enum metadata_type type)
{
    struct tuf_role old_role = role_of_root(old, type);
    struct tuf_role new_role = role_of_root(new, type);

    return !role_same_keys(&old_role, &new_role);
}

int trusted_next_root(struct trusted *trusted, const void *bytes, size_t size, bool *ret_rotated)
{
    const struct metadata *old = &trusted->files[METADATA_ROOT];
    struct tuf_role old_role = top_level_role(trusted, METADATA_ROOT);
    CLEANUP(metadata_release) struct metadata root = {0};
    struct tuf_role new_role;
    int r = parse_and_verify(trusted, METADATA_ROOT, "root", &old_role, bytes, size, &root);

    if (r)
        return r;
    new_role = role_of_root(&root, METADATA_ROOT);
    r = verify(trusted, "root", &new_role, &root);
    if (r)
        return r;
    if (root.version != old->version + 1)
        return refuse(trusted, TRUSTED_E_ROLLBACK, "root", "it is version %lld, not %lld",
                      (long long)root.version, (long long)old->version + 1);
    *ret_rotated =
        keys_differ(old, &root, METADATA_TIMESTAMP) || keys_differ(old, &root, METADATA_SNAPSHOT);
    keep(trusted, &root);
    return 0;
}

int trusted_root_final(struct trusted *trusted)
{
    return check_expiry(trusted, "root", &trusted->files[METADATA_ROOT]);
}

/* ---- timestamp ----------------------------------------------------------------------------- */

static int check_timestamp_rollback(struct trusted *trusted, const struct metadata *new)
{
    const struct metadata *old = trusted_file(trusted, METADATA_TIMESTAMP);
    struct metadata_file old_snapshot;
    struct metadata_file new_snapshot;

    if (!old)
        return 0;
    if (new->version < old->version)
        return refuse(trusted, TRUSTED_E_ROLLBACK, "timestamp", "version %lld is older than %lld",
                      (long long)new->version, (long long)old->version);
    if (new->version == old->version)
        return TRUSTED_E_SAME;
    (void)metadata_file(old, "snapshot.json", &old_snapshot);
    (void)metadata_file(new, "snapshot.json", &new_snapshot);
    if (new_snapshot.version < old_snapshot.version)
        return refuse(trusted, TRUSTED_E_ROLLBACK, "timestamp",
                      "its snapshot version %lld is older than %lld",
                      (long long)new_snapshot.version, (long long)old_snapshot.version);
    return 0;
}

int trusted_timestamp(struct trusted *trusted, enum trusted_origin origin, const void *bytes,
                      size_t size)
{
    struct tuf_role role = top_level_role(trusted, METADATA_TIMESTAMP);
    CLEANUP(metadata_release) struct metadata timestamp = {0};
    int r =
        parse_and_verify(trusted, METADATA_TIMESTAMP, "timestamp", &role, bytes, size, &timestamp);

    if (r)
        return r;
    r = check_timestamp_rollback(trusted, &timestamp);
    if (r)
        return r;
    if (origin == TRUSTED_REMOTE) {
        r = check_expiry(trusted, "timestamp", &timestamp);
        if (r)
            return r;
    }
    keep(trusted, &timestamp);
    return 0;
}

int trusted_timestamp_final(struct trusted *trusted)
{
    return check_expiry(trusted, "timestamp", &trusted->files[METADATA_TIMESTAMP]);
}

/* ---- snapshot ------------------------------------------------------------------------------ */

/* 5.5.5: every role that was listed still is, with no lower version. */
static int check_snapshot_rollback(struct trusted *trusted, const struct metadata *new)
{
    const struct metadata *old = trusted_file(trusted, METADATA_SNAPSHOT);
    const char *name;
    json_t *value;

    if (!old)
        return 0;
    json_object_foreach (json_object_get(old->signed_part, "meta"), name, value) {
        struct metadata_file before;
        struct metadata_file after;

        (void)metadata_file(old, name, &before);
        if (!metadata_file(new, name, &after))
            return refuse(trusted, TRUSTED_E_ROLLBACK, "snapshot", "'%.80s' is gone", name);
        if (after.version < before.version)
            return refuse(trusted, TRUSTED_E_ROLLBACK, "snapshot",
                          "'%.80s' version %lld is older than %lld", name, (long long)after.version,
                          (long long)before.version);
    }
    return 0;
}

int trusted_snapshot(struct trusted *trusted, enum trusted_origin origin, const void *bytes,
                     size_t size)
{
    struct tuf_role role = top_level_role(trusted, METADATA_SNAPSHOT);
    CLEANUP(metadata_release) struct metadata snapshot = {0};
    struct metadata_file promised = {.length = -1};
    int r = 0;

    if (origin == TRUSTED_REMOTE) {
        (void)metadata_file(&trusted->files[METADATA_TIMESTAMP], "snapshot.json", &promised);
        r = check_hashes(trusted, "snapshot", &promised, bytes, size);
    }
    if (r)
        return r;
    r = parse_and_verify(trusted, METADATA_SNAPSHOT, "snapshot", &role, bytes, size, &snapshot);
    if (!r && origin == TRUSTED_REMOTE)
        r = check_version(trusted, "snapshot", &promised, &snapshot);
    if (!r && origin == TRUSTED_REMOTE)
        r = check_snapshot_rollback(trusted, &snapshot);
    if (!r && origin == TRUSTED_REMOTE)
        r = check_expiry(trusted, "snapshot", &snapshot);
    if (r)
        return r;
    keep(trusted, &snapshot);
    return 0;
}

int trusted_snapshot_final(struct trusted *trusted)
{
    const struct metadata *snapshot = trusted_file(trusted, METADATA_SNAPSHOT);
    struct metadata_file promised;
    int r;

    if (!snapshot)
        return refuse(trusted, TRUSTED_E_MISMATCH, "snapshot", "none is trusted");
    (void)metadata_file(&trusted->files[METADATA_TIMESTAMP], "snapshot.json", &promised);
    r = check_version(trusted, "snapshot", &promised, snapshot);
    return r ? r : check_expiry(trusted, "snapshot", snapshot);
}

/* ---- targets ------------------------------------------------------------------------------- */

int trusted_delegated(struct trusted *trusted, const char *name, const struct tuf_role *role,
                      const void *bytes, size_t size, struct metadata *ret_metadata)
{
    CLEANUP(metadata_release) struct metadata targets = {0};
    struct metadata_file promised;
    int r;

    if (!metadata_file_of_role(&trusted->files[METADATA_SNAPSHOT], name, &promised))
        return refuse(trusted, TRUSTED_E_UNLISTED, name, "snapshot does not list it");
    r = check_hashes(trusted, name, &promised, bytes, size);
    if (r)
        return r;
    r = parse_and_verify(trusted, METADATA_TARGETS, name, role, bytes, size, &targets);
    if (r)
        return r;
    r = check_version(trusted, name, &promised, &targets);
    if (r)
        return r;
    r = check_expiry(trusted, name, &targets);
    if (r)
        return r;
    *ret_metadata = metadata_take(&targets);
    return 0;
}

int trusted_targets(struct trusted *trusted, const void *bytes, size_t size)
{
    struct tuf_role role = top_level_role(trusted, METADATA_TARGETS);
    struct metadata targets;
    int r = trusted_delegated(trusted, "targets", &role, bytes, size, &targets);

    if (r)
        return r;
    keep(trusted, &targets);
    return 0;
}
