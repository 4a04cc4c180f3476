/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/stage.h"

#include "agent/identity.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/text.h"
#include "model/manifest.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_FILE ".manifest.json"

static void step(void *state);

static void staging_path(const char *slot, const char *name, char ret_path[static SLOT_PATH_SIZE])
{
    int length = snprintf(ret_path, SLOT_PATH_SIZE,
                          *name ? "models/%s/staging/%s" : "models/%s/staging%s", slot, name);

    assert(length > 0 && length < SLOT_PATH_SIZE);
    (void)length;
}

static void version_path(const char *slot, const char *id, const char *name,
                         char ret_path[static SLOT_PATH_SIZE])
{
    int length =
        snprintf(ret_path, SLOT_PATH_SIZE,
                 *name ? "models/%s/versions/%s/%s" : "models/%s/versions/%s%s", slot, id, name);

    assert(length > 0 && length < SLOT_PATH_SIZE);
    (void)length;
}

int stage_sweep(const struct store *store, const char *slot)
{
    char path[SLOT_PATH_SIZE];

    staging_path(slot, "", path);
    return file_remove_tree(store->dir_fd, path);
}

int stage_manifest(const struct store *store, const char *slot, const char *id, char **ret_bytes,
                   size_t *ret_size)
{
    char path[SLOT_PATH_SIZE];
    int r;

    version_path(slot, id, MANIFEST_FILE, path);
    r = file_read(store->dir_fd, path, MANIFEST_SIZE_MAX, ret_bytes, ret_size);
    return r > 0 ? SLOT_E_NONE : r;
}

static const struct slot_artifact *artifact_at_hand(const struct stage *stage)
{
    return &stage->version->artifacts[stage->index];
}

void stage_cancel(struct stage *stage)
{
    if (!stage->busy)
        return;
    fetch_cancel(&stage->fetch);
    verify_cancel(&stage->verify);
    loop_disarm(stage->parts->loop, &stage->step);
    stage->busy = false;
}

static void finish(struct stage *stage, enum stage_outcome outcome, const char *code,
                   const char *detail, int64_t retry_after_ms)
{
    struct stage_result result = {
        .outcome = outcome, .code = code, .detail = detail, .retry_after_ms = retry_after_ms};

    if (code && stage->index < stage->version->artifact_count)
        result.artifact = artifact_at_hand(stage)->name;
    stage_cancel(stage);
    stage->done(stage->state, &result);
}

static void finish_fatal(struct stage *stage, int r, const char *what)
{
    char detail[256];
    bool full = r == ERR_NO_SPACE;

    (void)snprintf(detail, sizeof(detail), "%s%s; the agent tries again by itself", what,
                   full ? ": the disk is full, free some space" : " failed, the log says why");
    finish(stage, STAGE_E_RETRY, full ? "disk-full" : "system-error", detail, -1);
}

static void next_artifact(struct stage *stage)
{
    stage->index++;
    stage->tried_local = false;
    loop_arm(stage->parts->loop, &stage->step, 0);
}

/* ---- one artifact */

static int link_into_staging(struct stage *stage, const char *from)
{
    const struct store *store = stage->parts->store;
    char to[SLOT_PATH_SIZE];

    staging_path(stage->slot, artifact_at_hand(stage)->name, to);
    if (unlinkat(store->dir_fd, to, 0) < 0 && errno != ENOENT)
        return log_fail_errno("cannot replace '%s'", to);
    if (linkat(store->dir_fd, from, store->dir_fd, to, 0) < 0)
        return log_fail_errno("cannot link '%s' to '%s'", from, to);
    /* applications run as other users; a model is no secret on its own device */
    if (fchmodat(store->dir_fd, to, 0444, 0) < 0)
        return log_fail_errno("cannot set the mode of '%s'", to);
    return 0;
}

/* One row an outcome: what the report calls it. */
static const char *const fetch_codes[] = {
    [FETCH_OK] = NULL,
    [FETCH_E_NETWORK] = "unreachable",
    [FETCH_E_SLOW] = "slow-retrieval",
    [FETCH_E_REFUSED] = "missing",
    [FETCH_E_HASH] = "wrong-bytes",
    [FETCH_E_ENDLESS] = "endless-data",
    [FETCH_E_NO_SPACE] = "disk-full",
    [FETCH_E_SYSTEM] = "system-error",
};

