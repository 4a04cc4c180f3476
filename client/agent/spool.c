/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spool.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "proto/report.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DIGITS 19
#define PATH_SIZE (sizeof("spool/") + DIGITS + sizeof(".json"))

DEFINE_CLEANUP(cleanup_closedir, DIR *, (void)closedir);

struct survey {
    size_t count;
    uint64_t bytes;
    int64_t first; /* 0: none */
    int64_t last;
};

static void path_of(int64_t sequence, char ret_path[static PATH_SIZE])
{
    (void)snprintf(ret_path, PATH_SIZE, "spool/%0*" PRId64 ".json", DIGITS, sequence);
}

/* The sequence that a file's name stands for; 0: not a report. */
static int64_t sequence_of(const char *name)
{
    for (size_t i = 0; i < DIGITS; i++)
        if (!isdigit((unsigned char)name[i]))
            return 0;
    if (strcmp(name + DIGITS, ".json") != 0)
        return 0;
    return strtoll(name, NULL, 10);
}

static int look(const struct spool *spool, struct survey *ret_survey)
{
    CLEANUP(cleanup_closedir) DIR *dir = NULL;
    struct survey survey = {0};
    int fd = openat(spool->store->dir_fd, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int r = log_fail_errno("cannot list '%s/spool'", spool->store->path);

        cleanup_close(&fd);
        return r;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        int64_t sequence = sequence_of(entry->d_name);
        struct stat stat;

        if (sequence <= 0 || fstatat(dirfd(dir), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        survey.count++;
        survey.bytes += (uint64_t)stat.st_size;
        if (!survey.first || sequence < survey.first)
            survey.first = sequence;
        if (sequence > survey.last)
            survey.last = sequence;
    }
    *ret_survey = survey;
    return 0;
}

/* Makes room for size bytes more. */
static int shrink(const struct spool *spool, size_t size)
{
    size_t reports_max = spool->reports_max ? spool->reports_max : SPOOL_REPORTS_MAX;
    uint64_t bytes_max = spool->bytes_max ? spool->bytes_max : SPOOL_BYTES_MAX;

    for (;;) {
        struct survey survey;
        int r = look(spool, &survey);

        if (r)
            return r;
        if (!survey.count || (survey.count < reports_max && survey.bytes + size <= bytes_max))
            return 0;
        log_line(LOG_WARN, "dropping report %" PRId64 ": the spool is full", survey.first);
        r = spool_drop(spool, survey.first);
        if (r)
            return r;
    }
}

int spool_put(const struct spool *spool, int64_t sequence, const void *bytes, size_t size)
{
    char path[PATH_SIZE];
    int r = shrink(spool, size);

    if (r)
        return r;
    path_of(sequence, path);
    return file_replace(spool->store->dir_fd, path, bytes, size, 0600);
}

int spool_first(const struct spool *spool, int64_t *ret_sequence, char **ret_bytes,
                size_t *ret_size)
{
    struct survey survey;
    char path[PATH_SIZE];
    int r = look(spool, &survey);

    if (r)
        return r;
    if (!survey.count)
        return SPOOL_E_EMPTY;
    path_of(survey.first, path);
    r = file_read(spool->store->dir_fd, path, REPORT_SIZE_MAX, ret_bytes, ret_size);
    if (r > 0) { /* gone, or not ours: never in the way of the others */
        r = spool_drop(spool, survey.first);
        return r ? r : spool_first(spool, ret_sequence, ret_bytes, ret_size);
    }
    if (!r)
        *ret_sequence = survey.first;
    return r;
}

int spool_drop(const struct spool *spool, int64_t sequence)
{
    char path[PATH_SIZE];

    path_of(sequence, path);
    return store_remove(spool->store, path);
}

int spool_count(const struct spool *spool, size_t *ret_count)
{
    struct survey survey;
    int r = look(spool, &survey);

    if (!r)
        *ret_count = survey.count;
    return r;
}

int spool_last(const struct spool *spool, int64_t *ret_sequence)
{
    struct survey survey;
    int r = look(spool, &survey);

    if (!r)
        *ret_sequence = survey.last;
    return r;
}
