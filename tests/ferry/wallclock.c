/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program under test: its wall clock is off by as many seconds as the file says
 * that WALLCLOCK_FILE names (an int64_t, which may change while the program runs). The monotonic
 * clock is left alone. libfaketime does the same, but not under AddressSanitizer: there the two
 * call each other for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

__attribute__((constructor)) static void open_offset(void)
{
    const char *path = getenv("WALLCLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);

    if (mapped == MAP_FAILED)
        _exit(120);
    (void)close(fd);
    offset = mapped;
}

int clock_gettime(clockid_t id, struct timespec *ret_now)
{
    int r = (int)syscall(SYS_clock_gettime, id, ret_now);

    if (r == 0 && offset && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        ret_now->tv_sec += *offset;
    return r;
}

time_t time(time_t *ret_now)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret_now)
        *ret_now = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret_now, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *ret_now = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}