static void on_fetched(void *state, enum fetch_outcome outcome, int64_t retry_after_ms,
                       const char *detail)
{
    struct stage *stage = state;
    char path[FETCH_PATH_SIZE];
    int r;

    if (outcome != FETCH_OK) {
        finish(stage, STAGE_E_RETRY, fetch_codes[outcome], detail, retry_after_ms);
        return;
    }
    fetch_path(artifact_at_hand(stage)->sha256, path);
    r = link_into_staging(stage, path);
    if (r)
        finish_fatal(stage, r, "staging an artifact");
    else
        next_artifact(stage);
}

static void start_fetch(struct stage *stage)
{
    const struct slot_artifact *artifact = artifact_at_hand(stage);
    struct fetch_order order = {.token = stage->parts->identity->token, .length = artifact->length};
    char url[IDENTITY_URL_SIZE + 128];
    char hex[DIGEST_SHA256_HEX_SIZE];
    int r;

    text_hex(artifact->sha256, DIGEST_SHA256_SIZE, hex);
    (void)snprintf(url, sizeof(url), "%s/device/v1/artifacts/%s", stage->parts->url, hex);
    memcpy(order.sha256, artifact->sha256, sizeof(order.sha256));
    order.url = url;
    r = fetch_start(&stage->fetch, stage->parts->loop, stage->parts->store, &order, on_fetched,
                    stage);
    if (r)
        finish_fatal(stage, r, "downloading an artifact");
}

static void on_verified(void *state, bool good)
{
    struct stage *stage = state;
    const struct slot_artifact *artifact = artifact_at_hand(stage);

    if (good) {
        next_artifact(stage);
        return;
    }
    log_line(LOG_WARN, "slot '%s': '%s' on this device is damaged", stage->slot, artifact->name);
    if (stage->in_place) {
        finish(stage, STAGE_E_BROKEN, "damaged", "the installed version is damaged", -1);
        return;
    }
    start_fetch(stage);
}

/* Whether its bytes are in another version here: linked, then hashed, before they are believed. */
static int try_local(struct stage *stage)
{
    const struct slot_artifact *artifact = artifact_at_hand(stage);
    const struct parts *parts = stage->parts;
    char path[SLOT_PATH_SIZE];
    int r;

    stage->tried_local = true;
    r = slot_find_artifact(parts->store, artifact->sha256, artifact->length, path);
    if (r)
        return r;
    r = link_into_staging(stage, path);
    if (r)
        return r;
    staging_path(stage->slot, artifact->name, path);
    return verify_start(&stage->verify, parts->loop, parts->store, path, artifact->sha256,
                        artifact->length, on_verified, stage);
}

