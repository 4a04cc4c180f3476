/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *path;
    mode_t mode;
} folders[] = {
    {"identity",       0700},
    {"identity/trust", 0700},
    {"metadata",       0700},
    {"downloads",      0700},
    {"spool",          0700},
    {"models",         0755},
};

static int take_lock(struct store *store)
{
    store->lock_fd = openat(store->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return log_fail_errno("cannot open '%s/lock'", store->path);
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return STORE_E_BUSY;
    return log_fail_errno("cannot lock '%s/lock'", store->path);
}

static int make_folders(const struct store *store)
{
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        if (mkdirat(store->dir_fd, folders[i].path, folders[i].mode) < 0 && errno != EEXIST)
            return log_fail_errno("cannot make directory '%s/%s'", store->path, folders[i].path);
    return 0;
}

int store_open(const char *path, struct store *ret_store)
{
    CLEANUP(store_release) struct store store = STORE_NONE;
    int r;

    store.path = path;
    r = file_mkdirs(AT_FDCWD, path, 0755);
    if (r)
        return r;
    store.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store.dir_fd < 0)
        return log_fail_errno("cannot open state directory '%s'", path);
    r = take_lock(&store);
    if (r)
        return r;
    r = make_folders(&store);
    if (r)
        return r;
    *ret_store = store;
    store = STORE_NONE;
    return 0;
}

int store_peek(const char *path, struct store *ret_store)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return STORE_E_MISSING;
    if (fd < 0)
        return log_fail_errno("cannot open state directory '%s'", path);
    *ret_store = (struct store){.dir_fd = fd, .lock_fd = -1, .path = path};
    return 0;
}

void store_release(struct store *store)
{
    if (!store)
        return;
    cleanup_close(&store->dir_fd);
    cleanup_close(&store->lock_fd);
    *store = STORE_NONE;
}

int store_load(const struct store *store, const char *path, json_t **ret_object)
{
    AUTO_FREE char *bytes = NULL;
    size_t size;
    json_t *object;
    int r;

    r = file_read(store->dir_fd, path, STORE_JSON_MAX, &bytes, &size);
    if (r == FILE_E_MISSING)
        return STORE_E_MISSING;
    if (r == FILE_E_TOO_LARGE)
        return STORE_E_BROKEN;
    if (r)
        return r;
    object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        return STORE_E_BROKEN;
    }
    *ret_object = object;
    return 0;
}

int store_save(const struct store *store, const char *path, const json_t *object, mode_t mode)
{
    AUTO_FREE char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);

    if (!text)
        return log_fail(ERR_NO_MEMORY, "cannot write '%s': out of memory", path);
    return file_replace(store->dir_fd, path, text, strlen(text), mode);
}

int store_remove(const struct store *store, const char *path)
{
    char parent[512];
    const char *slash = strrchr(path, '/');

    if (unlinkat(store->dir_fd, path, 0) < 0)
        return errno == ENOENT ? 0 : log_fail_errno("cannot remove '%s'", path);
    (void)snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1,
                   slash ? path : ".");
    return file_sync_dir(store->dir_fd, parent);
}
