/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer/hashing.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 20)

static int open_regular(struct cli *cli, const char *path, int *ret_fd, struct stat *ret_stat)
{
    /* of a pipe, opening would wait for whoever writes to it */
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat stat;

    if (fd < 0 || fstat(fd, &stat) < 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", path,
                           strerror(errno));
    if (!S_ISREG(stat.st_mode))
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': it is no file", path);
    *ret_fd = TAKE_FD(fd);
    *ret_stat = stat;
    return 0;
}

/* A digest of half of the old bytes and half of the new ones would be that of no file. */
static bool has_changed(int fd, const struct stat *before, uint64_t read_bytes)
{
    struct stat now;

    return fstat(fd, &now) < 0 || read_bytes != (uint64_t)before->st_size ||
           now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

int hashing_file(struct cli *cli, struct interrupt *interrupt, const char *path,
                 uint64_t *ret_size_bytes, uint8_t ret_sha256[static DIGEST_SHA256_SIZE])
{
    AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
    AUTO_CLOSE int fd = -1;
    struct digest_sha256 digest;
    struct progress progress;
    struct stat stat = {0};
    uint64_t done = 0;
    ssize_t count;
    int r;

    if (!chunk)
        return log_fail(ERR_NO_MEMORY, "out of memory");
    r = open_regular(cli, path, &fd, &stat);
    if (r)
        return r;
    digest_sha256_init(&digest);
    progress_begin(&progress, &cli->output, cli->clock,
                   arena_printf(&cli->arena, "hashing %s", path), (uint64_t)stat.st_size);
    for (count = read(fd, chunk, CHUNK_BYTES); count > 0 && !interrupt_pending(interrupt);
         count = read(fd, chunk, CHUNK_BYTES)) {
        digest_sha256_update(&digest, chunk, (size_t)count);
        done += (uint64_t)count;
        progress_update(&progress, done);
    }
    progress_end(&progress, NULL);
    if (interrupt->seen)
        return output_fail(&cli->output, CLI_INTERRUPTED, NULL, "interrupted");
    if (count < 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", path,
                           strerror(errno));
    if (has_changed(fd, &stat, done))
        return output_fail(&cli->output, CLI_FAILED, "try again once nobody writes to it",
                           "'%s' changed while it was read", path);
    digest_sha256_final(&digest, ret_sha256);
    *ret_size_bytes = done;
    return 0;
}
