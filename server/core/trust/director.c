/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust/director.h"

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

/* One device's files on their way through the transaction. */
struct work {
    const struct director_settings *settings;
    int64_t device_id;
    int64_t now_ms;
    struct arena *arena;
    struct db *db;
    struct q_director_device device;
    struct q_director_files files;
    struct q_tuf_place place;
    struct metadata root;
    struct key_pair pair;
};

/* Releases what a try has gathered. */
static void reset(struct work *work)
{
    metadata_release(&work->root);
    key_pair_release(&work->pair);
    work->pair = (struct key_pair){0};
}

static int load_root(struct work *work)
{
    struct q_tuf_file file;
    struct reason reason = {{0}};
    int r = q_tuf_get(work->db, &work->place, "root", 0, work->arena, &file);

    if (r == Q_TUF_E_MISSING)
        return DIRECTOR_E_NONE;
    if (r)
        return r;
    r = metadata_parse(METADATA_ROOT, (const char *)file.bytes, file.size, &work->root, &reason);
    if (r > 0)
        return log_fail(ERR_INTERNAL, "a stored root cannot be read: %s", reason.text);
    return r;
}

static int open_key(struct work *work)
{
    struct tuf_role role = role_of_root(&work->root, METADATA_TARGETS);
    int r = online_keys_open(work->db, work->settings->vault, &work->place, &role, &work->pair);

    if (r > 0)
        return r == ONLINE_KEYS_E_CLOSED ? DIRECTOR_E_CLOSED : DIRECTOR_E_KEY;
    return r;
}

static bool is_due(const struct work *work)
{
    const struct q_director_files *files = &work->files;

    return files->version == 0 || files->state_version != work->device.state_version ||
           files->root_version != work->root.version ||
           files->expires_ms < work->now_ms + work->settings->lifetime_ms / 2;
}

/* ---- what is said
 * ---------------------------------------------------------------------------------- */

static int no_memory(void)
{
    return log_fail(ERR_NO_MEMORY, "cannot sign for a device: out of memory");
}

/* A second slot that runs the same version shares the target. */
static int add_target(json_t *part, const struct q_director_target *target)
{
    json_t *known = json_object_get(json_object_get(part, "targets"), target->path);
    json_t *slot = json_pack("{s:s, s:s, s:s}", "role", target->role, "variant", target->variant,
                             "reload", target->reload);
    json_t *custom = known ? json_object_get(known, "custom")
                           : json_pack("{s:s, s:s, s:{}}", "model", target->model, "version",
                                       target->version, "slots");
    int failed = json_object_set_new(json_object_get(custom, "slots"), target->slot, slot);

    if (failed) {
        if (!known)
            json_decref(custom);
        return no_memory();
    }
    if (known)
        return 0;
    return builder_target(part, target->path, target->length, target->sha256, custom);
}

static int fill_targets(struct work *work, json_t *part)
{
    const struct q_director_device *device = &work->device;
    struct q_director_target *targets = NULL;
    size_t count = 0;
    int r = 0;

    if (json_object_set_new(part, "custom",
                            json_pack("{s:s, s:s, s:s, s:I}", "workspace", device->workspace,
                                      "device", device->uuid, "name", device->name, "state_version",
                                      (json_int_t)device->state_version)))
        return no_memory();
    if (device->assignment_id)
        r = q_director_targets(work->db, device->assignment_id, work->arena, &targets, &count);
    for (size_t i = 0; !r && i < count; i++)
        r = add_target(part, &targets[i]);
    return r;
}

/* ---- signing
 * --------------------------------------------------------------------------------------- */

/* Ends the part: signs it, and gives its text from the arena. */
static int seal(struct work *work, const json_t *part, const char **ret_text, size_t *ret_size)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER(FILE_MAX);
    struct signer signer = key_signer(&work->pair);
    int r = envelope_build(part, &signer, 1, &bytes);

    if (r)
        return r;
    *ret_text = arena_strndup(work->arena, bytes.bytes, bytes.size);
    *ret_size = bytes.size;
    return 0;
}

static int sign_targets(struct work *work, struct q_director_files *files)
{
    json_auto_t *part = builder_new("targets", files->version, files->expires_ms);
    int r = part ? fill_targets(work, part) : no_memory();

    return r ? r : seal(work, part, &files->targets, &files->targets_size);
}

/* A file that lists just one other. */
static int sign_listing(struct work *work, const char *type, const char *listed, const char *text,
                        size_t size, struct q_director_files *files, const char **ret_text,
                        size_t *ret_size)
{
    json_auto_t *part = builder_new(type, files->version, files->expires_ms);
    int r = part ? builder_meta(part, listed, files->version, text, size) : no_memory();

    return r ? r : seal(work, part, ret_text, ret_size);
}

static int sign_all(struct work *work)
{
    struct q_director_files files = {
        .version = work->files.version + 1,
        .state_version = work->device.state_version,
        .root_version = work->root.version,
        .signed_ms = work->now_ms,
        .expires_ms = work->now_ms + work->settings->lifetime_ms,
    };
    int r = open_key(work);

    if (!r)
        r = sign_targets(work, &files);
    if (!r)
        r = sign_listing(work, "snapshot", "targets.json", files.targets, files.targets_size,
                         &files, &files.snapshot, &files.snapshot_size);
    if (!r)
        r = sign_listing(work, "timestamp", "snapshot.json", files.snapshot, files.snapshot_size,
                         &files, &files.timestamp, &files.timestamp_size);
    if (!r)
        r = q_director_put(work->db, &work->device, &files);
    if (!r)
        work->files = files;
    return r;
}

/* The device is read again behind the lock: what it should run may have changed meanwhile. */
static int load(struct work *work)
{
    int r = q_director_device(work->db, work->device_id, work->arena, &work->device);

    if (r)
        return r == Q_DIRECTOR_E_MISSING ? DIRECTOR_E_MISSING : r;
    work->place = (struct q_tuf_place){work->device.workspace_id, DIRECTOR_REPOSITORY};
    r = load_root(work);
    return r ? r : q_director_files(work->db, work->device_id, work->arena, &work->files);
}

static int renew(struct db *db, void *arg)
{
    struct work *work = arg;
    int r;

    reset(work);
    work->db = db;
    r = q_director_lock(db, work->device_id);
    if (!r)
        r = load(work);
    if (!r && is_due(work))
        r = sign_all(work);
    return r;
}

int director_files(struct db *db, const struct director_settings *settings, int64_t device_id,
                   int64_t now_ms, struct arena *arena, struct q_director_files *ret_files)
{
    struct work work = {
        .settings = settings,
        .device_id = device_id,
        .now_ms = now_ms,
        .arena = arena,
        .db = db,
    };
    int r = load(&work);

    if (!r && is_due(&work))
        r = tx_run(db, renew, &work);
    reset(&work);
    if (r)
        return r;
    *ret_files = work.files;
    return 0;
}
