/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hashing.h"

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

static int open_regular(struct cli *cli, const char *path, int *ret_fd, uint64_t *ret_size)
{
    struct stat stat;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 || fstat(fd, &stat) < 0)
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': %s", path,
                           strerror(errno));
    if (!S_ISREG(stat.st_mode))
        return output_fail(&cli->output, CLI_FAILED, NULL, "cannot read '%s': it is no file", path);
    *ret_fd = TAKE_FD(fd);
    *ret_size = (uint64_t)stat.st_size;
    return 0;
}

int hashing_file(struct cli *cli, struct interrupt *interrupt, const char *path,
                 uint64_t *ret_size_bytes, uint8_t ret_sha256[static DIGEST_SHA256_SIZE])
{
    AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
    AUTO_CLOSE int fd = -1;
    struct digest_sha256 digest;
    struct progress progress;
    uint64_t size = 0;
    uint64_t done = 0;
    ssize_t count;
    int r;

    if (!chunk)
        return log_fail(ERR_NO_MEMORY, "out of memory");
    r = open_regular(cli, path, &fd, &size);
    if (r)
        return r;
    digest_sha256_init(&digest);
    progress_begin(&progress, &cli->output, cli->clock,
                   arena_printf(&cli->arena, "hashing %s", path), size);
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
    digest_sha256_final(&digest, ret_sha256);
    *ret_size_bytes = done;
    return 0;
}
