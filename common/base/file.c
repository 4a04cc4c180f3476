/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32

static int read_all(int fd, const char *path, char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t count = read(fd, bytes + done, size - done);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return log_fail_errno("cannot read '%s'", path);
        if (count == 0)
            return log_fail(ERR_INTERNAL, "cannot read '%s': it shrank meanwhile", path);
        done += (size_t)count;
    }
    bytes[size] = '\0';
    return 0;
}

int file_read(int dir_fd, const char *path, size_t ceiling, char **ret_bytes, size_t *ret_size)
{
    AUTO_CLOSE int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *bytes = NULL;
    struct stat stat;
    int r;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return FILE_E_MISSING;
    if (fd < 0 || fstat(fd, &stat) < 0)
        return log_fail_errno("cannot open '%s'", path);
    if ((uint64_t)stat.st_size > ceiling)
        return FILE_E_TOO_LARGE;
    bytes = malloc((size_t)stat.st_size + 1);
    if (!bytes)
        return log_fail(ERR_NO_MEMORY, "cannot read '%s': out of memory", path);
    r = read_all(fd, path, bytes, (size_t)stat.st_size);
    if (r)
        return r;
    *ret_bytes = TAKE_PTR(bytes);
    if (ret_size)
        *ret_size = (size_t)stat.st_size;
    return 0;
}

