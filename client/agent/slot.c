/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/slot.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/text.h"
#include "model/name.h"
#include "model/variant.h"
#include "json/fields.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define VERSION_FILE ".version.json"
#define VERSION_FILE_MAX ((size_t)256 << 10)
#define DOOMED_PREFIX ".doomed-"

DEFINE_CLEANUP(cleanup_json, json_t *, json_decref);
DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

static const char *check_id(const char *text);

static void path_of(char ret_path[static SLOT_PATH_SIZE], const char *slot, const char *rest)
{
    int length = snprintf(ret_path, SLOT_PATH_SIZE, "models/%s/%s", slot, rest);

    assert(length > 0 && length < SLOT_PATH_SIZE); /* names are checked where they come in */
    (void)length;
}

static void version_path(char ret_path[static SLOT_PATH_SIZE], const char *slot, const char *id)
{
    int length = snprintf(ret_path, SLOT_PATH_SIZE, "models/%s/versions/%s", slot, id);

    assert(length > 0 && length < SLOT_PATH_SIZE);
    (void)length;
}

void slot_id(const struct slot_version *version, char ret_id[static SLOT_ID_SIZE])
{
    struct digest_sha256 state;
    uint8_t digest[DIGEST_SHA256_SIZE];
    char hex[17];

    digest_sha256_init(&state);
    digest_sha256_update(&state, version->model, strlen(version->model) + 1);
    digest_sha256_update(&state, version->manifest_sha256, strlen(version->manifest_sha256) + 1);
    digest_sha256_update(&state, version->variant, strlen(version->variant) + 1);
    digest_sha256_final(&state, digest);
    text_hex(digest, 8, hex);
    (void)snprintf(ret_id, SLOT_ID_SIZE, "%s-%s", version->version, hex);
}

/* What slot_id makes: nothing that could lead out of versions/. */
static const char *check_id(const char *text)
{
    const char *dash = strrchr(text, '-');
    char version[SLOT_ID_SIZE];

    if (strlen(text) >= SLOT_ID_SIZE || !dash || strspn(dash + 1, "0123456789abcdef") != 16 ||
        dash[17] != '\0')
        return "a version's directory name";
    (void)snprintf(version, sizeof(version), "%.*s", (int)(dash - text), text);
    return name_check_version(version);
}

int slot_create(const struct store *store, const char *slot)
{
    char path[SLOT_PATH_SIZE];

    path_of(path, slot, "versions");
    return file_mkdirs(store->dir_fd, path, 0755);
}

int slot_resolve(const struct store *store, const char *slot, const char *link,
                 char ret_id[static SLOT_ID_SIZE])
{
    char path[SLOT_PATH_SIZE];
    char target[SLOT_PATH_SIZE];
    ssize_t length;

    path_of(path, slot, link);
    length = readlinkat(store->dir_fd, path, target, sizeof(target) - 1);
    if (length < 0 && (errno == ENOENT || errno == ENOTDIR))
        return SLOT_E_NONE;
    if (length < 0 && errno == EINVAL)
        return SLOT_E_BROKEN;
    if (length < 0)
        return log_fail_errno("cannot read the link '%s'", path);
    target[length] = '\0';
    if (strncmp(target, "versions/", 9) != 0 || check_id(target + 9))
        return SLOT_E_BROKEN;
    (void)snprintf(ret_id, SLOT_ID_SIZE, "%.95s", target + 9);
    return 0;
}

int slot_point(const struct store *store, const char *slot, const char *link, const char *id)
{
    char path[SLOT_PATH_SIZE];
    char file[SLOT_PATH_SIZE + sizeof("/" VERSION_FILE)];
    char target[SLOT_ID_SIZE + sizeof("versions/")];

    version_path(path, slot, id);
    (void)snprintf(file, sizeof(file), "%s/" VERSION_FILE, path);
    if (faccessat(store->dir_fd, file, F_OK, 0) < 0)
        return errno == ENOENT ? SLOT_E_NONE : log_fail_errno("cannot look at '%s'", file);
    path_of(path, slot, link);
    (void)snprintf(target, sizeof(target), "versions/%s", id);
    return file_replace_link(store->dir_fd, path, target);
}

int slot_unlink_previous(const struct store *store, const char *slot)
{
    char path[SLOT_PATH_SIZE];

    path_of(path, slot, SLOT_LINK_PREVIOUS);
    return store_remove(store, path);
}

/* ---- .version.json */

static const struct field artifact_fields[] = {
    FIELD("name", STRING, struct slot_artifact, name, .required = true,
          .check = name_check_artifact),
    FIELD("length", INTEGER, struct slot_artifact, length, .required = true, .max = INT64_MAX),
    FIELD("sha256", HEX, struct slot_artifact, sha256, .required = true, .max = DIGEST_SHA256_SIZE),
};
static const struct shape artifact_shape = SHAPE(struct slot_artifact, artifact_fields);