/* A file of that name in downloads/ was verified and made durable before it got the name. */
static bool is_downloaded(const struct stage *stage, char ret_path[static FETCH_PATH_SIZE])
{
    struct stat stat;

    fetch_path(artifact_at_hand(stage)->sha256, ret_path);
    return fstatat(stage->parts->store->dir_fd, ret_path, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(stat.st_mode) && stat.st_size == artifact_at_hand(stage)->length;
}

static void stage_artifact(struct stage *stage)
{
    char path[FETCH_PATH_SIZE];
    int r;

    if (is_downloaded(stage, path)) {
        r = link_into_staging(stage, path);
        if (r)
            finish_fatal(stage, r, "staging an artifact");
        else
            next_artifact(stage);
        return;
    }
    r = try_local(stage);
    if (r < 0)
        finish_fatal(stage, r, "looking for an artifact");
    else if (r)
        start_fetch(stage);
}

static void verify_in_place(struct stage *stage)
{
    const struct slot_artifact *artifact = artifact_at_hand(stage);
    char path[SLOT_PATH_SIZE];
    int r;

    version_path(stage->slot, stage->id, artifact->name, path);
    r = verify_start(&stage->verify, stage->parts->loop, stage->parts->store, path,
                     artifact->sha256, artifact->length, on_verified, stage);
    if (r < 0)
        finish_fatal(stage, r, "verifying the installed version");
    else if (r)
        on_verified(stage, false);
}

/* ---- the whole */

static int sync_folder(const struct stage *stage, const char *rest)
{
    char path[SLOT_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "models/%s%s", stage->slot, rest);
    return file_sync_dir(stage->parts->store->dir_fd, path);
}

static int describe(struct stage *stage)
{
    char path[SLOT_PATH_SIZE];
    AUTO_CLOSE int fd = -1;
    int r;

    staging_path(stage->slot, "", path);
    fd = openat(stage->parts->store->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return log_fail_errno("cannot open '%s'", path);
    r = file_replace(fd, MANIFEST_FILE, stage->manifest, stage->manifest_size, 0444);
    if (r)
        return r;
    return slot_save_version(fd, stage->version);
}

/* The directory is durable, with everything in it, before it gets its name. */
static int publish(struct stage *stage)
{
    const struct store *store = stage->parts->store;
    char from[SLOT_PATH_SIZE];
    char to[SLOT_PATH_SIZE];
    int r = describe(stage);

    if (!r)
        r = sync_folder(stage, "/staging");
    if (r)
        return r;
    staging_path(stage->slot, "", from);
    version_path(stage->slot, stage->id, "", to);
    if (renameat(store->dir_fd, from, store->dir_fd, to) < 0)
        return log_fail_errno("cannot rename '%s' to '%s'", from, to);
    r = sync_folder(stage, "/versions");
    return r ? r : sync_folder(stage, "");
}

static void step(void *state)
{
    struct stage *stage = state;
    int r;

    if (stage->index < stage->version->artifact_count) {
        if (stage->in_place)
            verify_in_place(stage);
        else
            stage_artifact(stage);
        return;
    }
    r = stage->in_place ? 0 : publish(stage);
    if (r)
        finish_fatal(stage, r, "staging the version");
    else
        finish(stage, STAGE_OK, NULL, "", -1);
}

static int prepare(struct stage *stage)
{
    const struct store *store = stage->parts->store;
    CLEANUP(arena_release) struct arena arena = {0};
    struct slot_version existing;
    char path[SLOT_PATH_SIZE];
    int r;

    r = slot_load_version(store, stage->slot, stage->id, &arena, &existing);
    if (r < 0)
        return r;
    stage->in_place = !r &&
                      strcmp(existing.manifest_sha256, stage->version->manifest_sha256) == 0 &&
                      strcmp(existing.variant, stage->version->variant) == 0;
    if (stage->in_place)
        return 0;
    r = stage_sweep(store, stage->slot);
    if (r)
        return r;
    staging_path(stage->slot, "", path);
    return file_mkdirs(store->dir_fd, path, 0755);
}

int stage_start(struct stage *stage, const struct parts *parts, const char *slot,
                const struct slot_version *version, const char *manifest, size_t manifest_size,
                void (*done)(void *state, const struct stage_result *result), void *state)
{
    int r;

    *stage = (struct stage){.parts = parts,
                            .slot = slot,
                            .version = version,
                            .manifest = manifest,
                            .manifest_size = manifest_size,
                            .done = done,
                            .state = state,
                            .busy = true};
    stage->step = (struct loop_timer){.fire = step, .state = stage};
    slot_id(version, stage->id);
    r = prepare(stage);
    if (r) {
        stage->busy = false;
        return r;
    }
    loop_arm(parts->loop, &stage->step, 0);
    return 0;
}

void stage_progress(const struct stage *stage, int64_t *ret_done, int64_t *ret_total)
{
    int64_t done = stage->fetch.busy ? stage->fetch.offset : 0;
    int64_t total = 0;

    for (size_t i = 0; stage->busy && i < stage->version->artifact_count; i++) {
        total += stage->version->artifacts[i].length;
        if (i < stage->index)
            done += stage->version->artifacts[i].length;
    }
    *ret_done = done;
    *ret_total = total;
}
