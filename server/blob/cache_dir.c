/* SPDX-License-Identifier: Apache-2.0 */
#include "blob/cache_dir.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEMPORARY_PREFIX ".fill."
#define STALE_S 3600
/* More files than this are not looked at; none of ours has so many. */
#define ENTRIES_MAX 100000

DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

struct entry {
    char name[80];
    uint64_t size_bytes;
    struct timespec used;
};

struct listing {
    struct entry *entries;
    size_t count;
    size_t capacity;
    uint64_t total_bytes;
};

static void listing_release(struct listing *listing)
{
    free(listing->entries);
}

static int open_dir(const char *directory)
{
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int cache_dir_open(const char *directory, const char *name, uint64_t size, int64_t used_before_s,
                   int *ret_fd)
{
    AUTO_CLOSE int dir_fd = open_dir(directory);
    AUTO_CLOSE int fd = -1;
    struct stat st;

    if (dir_fd < 0)
        return CACHE_DIR_E_MISSING;
    fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return CACHE_DIR_E_MISSING;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != size) {
        (void)unlinkat(dir_fd, name, 0);
        return CACHE_DIR_E_MISSING;
    }
    if (st.st_mtim.tv_sec < used_before_s)
        (void)futimens(fd, NULL);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* ---- room --------------------------------------------------------------------------------- */

static bool listing_add(struct listing *listing, int dir_fd, const char *name)
{
    size_t length = strlen(name);
    struct entry *entry;
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
        length >= sizeof(entry->name))
        return true;
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
        struct entry *entries = realloc(listing->entries, capacity * sizeof(*entries));

        if (!entries)
            return false;
        listing->entries = entries;
        listing->capacity = capacity;
    }
    entry = &listing->entries[listing->count++];
    memcpy(entry->name, name, length + 1);
    entry->size_bytes = (uint64_t)st.st_size;
    entry->used = st.st_mtim;
    listing->total_bytes += entry->size_bytes;
    return true;
}

/* A directory that is not there is empty. */
static int list(int dir_fd, struct listing *listing)
{
    CLEANUP(cleanup_closedir) DIR *dir = NULL;
    AUTO_CLOSE int fd = dup(dir_fd);

    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return log_fail_errno("cannot list the cache");
    (void)TAKE_FD(fd);
    rewinddir(dir);
    while (listing->count < ENTRIES_MAX) {
        const struct dirent *found = readdir(dir);

        if (!found)
            break;
        if (!listing_add(listing, dir_fd, found->d_name))
            return log_fail(ERR_NO_MEMORY, "cannot list the cache: out of memory");
    }
    return 0;
}

static int compare_used(const void *a, const void *b)
{
    const struct timespec *x = &((const struct entry *)a)->used;
    const struct timespec *y = &((const struct entry *)b)->used;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static bool is_temporary(const char *name)
{
    return strncmp(name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0;
}

int cache_dir_make_room(const char *directory, uint64_t limit_bytes, uint64_t need,
                        uint64_t *ret_evicted)
{
    CLEANUP(listing_release) struct listing listing = {0};
    AUTO_CLOSE int dir_fd = open_dir(directory);
    uint64_t evicted = 0;
    int r;

    if (dir_fd < 0) {
        *ret_evicted = 0;
        return 0;
    }
    r = list(dir_fd, &listing);
    if (r)
        return r;
    if (listing.count > 0)
        qsort(listing.entries, listing.count, sizeof(*listing.entries), compare_used);
    for (size_t i = 0; i < listing.count && listing.total_bytes + need > limit_bytes; i++) {
        const struct entry *entry = &listing.entries[i];

        if (is_temporary(entry->name) || unlinkat(dir_fd, entry->name, 0) != 0)
            continue;
        listing.total_bytes -= entry->size_bytes;
        evicted++;
    }
    *ret_evicted = evicted;
    return 0;
}

/* ---- files -------------------------------------------------------------------------------- */

int cache_dir_create(const char *directory, char ret_name[static CACHE_DIR_TEMPORARY_SIZE],
                     int *ret_fd)
{
    char path[PATH_MAX];
    int fd;
    int r;

    r = file_mkdirs(AT_FDCWD, directory, 0750);
    if (r)
        return r;
    if (snprintf(path, sizeof(path), "%s/" TEMPORARY_PREFIX "XXXXXX", directory) >=
        (int)sizeof(path))
        return log_fail(ERR_INTERNAL, "the name of the cache directory is too long");
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return log_fail_errno("cannot write to the cache '%s'", directory);
    (void)snprintf(ret_name, CACHE_DIR_TEMPORARY_SIZE, "%s",
                   path + strlen(path) + 1 - CACHE_DIR_TEMPORARY_SIZE);
    *ret_fd = fd;
    return 0;
}

int cache_dir_publish(const char *directory, const char *temporary, int fd, const char *name)
{
    AUTO_CLOSE int dir_fd = open_dir(directory);

    if (dir_fd < 0)
        return log_fail_errno("cannot open the cache '%s'", directory);
    /* So that a power loss cannot leave a file of the right size with other bytes. */
    if (fdatasync(fd) != 0)
        return log_fail_errno("cannot write to the cache '%s'", directory);
    if (renameat(dir_fd, temporary, dir_fd, name) != 0)
        return log_fail_errno("cannot rename in the cache '%s'", directory);
    return 0;
}

void cache_dir_remove(const char *directory, const char *name)
{
    AUTO_CLOSE int dir_fd = open_dir(directory);

    if (dir_fd >= 0)
        (void)unlinkat(dir_fd, name, 0);
}

void cache_dir_sweep(const char *directory, int64_t now_ms)
{
    CLEANUP(listing_release) struct listing listing = {0};
    AUTO_CLOSE int dir_fd = open_dir(directory);

    if (dir_fd < 0 || list(dir_fd, &listing) != 0)
        return;
    for (size_t i = 0; i < listing.count; i++) {
        const struct entry *entry = &listing.entries[i];

        if (is_temporary(entry->name) && entry->used.tv_sec < now_ms / 1000 - STALE_S)
            (void)unlinkat(dir_fd, entry->name, 0);
    }
}