static const struct field version_fields[] = {
    FIELD("model", STRING, struct slot_version, model, .required = true, .check = name_check),
    FIELD("version", STRING, struct slot_version, version, .required = true,
          .check = name_check_version),
    FIELD("variant", STRING, struct slot_version, variant, .required = true,
          .check = variant_check),
    FIELD("manifest_sha256", STRING, struct slot_version, manifest_sha256, .required = true,
          .min = 64, .max = 64),
    FIELD("release_counter", INTEGER, struct slot_version, release_counter, .max = INT64_MAX),
    FIELD_ARRAY("artifacts", LIST, struct slot_version, artifacts, artifact_count, .required = true,
                .min = 1, .shape = &artifact_shape),
};
static const struct shape version_shape = SHAPE(struct slot_version, version_fields, .open = true);

int slot_load_version(const struct store *store, const char *slot, const char *id,
                      struct arena *arena, struct slot_version *ret_version)
{
    CLEANUP(cleanup_json) json_t *object = NULL;
    char path[SLOT_PATH_SIZE];
    char file[SLOT_PATH_SIZE + sizeof("/" VERSION_FILE)];
    struct fields_error error = {0};
    int r;

    version_path(path, slot, id);
    (void)snprintf(file, sizeof(file), "%s/" VERSION_FILE, path);
    r = store_load(store, file, &object);
    if (r == STORE_E_MISSING)
        return SLOT_E_NONE;
    if (r == STORE_E_BROKEN)
        return SLOT_E_BROKEN;
    if (r)
        return r;
    return fields_decode(&version_shape, object, arena, ret_version, &error) ? SLOT_E_BROKEN : 0;
}

int slot_save_version(int dir_fd, const struct slot_version *version)
{
    CLEANUP(cleanup_json) json_t *object = json_object();
    json_t *artifacts = json_array();
    struct store store = {.dir_fd = dir_fd, .lock_fd = -1, .path = "staging"};
    int bad = 0;

    for (size_t i = 0; i < version->artifact_count; i++) {
        const struct slot_artifact *artifact = &version->artifacts[i];
        char hex[DIGEST_SHA256_HEX_SIZE];

        text_hex(artifact->sha256, DIGEST_SHA256_SIZE, hex);
        bad |= json_array_append_new(artifacts,
                                     json_pack("{s:s,s:I,s:s}", "name", artifact->name, "length",
                                               (json_int_t)artifact->length, "sha256", hex));
    }
    bad |= json_object_set_new(object, "artifacts", artifacts);
    bad |= json_object_set_new(object, "model", json_string(version->model));
    bad |= json_object_set_new(object, "version", json_string(version->version));
    bad |= json_object_set_new(object, "variant", json_string(version->variant));
    bad |= json_object_set_new(object, "manifest_sha256", json_string(version->manifest_sha256));
    if (version->release_counter)
        bad |=
            json_object_set_new(object, "release_counter", json_integer(version->release_counter));
    if (bad)
        return log_fail(ERR_NO_MEMORY, "cannot describe a version: out of memory");
    return store_save(&store, VERSION_FILE, object, 0444);
}

/* ---- slot.json */

static void copy_member(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));

    (void)snprintf(ret_text, size, "%s", text ? text : "");
}

static int64_t number_member(const json_t *object, const char *name, int64_t fallback)
{
    const json_t *member = json_object_get(object, name);

    return json_is_integer(member) ? json_integer_value(member) : fallback;
}

int slot_load_status(const struct store *store, const char *slot, struct slot_status *ret_status)
{
    CLEANUP(cleanup_json) json_t *object = NULL;
    struct slot_status status = {.gap_us = -1, .duration_ms = -1};
    char path[SLOT_PATH_SIZE];
    int r;

    path_of(path, slot, "slot.json");
    r = store_load(store, path, &object);
    if (r < 0)
        return r;
    if (r == STORE_E_BROKEN)
        log_line(LOG_WARN, "ignoring '%s': it is not what the agent wrote", path);
    if (!r) {
        status.managed = json_is_true(json_object_get(object, "managed"));
        copy_member(object, "failed_manifest", status.failed_manifest,
                    sizeof(status.failed_manifest));
        copy_member(object, "failed_code", status.failed_code, sizeof(status.failed_code));
        copy_member(object, "failed_detail", status.failed_detail, sizeof(status.failed_detail));
        copy_member(object, "told_code", status.told_code, sizeof(status.told_code));
        status.failed_state_version = number_member(object, "failed_state_version", 0);
        status.released_for_ms = number_member(object, "released_for_ms", 0);
        status.installed_ms = number_member(object, "installed_ms", 0);
        status.gap_us = number_member(object, "gap_us", -1);
        status.duration_ms = number_member(object, "duration_ms", -1);
    }
    *ret_status = status;
    return 0;
}

