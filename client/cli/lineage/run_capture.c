/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_capture.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: nothing to read, nowhere to complain, a session of its own. */
static void become(const char *const *argv, const char *directory, int output_fd)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (null_fd < 0 || setsid() < 0 || (directory && chdir(directory) < 0) ||
        dup2(null_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
        dup2(null_fd, STDERR_FILENO) < 0)
        _exit(127);
    (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* Reads to the end; false where that did not come in time or was too much. */
static bool drain(int fd, int timeout_ms, struct buffer *output)
{
    const struct clock *clock = clock_system();
    int64_t deadline_us = clock_monotonic_us(clock) + (int64_t)timeout_ms * 1000;
    char chunk[4096];

    while (!output->failed) {
        int64_t left_ms = (deadline_us - clock_monotonic_us(clock)) / 1000;
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        ssize_t count;

        if (left_ms <= 0)
            return false;
        if (poll(&poll_fd, 1, (int)left_ms) < 0 && errno != EINTR)
            return false;
        if (!poll_fd.revents)
            continue;
        count = read(fd, chunk, sizeof(chunk));
        if (count == 0)
            return true;
        if (count > 0)
            buffer_append(output, chunk, (size_t)count);
        else if (errno != EINTR && errno != EAGAIN)
            return false;
    }
    return false;
}

bool run_capture(const char *const *argv, const char *directory, int timeout_ms,
                 struct buffer *output)
{
    int fds[2];
    bool whole;
    int status = 0;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    pid = fork();
    if (pid == 0)
        become(argv, directory, fds[1]);
    (void)close(fds[1]);
    if (pid < 0) {
        (void)close(fds[0]);
        return false;
    }
    whole = drain(fds[0], timeout_ms, output);
    (void)close(fds[0]);
    if (!whole) { /* its session: what it started, too */
        (void)kill(-pid, SIGKILL);
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
