/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/image.h"

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/trust/online_keys.h"
#include "db/q_tuf.h"
#include "tuf/builder.h"
#include "tuf/envelope.h"
#include "tuf/role.h"

#include <string.h>

#define FILE_MAX ((size_t)8 << 20)
#define SIGNED_BY "server"
/* Clients that fetched an old timestamp may still ask for its snapshot. */
#define PRUNE_AFTER_MS ((int64_t)3600000)

/* What one remake needs. */
struct remake {
    struct db *db;
    const struct vault *vault;
    const struct image_lifetimes *lifetimes;
    struct q_tuf_place place;
    int64_t now_ms;
    struct arena *arena;
    struct metadata root;
};

static int load_root(struct remake *remake)
{
    struct q_tuf_file file;
    struct reason reason = {{0}};
    int r = q_tuf_get(remake->db, &remake->place, "root", 0, remake->arena, &file);

    if (r == Q_TUF_E_MISSING)
        return IMAGE_E_NONE;
    if (r)
        return r;
    r = metadata_parse(METADATA_ROOT, (const char *)file.bytes, file.size, &remake->root, &reason);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored root cannot be read: %s", reason.text);
    return r;
}

/* The version that comes after the one in force. */
static int next_version(struct remake *remake, const char *role, int64_t *ret_version)
{
    struct q_tuf_file file;
    int r = q_tuf_get(remake->db, &remake->place, role, 0, remake->arena, &file);

    if (r == Q_TUF_E_MISSING) {
        *ret_version = 1;
        return 0;
    }
    if (!r)
        *ret_version = file.version + 1;
    return r;
}

static int sign(struct remake *remake, enum metadata_type type, const json_t *part,
                struct buffer *bytes)
{
    CLEANUP(key_pair_release) struct key_pair pair = {0};
    struct tuf_role role = role_of_root(&remake->root, type);
    struct signer signer;
    int r = online_keys_open(remake->db, remake->vault, &remake->place, &role, &pair);

    if (r > 0)
        return r == ONLINE_KEYS_E_CLOSED ? IMAGE_E_CLOSED : IMAGE_E_KEY;
    if (r)
        return r;
    signer = key_signer(&pair);
    return envelope_build(part, &signer, 1, bytes);
}

/* Signs and stores a part; ret_file borrows its bytes from the arena. */
static int put(struct remake *remake, enum metadata_type type, const json_t *part,
               int64_t expires_ms, struct q_tuf_file *ret_file)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(FILE_MAX);
    int r = sign(remake, type, part, &bytes);

    if (r)
        return r;
    *ret_file = (struct q_tuf_file){
        .role = metadata_type_name(type),
        .version = json_integer_value(json_object_get(part, "version")),
        .expires_ms = expires_ms,
        .bytes = arena_memdup(remake->arena, bytes.bytes, bytes.size),
        .size = bytes.size,
    };
    digest_sha256(bytes.bytes, bytes.size, ret_file->sha256);
    r = q_tuf_put(remake->db, &remake->place, ret_file, SIGNED_BY, remake->now_ms);
    if (r == Q_TUF_E_EXISTS)
        return log_fail(ERR_INTERNAL, "a version of '%s' was given out twice", ret_file->role);
    return r;
}

static bool is_listed(const char *role)
{
    return strcmp(role, "targets") == 0 || strncmp(role, "model-", 6) == 0;
}

static int list_files(struct remake *remake, json_t *snapshot, bool *ret_targets)
{
    struct q_tuf_file *files;
    size_t count;
    int r = q_tuf_list(remake->db, &remake->place, remake->arena, &files, &count);

    *ret_targets = false;
    for (size_t i = 0; !r && i < count; i++) {
        if (!is_listed(files[i].role))
            continue;
        *ret_targets = *ret_targets || strcmp(files[i].role, "targets") == 0;
        r = builder_listed(snapshot, arena_printf(remake->arena, "%s.json", files[i].role),
                           files[i].version, (int64_t)files[i].size, files[i].sha256);
    }
    return r;
}

static int remake_snapshot(struct remake *remake, struct q_tuf_file *ret_file)
{
    int64_t expires_ms = remake->now_ms + remake->lifetimes->snapshot_ms;
    json_auto_t *part = NULL;
    bool targets;
    int64_t version;
    int r = next_version(remake, "snapshot", &version);

    if (r)
        return r;
    part = builder_new("snapshot", version, expires_ms);
    if (!part)
        return log_fail(ERR_NO_MEMORY, "cannot make a snapshot: out of memory");
    r = list_files(remake, part, &targets);
    if (r)
        return r;
    return targets ? put(remake, METADATA_SNAPSHOT, part, expires_ms, ret_file) : IMAGE_E_NONE;
}