int slot_save_status(const struct store *store, const char *slot, const struct slot_status *status)
{
    CLEANUP(cleanup_json)
    json_t *object = json_pack(
        "{s:b,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "managed", (int)status->managed,
        "failed_manifest", status->failed_manifest, "failed_code", status->failed_code,
        "failed_detail", status->failed_detail, "told_code", status->told_code,
        "failed_state_version", (json_int_t)status->failed_state_version, "released_for_ms",
        (json_int_t)status->released_for_ms, "installed_ms", (json_int_t)status->installed_ms,
        "gap_us", (json_int_t)status->gap_us, "duration_ms", (json_int_t)status->duration_ms);
    char path[SLOT_PATH_SIZE];

    if (!object)
        return log_fail(ERR_NO_MEMORY, "cannot describe slot '%s': out of memory", slot);
    path_of(path, slot, "slot.json");
    return store_save(store, path, object, 0644);
}

/* ---- walking */

/* NULL, with errno, where it cannot be opened. */
static DIR *open_dir(const struct store *store, const char *path)
{
    int fd = openat(store->dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir;

    if (fd < 0)
        return NULL;
    dir = fdopendir(fd);
    if (!dir)
        (void)close(fd);
    return dir;
}

static int each_entry(const struct store *store, const char *path,
                      const char *(*check)(const char *),
                      int (*visit)(void *state, const char *name), void *state)
{
    CLEANUP(cleanup_closedir) DIR *dir = open_dir(store, path);

    if (!dir && errno == ENOENT)
        return 0;
    if (!dir)
        return log_fail_errno("cannot list '%s'", path);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        int r = check && check(entry->d_name) ? 0 : visit(state, entry->d_name);

        if (r)
            return r;
    }
    return 0;
}

int slot_each(const struct store *store, int (*visit)(void *state, const char *slot), void *state)
{
    return each_entry(store, "models", name_check, visit, state);
}

struct search {
    const struct store *store;
    const uint8_t *sha256;
    int64_t length;
    const char *slot;
    char *path;
};

enum {
    FOUND = 100
};

static int search_version(void *state, const char *id)
{
    struct search *search = state;
    CLEANUP(arena_release) struct arena arena = {0};
    struct slot_version version;
    int r = slot_load_version(search->store, search->slot, id, &arena, &version);

    if (r)
        return r < 0 ? r : 0;
    for (size_t i = 0; i < version.artifact_count; i++) {
        const struct slot_artifact *artifact = &version.artifacts[i];

        if (artifact->length != search->length ||
            memcmp(artifact->sha256, search->sha256, DIGEST_SHA256_SIZE) != 0)
            continue;
        (void)snprintf(search->path, SLOT_PATH_SIZE, "models/%s/versions/%s/%s", search->slot, id,
                       artifact->name);
        return FOUND;
    }
    return 0;
}

static int search_slot(void *state, const char *slot)
{
    struct search *search = state;
    char path[SLOT_PATH_SIZE];

    search->slot = slot;
    path_of(path, slot, "versions");
    return each_entry(search->store, path, check_id, search_version, search);
}

int slot_find_artifact(const struct store *store, const uint8_t sha256[static DIGEST_SHA256_SIZE],
                       int64_t length, char ret_path[static SLOT_PATH_SIZE])
{
    struct search search = {.store = store, .sha256 = sha256, .length = length, .path = ret_path};
    int r = slot_each(store, search_slot, &search);

    if (r == FOUND)
        return 0;
    return r ? r : SLOT_E_NONE;
}

/* ---- removing */

/*
 * The exclusive lock is held from before the rename until the directory is gone: whoever opened it
 * meanwhile gets the shared lock when it has no links any more, and looks at `current` again.
 */
