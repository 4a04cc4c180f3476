/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/roots.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "lib/rootfile.h"
#include "tuf/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PINNED_FILE "identity/trust/roots.json"
#define PATH_SIZE 64

static const char *const names[ROOTS_REPOSITORIES] = {
    [ROOTS_DIRECTOR] = "director",
    [ROOTS_IMAGE] = "image",
};

const char *roots_name(enum roots_repository repository)
{
    return names[repository];
}

static void path_of(enum roots_repository repository, const char *file,
                    char ret_path[static PATH_SIZE])
{
    (void)snprintf(ret_path, PATH_SIZE, "metadata/%s%s", names[repository], file);
}

int roots_forget(const struct store *store, enum roots_repository repository)
{
    char path[PATH_SIZE];
    int r;

    path_of(repository, "", path);
    r = file_remove_tree(store->dir_fd, path);
    return r ? r : file_sync_dir(store->dir_fd, "metadata");
}

/* ---- pinning */

static int read_file(int dir_fd, const char *path, char **ret_bytes, size_t *ret_size,
                     json_t **ret_roots, char *ret_detail)
{
    struct reason reason = {0};
    int r = file_read(dir_fd, path, ROOTFILE_MAX, ret_bytes, ret_size);

    if (r == FILE_E_MISSING)
        return ROOTS_E_NONE;
    if (r == FILE_E_TOO_LARGE) {
        (void)snprintf(ret_detail, ROOTS_DETAIL_SIZE, "'%.200s' is no file of roots: too large",
                       path);
        return ROOTS_E_BROKEN;
    }
    if (r)
        return r;
    r = rootfile_parse(*ret_bytes, *ret_size, ret_roots, &reason);
    if (r > 0) {
        (void)snprintf(ret_detail, ROOTS_DETAIL_SIZE, "'%.200s' is no file of roots: %.250s", path,
                       reason.text);
        return ROOTS_E_BROKEN;
    }
    return r;
}

static bool is_pinned(const struct store *store, const json_t *roots)
{
    AUTO_FREE char *bytes = NULL;
    json_auto_t *pinned = NULL;
    char detail[ROOTS_DETAIL_SIZE];
    size_t size;

    return read_file(store->dir_fd, PINNED_FILE, &bytes, &size, &pinned, detail) == 0 &&
           json_equal(pinned, roots);
}

/* A file that somebody named. */
static int read_given(const char *path, char **ret_bytes, size_t *ret_size, json_t **ret_roots,
                      char *ret_detail)
{
    int r = read_file(AT_FDCWD, path, ret_bytes, ret_size, ret_roots, ret_detail);

    if (r != ROOTS_E_NONE)
        return r;
    (void)snprintf(ret_detail, ROOTS_DETAIL_SIZE, "cannot read '%.400s': there is no such file",
                   path);
    return ROOTS_E_BROKEN;
}

int roots_pin(const struct store *store, const char *path,
              char ret_detail[static ROOTS_DETAIL_SIZE])
{
    AUTO_FREE char *bytes = NULL;
    json_auto_t *roots = NULL;
    size_t size;
    int r = read_given(path, &bytes, &size, &roots, ret_detail);

    if (r || is_pinned(store, roots))
        return r;
    /* what was reached from other roots means nothing under these; a crash in between is harmless,
     * since each repository is reached from its pinned root again */
    for (enum roots_repository i = 0; !r && i < ROOTS_REPOSITORIES; i++)
        r = roots_forget(store, i);
    return r ? r : file_replace(store->dir_fd, PINNED_FILE, bytes, size, 0600);
}

static bool copy_texts(const json_t *object, struct roots *roots)
{
    (void)snprintf(roots->workspace, sizeof(roots->workspace), "%s",
                   json_string_value(json_object_get(object, "workspace")));
    for (size_t i = 0; i < ROOTS_REPOSITORIES; i++) {
        roots->texts[i] = rootfile_root(object, names[i]);
        if (!roots->texts[i])
            return false;
    }
    return true;
}

static int take(const json_t *object, struct roots *ret_roots)
{
    CLEANUP(roots_release) struct roots roots = {0};

    if (!copy_texts(object, &roots))
        return log_fail(ERR_NO_MEMORY, "cannot load roots: out of memory");
    *ret_roots = roots;
    roots = (struct roots){0};
    return 0;
}

int roots_read(const char *path, struct roots *ret_roots, char ret_detail[static ROOTS_DETAIL_SIZE])
{
    AUTO_FREE char *bytes = NULL;
    json_auto_t *object = NULL;
    size_t size;
    int r = read_given(path, &bytes, &size, &object, ret_detail);

    return r ? r : take(object, ret_roots);
}

int roots_load(const struct store *store, struct roots *ret_roots,
               char ret_detail[static ROOTS_DETAIL_SIZE])
{
    AUTO_FREE char *bytes = NULL;
    json_auto_t *object = NULL;
    size_t size;
    int r = read_file(store->dir_fd, PINNED_FILE, &bytes, &size, &object, ret_detail);

    return r ? r : take(object, ret_roots);
}

void roots_release(struct roots *roots)
{
    if (!roots)
        return;
    for (size_t i = 0; i < ROOTS_REPOSITORIES; i++)
        free(roots->texts[i]);
    *roots = (struct roots){0};
}

/* ---- where the way begins */

int roots_directory(const struct store *store, enum roots_repository repository,
                    char ret_path[static ROOTS_PATH_SIZE])
{
    char path[PATH_SIZE];

    path_of(repository, "", path);
    if (mkdirat(store->dir_fd, path, 0700) < 0 && errno != EEXIST)
        return log_fail_errno("cannot make directory '%s/%s'", store->path, path);
    if (snprintf(ret_path, ROOTS_PATH_SIZE, "%s/%s", store->path, path) >= ROOTS_PATH_SIZE)
        return log_fail(ERR_INTERNAL, "the path of the state directory is too long");
    return 0;
}

static bool is_whole(const char *bytes, size_t size)
{
    CLEANUP(trusted_release) struct trusted trusted = {0};

    return trusted_root(&trusted, bytes, size) == 0;
}

int roots_restore(const struct store *store, const struct roots *roots,
                  enum roots_repository repository)
{
    AUTO_FREE char *bytes = NULL;
    const char *text = roots->texts[repository];
    char path[PATH_SIZE];
    size_t size;
    int r;

    path_of(repository, "/root.json", path);
    r = file_read(store->dir_fd, path, ROOTFILE_MAX, &bytes, &size);
    if (!r && is_whole(bytes, size))
        return 0;
    if (r < 0)
        return r;
    if (r != FILE_E_MISSING)
        log_line(LOG_WARN, "'%s' is damaged: starting from the pinned root again", path);
    return file_replace(store->dir_fd, path, text, strlen(text), 0600);
}
