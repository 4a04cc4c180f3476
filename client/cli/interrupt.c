/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int interrupt_open(struct interrupt *interrupt)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    *interrupt = (struct interrupt){.fd = -1};
    if (sigprocmask(SIG_BLOCK, &set, &interrupt->before) < 0)
        return log_fail_errno("cannot block signals");
    interrupt->open = true;
    interrupt->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (interrupt->fd < 0)
        return log_fail_errno("cannot make a signalfd");
    return 0;
}

bool interrupt_sleep(struct interrupt *interrupt, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = interrupt->fd, .events = POLLIN};
    struct signalfd_siginfo info;

    if (interrupt->seen)
        return true;
    if (poll(&poll_fd, 1, timeout_ms) > 0 &&
        read(interrupt->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        interrupt->seen = true;
    return interrupt->seen;
}

bool interrupt_pending(struct interrupt *interrupt)
{
    return interrupt_sleep(interrupt, 0);
}

void interrupt_close(struct interrupt *interrupt)
{
    if (!interrupt || !interrupt->open)
        return;
    if (interrupt->fd >= 0)
        (void)close(interrupt->fd);
    (void)sigprocmask(SIG_SETMASK, &interrupt->before, NULL);
    *interrupt = (struct interrupt){.fd = -1};
}