int slot_remove_version(const struct store *store, const char *slot, const char *id)
{
    char path[SLOT_PATH_SIZE];
    char doomed_name[SLOT_ID_SIZE + sizeof(DOOMED_PREFIX)];
    char doomed[SLOT_PATH_SIZE];
    AUTO_CLOSE int fd = -1;

    version_path(path, slot, id);
    (void)snprintf(doomed_name, sizeof(doomed_name), DOOMED_PREFIX "%s", id);
    version_path(doomed, slot, doomed_name);
    fd = openat(store->dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : log_fail_errno("cannot open '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? SLOT_E_IN_USE : log_fail_errno("cannot lock '%s'", path);
    if (renameat(store->dir_fd, path, store->dir_fd, doomed) < 0)
        return log_fail_errno("cannot rename '%s'", path);
    return file_remove_tree(store->dir_fd, doomed);
}

/*
 * Whether a process has an artifact open or mapped. The kernel gives a write lease (fcntl(2)) only
 * to who alone has the file open; on file systems without leases nobody is seen.
 */
static bool is_open(int dir_fd, const struct slot_artifact *artifact)
{
    AUTO_CLOSE int fd = openat(dir_fd, artifact->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return false;
    /* Who opens it in this very moment is told by a signal: one that is ignored. */
    if (fcntl(fd, F_SETSIG, SIGURG) < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
        return errno == EAGAIN;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

static bool is_any_open(const struct store *store, const char *slot, const char *id, int dir_fd)
{
    CLEANUP(arena_release) struct arena arena = {0};
    struct slot_version version;

    if (slot_load_version(store, slot, id, &arena, &version))
        return false;
    for (size_t i = 0; i < version.artifact_count; i++)
        if (is_open(dir_fd, &version.artifacts[i]))
            return true;
    return false;
}

/* Takes the exclusive lock of what `current` names; ret_fd stays -1 where that is nothing. */
static int lock_current(const struct store *store, const char *slot, int *ret_fd)
{
    char path[SLOT_PATH_SIZE];
    char id[SLOT_ID_SIZE];
    int r = slot_resolve(store, slot, SLOT_LINK_CURRENT, id);

    if (r)
        return r < 0 ? r : 0;
    version_path(path, slot, id);
    AUTO_CLOSE int fd =
        openat(store->dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : log_fail_errno("cannot open '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? SLOT_E_IN_USE : log_fail_errno("cannot lock '%s'", path);
    if (is_any_open(store, slot, id, fd))
        return SLOT_E_IN_USE;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* The lock is held until all is gone, as in slot_remove_version. */
int slot_remove(const struct store *store, const char *slot)
{
    char path[SLOT_PATH_SIZE];
    char doomed[SLOT_PATH_SIZE];
    AUTO_CLOSE int fd = -1;
    int r = lock_current(store, slot, &fd);

    if (r)
        return r;
    (void)snprintf(path, sizeof(path), "models/%s", slot);
    (void)snprintf(doomed, sizeof(doomed), "models/" DOOMED_PREFIX "%s", slot);
    r = file_remove_tree(store->dir_fd, doomed);
    if (r)
        return r;
    if (renameat(store->dir_fd, path, store->dir_fd, doomed) < 0)
        return errno == ENOENT ? 0 : log_fail_errno("cannot rename '%s'", path);
    return file_remove_tree(store->dir_fd, doomed);
}

static int sweep_entry(void *state, const char *name)
{
    const struct store *store = state;
    char path[SLOT_PATH_SIZE];

    if (strncmp(name, DOOMED_PREFIX, sizeof(DOOMED_PREFIX) - 1) != 0)
        return 0;
    (void)snprintf(path, sizeof(path), "models/%.255s", name);
    return file_remove_tree(store->dir_fd, path);
}

int slot_sweep(const struct store *store)
{
    return each_entry(store, "models", NULL, sweep_entry, (void *)(uintptr_t)store);
}

struct pruning {
    const struct store *store;
    const char *slot;
    char current[SLOT_ID_SIZE];
    char previous[SLOT_ID_SIZE];
};

static int prune_entry(void *state, const char *name)
{
    const struct pruning *pruning = state;
    char path[SLOT_PATH_SIZE];
    int r;

    if (strncmp(name, DOOMED_PREFIX, sizeof(DOOMED_PREFIX) - 1) == 0) {
        version_path(path, pruning->slot, name);
        return file_remove_tree(pruning->store->dir_fd, path);
    }
    if (check_id(name) || strcmp(name, pruning->current) == 0 ||
        strcmp(name, pruning->previous) == 0)
        return 0;
    r = slot_remove_version(pruning->store, pruning->slot, name);
    if (r != SLOT_E_IN_USE)
        return r;
    log_line(LOG_INFO, "keeping version '%s' of slot '%s': an application uses it", name,
             pruning->slot);
    return 0;
}

int slot_prune(const struct store *store, const char *slot)
{
    struct pruning pruning = {.store = store, .slot = slot};
    char path[SLOT_PATH_SIZE];
    int r;

    r = slot_resolve(store, slot, SLOT_LINK_CURRENT, pruning.current);
    if (r == SLOT_E_BROKEN)
        return 0; /* nothing is removed while it is not known what is served */
    if (r < 0)
        return r;
    r = slot_resolve(store, slot, SLOT_LINK_PREVIOUS, pruning.previous);
    if (r == SLOT_E_BROKEN)
        return 0;
    if (r < 0)
        return r;
    path_of(path, slot, "versions");
    return each_entry(store, path, NULL, prune_entry, &pruning);
}