static int remake_timestamp(struct remake *remake, const struct q_tuf_file *snapshot)
{
    int64_t expires_ms = remake->now_ms + remake->lifetimes->timestamp_ms;
    json_auto_t *part = NULL;
    struct q_tuf_file file;
    int64_t version;
    int r = next_version(remake, "timestamp", &version);

    if (r)
        return r;
    part = builder_new("timestamp", version, expires_ms);
    if (!part)
        return log_fail(ERR_NO_MEMORY, "cannot make a timestamp: out of memory");
    r = builder_listed(part, "snapshot.json", snapshot->version, (int64_t)snapshot->size,
                       snapshot->sha256);
    return r ? r : put(remake, METADATA_TIMESTAMP, part, expires_ms, &file);
}

static int run(struct remake *remake, bool with_snapshot)
{
    struct q_tuf_file snapshot;
    int r = load_root(remake);

    if (r)
        return r;
    r = with_snapshot
            ? remake_snapshot(remake, &snapshot)
            : q_tuf_get(remake->db, &remake->place, "snapshot", 0, remake->arena, &snapshot);
    if (r)
        return r == Q_TUF_E_MISSING ? IMAGE_E_NONE : r;
    r = remake_timestamp(remake, &snapshot);
    return r ? r : q_tuf_prune(remake->db, &remake->place, remake->now_ms - PRUNE_AFTER_MS);
}

int image_remake(struct db *db, const struct vault *vault, const struct image_lifetimes *lifetimes,
                 int64_t workspace_id, int64_t now_ms)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct remake remake = {
        .db = db,
        .vault = vault,
        .lifetimes = lifetimes,
        .place = {workspace_id, IMAGE_REPOSITORY},
        .now_ms = now_ms,
        .arena = &arena,
    };
    int r = run(&remake, true);

    metadata_release(&remake.root);
    return r == IMAGE_E_NONE ? 0 : r;
}

/* ---- the engine --------------------------------------------------------------------------------
 */

/* One workspace of a step. */
struct resign {
    struct remake remake;
    int64_t workspace_id;
};

static bool is_due(const struct q_tuf_file *file, int64_t lifetime_ms, int64_t now_ms)
{
    return file->expires_ms < now_ms + lifetime_ms / 2;
}

static int resign_one(struct db *db, void *arg)
{
    struct resign *resign = arg;
    struct remake *remake = &resign->remake;
    struct q_tuf_file snapshot;
    struct q_tuf_file timestamp;
    bool snapshot_due;
    int r = q_tuf_lock(db, resign->workspace_id);

    if (!r)
        r = q_tuf_get(db, &remake->place, "snapshot", 0, remake->arena, &snapshot);
    if (!r)
        r = q_tuf_get(db, &remake->place, "timestamp", 0, remake->arena, &timestamp);
    if (r)
        return r == Q_TUF_E_MISSING ? IMAGE_E_NONE : r;
    snapshot_due = is_due(&snapshot, remake->lifetimes->snapshot_ms, remake->now_ms);
    if (!snapshot_due && !is_due(&timestamp, remake->lifetimes->timestamp_ms, remake->now_ms))
        return IMAGE_E_NONE; /* another instance was quicker */
    metadata_release(&remake->root);
    return run(remake, snapshot_due);
}

static int resign_workspace(struct db *db, const struct vault *vault,
                            const struct image_lifetimes *lifetimes, int64_t workspace_id,
                            int64_t now_ms)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct resign resign = {
        .remake = {.db = db,
                   .vault = vault,
                   .lifetimes = lifetimes,
                   .place = {workspace_id, IMAGE_REPOSITORY},
                   .now_ms = now_ms,
                   .arena = &arena},
        .workspace_id = workspace_id,
    };
    int r = tx_run(db, resign_one, &resign);

    metadata_release(&resign.remake.root);
    return r;
}

static void warn(int64_t workspace_id, int r)
{
    log_line(LOG_WARN, "cannot sign the image repository of workspace %lld again: %s",
             (long long)workspace_id,
             r == IMAGE_E_CLOSED ? "no master key is configured (keys.master_file)"
                                 : "its root names no online key that this server can open");
}

int image_resign(struct db *db, const struct vault *vault, const struct image_lifetimes *lifetimes,
                 int64_t now_ms, int64_t limit, size_t *ret_signed)
{
    CLEANUP(arena_release) struct arena arena = {0};
    int64_t longest_ms = lifetimes->timestamp_ms > lifetimes->snapshot_ms ? lifetimes->timestamp_ms
                                                                          : lifetimes->snapshot_ms;
    size_t signed_count = 0;
    int64_t *workspaces;
    size_t count;
    int r = q_tuf_expiring(db, now_ms + longest_ms / 2, limit, &arena, &workspaces, &count);

    if (r)
        return r;
    for (size_t i = 0; i < count; i++) {
        r = resign_workspace(db, vault, lifetimes, workspaces[i], now_ms);
        if (r < 0)
            return r;
        if (r == IMAGE_E_CLOSED || r == IMAGE_E_KEY)
            warn(workspaces[i], r);
        if (r == 0)
            signed_count++;
    }
    *ret_signed = signed_count;
    return 0;
}