int file_write_all(int fd, const void *bytes, size_t size)
{
    const char *cursor = bytes;

    while (size > 0) {
        ssize_t count = write(fd, cursor, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return log_fail_errno("cannot write");
        cursor += count;
        size -= (size_t)count;
    }
    return 0;
}

/* The directory that holds path. */
static void parent_of(const char *path, char ret_parent[static PATH_MAX])
{
    const char *slash = strrchr(path, '/');

    if (slash)
        (void)snprintf(ret_parent, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    else
        (void)snprintf(ret_parent, PATH_MAX, ".");
}

static int sync_parent(int dir_fd, const char *path)
{
    char parent[PATH_MAX];

    parent_of(path, parent);
    return file_sync_dir(dir_fd, parent);
}

static int temporary_name(const char *path, char ret_name[static PATH_MAX])
{
    int length = snprintf(ret_name, PATH_MAX, "%s.tmp", path);

    if (length < 0 || length >= PATH_MAX)
        return log_fail(ERR_INTERNAL, "path too long: '%s'", path);
    return 0;
}

/* A name of this process's own beside path, so that two that create it do not meet. */
static int own_temporary_name(const char *path, char ret_name[static PATH_MAX])
{
    int length = snprintf(ret_name, PATH_MAX, "%s.%ld.tmp", path, (long)getpid());

    if (length < 0 || length >= PATH_MAX)
        return log_fail(ERR_INTERNAL, "path too long: '%s'", path);
    return 0;
}

static int rename_over(int dir_fd, const char *from, const char *to)
{
    if (renameat(dir_fd, from, dir_fd, to) < 0)
        return log_fail_errno("cannot rename '%s' to '%s'", from, to);
    return sync_parent(dir_fd, to);
}

/* Writes a new file durably, under a name that is nobody else's. */
static int write_temporary(int dir_fd, const char *temporary, const void *bytes, size_t size,
                           mode_t mode)
{
    AUTO_CLOSE int fd = -1;
    int r;

    if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
        return log_fail_errno("cannot remove '%s'", temporary);
    fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return log_fail_errno("cannot create '%s'", temporary);
    r = file_write_all(fd, bytes, size);
    if (!r && fsync(fd) < 0)
        r = log_fail_errno("cannot sync '%s'", temporary);
    if (r)
        (void)unlinkat(dir_fd, temporary, 0);
    return r;
}

int file_replace(int dir_fd, const char *path, const void *bytes, size_t size, mode_t mode)
{
    char temporary[PATH_MAX];
    int r;

    r = temporary_name(path, temporary);
    if (!r)
        r = write_temporary(dir_fd, temporary, bytes, size, mode);
    return r ? r : rename_over(dir_fd, temporary, path);
}

/* Unlike a rename, a link refuses a name that is taken. */
static int link_new(int from_dir_fd, const char *from, int dir_fd, const char *path, int flags)
{
    if (linkat(from_dir_fd, from, dir_fd, path, flags) == 0)
        return 0;
    return errno == EEXIST ? FILE_E_EXISTS : log_fail_errno("cannot link '%s' to '%s'", from, path);
}

/* A file without a name: who is killed while it is written leaves nothing of it. Negative where the
 * file system has no such files, or /proc, by which they get their name, is not there. */
static int open_nameless(int dir_fd, const char *path, mode_t mode)
{
    char parent[PATH_MAX];

    if (access("/proc/self/fd", X_OK) < 0)
        return -1;
    parent_of(path, parent);
    return openat(dir_fd, parent, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
}

static int create_named(int dir_fd, const char *path, const void *bytes, size_t size, mode_t mode)
{
    char temporary[PATH_MAX];
    int r;

    r = own_temporary_name(path, temporary);
    if (!r)
        r = write_temporary(dir_fd, temporary, bytes, size, mode);
    if (r)
        return r;
    r = link_new(dir_fd, temporary, dir_fd, path, 0);
    (void)unlinkat(dir_fd, temporary, 0);
    return r;
}

int file_create(int dir_fd, const char *path, const void *bytes, size_t size, mode_t mode)
{
    AUTO_CLOSE int fd = open_nameless(dir_fd, path, mode);
    char name[64];
    int r;

    if (fd < 0) {
        r = create_named(dir_fd, path, bytes, size, mode);
    } else {
        r = file_write_all(fd, bytes, size);
        if (!r && fsync(fd) < 0)
            r = log_fail_errno("cannot sync '%s'", path);
        (void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        if (!r)
            r = link_new(AT_FDCWD, name, dir_fd, path, AT_SYMLINK_FOLLOW);
    }
    return r ? r : sync_parent(dir_fd, path);
}

int file_replace_link(int dir_fd, const char *path, const char *target)
{
    char temporary[PATH_MAX];
    int r;

    r = temporary_name(path, temporary);
    if (r)
        return r;
    if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
        return log_fail_errno("cannot remove '%s'", temporary);
    if (symlinkat(target, dir_fd, temporary) < 0)
        return log_fail_errno("cannot link '%s'", temporary);
    return rename_over(dir_fd, temporary, path);
}

int file_mkdirs(int dir_fd, const char *path, mode_t mode)
{
    char partial[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(partial))
        return log_fail(ERR_INTERNAL, "path too long: '%s'", path);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdirat(dir_fd, partial, mode) < 0 && errno != EEXIST)
            return log_fail_errno("cannot make directory '%s'", partial);
    }
    return 0;
}

DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

static int remove_entry(int dir_fd, const char *name, int depth);

static int remove_contents(int dir_fd, const char *name, int depth)
{
    AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    CLEANUP(cleanup_closedir) DIR *dir = NULL;
    int stream_fd;

    if (fd < 0)
        return log_fail_errno("cannot open '%s'", name);
    stream_fd = dup(fd);
    dir = stream_fd < 0 ? NULL : fdopendir(stream_fd);
    if (!dir)
        return log_fail_errno("cannot list '%s'", name);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        int r;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        r = remove_entry(fd, entry->d_name, depth + 1);
        if (r)
            return r;
    }
    return 0;
}

static int remove_entry(int dir_fd, const char *name, int depth)
{
    int r;

    if (depth > DEPTH_MAX)
        return log_fail(ERR_INTERNAL, "cannot remove '%s': too deep", name);
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return log_fail_errno("cannot remove '%s'", name);
    r = remove_contents(dir_fd, name, depth);
    if (r)
        return r;
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
        return log_fail_errno("cannot remove '%s'", name);
    return 0;
}

int file_remove_tree(int dir_fd, const char *path)
{
    return remove_entry(dir_fd, path, 0);
}

int file_sync_dir(int dir_fd, const char *path)
{
    AUTO_CLOSE int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return log_fail_errno("cannot sync directory '%s'", path);
    return 0;
}
