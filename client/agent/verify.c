/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/verify.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)64 << 10)
#define TURN_BYTES ((int64_t)8 << 20)

static void release(struct verify *verify)
{
    loop_disarm(verify->loop, &verify->work);
    cleanup_close(&verify->fd);
    verify->fd = -1;
    verify->busy = false;
}

void verify_cancel(struct verify *verify)
{
    if (verify->busy)
        release(verify);
}

static void finish(struct verify *verify, bool good)
{
    release(verify);
    verify->done(verify->state, good);
}

static void work(void *state)
{
    struct verify *verify = state;
    uint8_t digest[DIGEST_SHA256_SIZE];
    char bytes[PIECE_BYTES];
    int64_t goal = verify->offset + TURN_BYTES;

    while (verify->offset < goal && verify->offset < verify->length) {
        ssize_t count = read(verify->fd, bytes, sizeof(bytes));

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            log_line(LOG_WARN, "cannot read what is to be verified: %s",
                     count < 0 ? strerror(errno) : "it ended early");
            finish(verify, false);
            return;
        }
        digest_sha256_update(&verify->digest, bytes, (size_t)count);
        verify->offset += count;
    }
    if (verify->offset < verify->length) {
        loop_arm(verify->loop, &verify->work, 0);
        return;
    }
    digest_sha256_final(&verify->digest, digest);
    finish(verify, memcmp(digest, verify->expected, sizeof(digest)) == 0);
}

int verify_start(struct verify *verify, struct loop *loop, const struct store *store,
                 const char *path, const uint8_t sha256[static DIGEST_SHA256_SIZE], int64_t length,
                 void (*done)(void *state, bool good), void *state)
{
    AUTO_CLOSE int fd = openat(store->dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat stat;

    if (fd < 0 && (errno == ENOENT || errno == ELOOP))
        return VERIFY_E_MISSING;
    if (fd < 0 || fstat(fd, &stat) < 0)
        return log_fail_errno("cannot open '%s/%s'", store->path, path);
    if (!S_ISREG(stat.st_mode) || stat.st_size != length)
        return VERIFY_E_MISSING;
    *verify =
        (struct verify){.loop = loop, .length = length, .done = done, .state = state, .busy = true};
    verify->fd = TAKE_FD(fd);
    verify->work = (struct loop_timer){.fire = work, .state = verify};
    memcpy(verify->expected, sha256, DIGEST_SHA256_SIZE);
    digest_sha256_init(&verify->digest);
    loop_arm(loop, &verify->work, 0);
    return 0;
}
