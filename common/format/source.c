/* SPDX-License-Identifier: Apache-2.0 */
#include "format/source.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_memory(void *object, uint64_t offset, void *bytes, size_t size)
{
    memcpy(bytes, (const char *)object + offset, size);
    return 0;
}

struct source source_memory(const void *bytes, size_t size)
{
    return (struct source){.size = size, .read = read_memory, .object = (void *)(uintptr_t)bytes};
}

static int read_file(void *object, uint64_t offset, void *bytes, size_t size)
{
    int fd = (int)(intptr_t)object;
    size_t done = 0;

    while (done < size) {
        ssize_t count = pread(fd, (char *)bytes + done, size - done, (off_t)(offset + done));

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return log_fail_errno("cannot read a model file at byte %" PRIu64, offset + done);
        if (count == 0)
            return log_fail(ERR_INTERNAL, "a model file became shorter while it was read");
        done += (size_t)count;
    }
    return 0;
}

int source_file(int fd, struct source *ret_source)
{
    struct stat stat;

    if (fstat(fd, &stat) < 0)
        return log_fail_errno("cannot look at a model file");
    if (!S_ISREG(stat.st_mode))
        return log_fail(ERR_INTERNAL, "a model file is no regular file");
    *ret_source = (struct source){
        .size = (uint64_t)stat.st_size,
        .read = read_file,
        .object = (void *)(intptr_t)fd,
    };
    return 0;
}
