/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lineage/run_child.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Passed on; SIGCHLD tells that it is over. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};

struct child {
    pid_t pid;
    int signal_fd;
    int error_fd; /* carries errno where execvp() failed; else it just closes */
    sigset_t before;
    bool blocked;
};

static void child_release(struct child *child)
{
    if (child->signal_fd >= 0)
        (void)close(child->signal_fd);
    if (child->error_fd >= 0)
        (void)close(child->error_fd);
    if (child->blocked)
        (void)sigprocmask(SIG_SETMASK, &child->before, NULL);
}

static void become(const struct child *child, char *const *argv, const char *const *variables,
                   int error_fd)
{
    int error;

    for (; *variables; variables++)
        (void)putenv((char *)(uintptr_t)*variables);
    (void)sigprocmask(SIG_SETMASK, &child->before, NULL);
    (void)execvp(argv[0], argv);
    error = errno;
    (void)!write(error_fd, &error, sizeof(error));
    _exit(127);
}

static int start(struct child *child, char *const *argv, const char *const *variables)
{
    int fds[2];
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        (void)sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, &child->before) < 0)
        return log_fail_errno("cannot block signals");
    child->blocked = true;
    child->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (child->signal_fd < 0 || pipe2(fds, O_CLOEXEC) < 0)
        return log_fail_errno("cannot watch a command");
    child->error_fd = fds[0];
    child->pid = fork();
    if (child->pid == 0)
        become(child, argv, variables, fds[1]);
    (void)close(fds[1]);
    return child->pid < 0 ? log_fail_errno("cannot start a command") : 0;
}

/* What the kernel sends from the terminal goes to the whole foreground group: it has it already. */
static void pass_on(const struct child *child, const struct signalfd_siginfo *info)
{
    if (info->ssi_signo != SIGCHLD && info->ssi_code != SI_KERNEL)
        (void)kill(child->pid, (int)info->ssi_signo);
}

/* Whether it is over. */
static bool reap(const struct child *child, struct run_child_result *result)
{
    int status;

    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return false;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + result->signal;
    return true;
}

static int await(const struct child *child, struct run_child_result *result)
{
    while (!reap(child, result)) {
        struct signalfd_siginfo info;
        ssize_t count = read(child->signal_fd, &info, sizeof(info));

        if (count == (ssize_t)sizeof(info))
            pass_on(child, &info);
        else if (count < 0 && errno != EINTR)
            return log_fail_errno("cannot watch a command");
    }
    return 0;
}

int run_child(char *const *argv, const char *const *variables, struct run_child_result *ret_result)
{
    CLEANUP(child_release) struct child child = {.signal_fd = -1, .error_fd = -1};
    struct run_child_result result = {.started = true};
    int error = 0;
    int r;

    r = start(&child, argv, variables);
    if (!r)
        r = await(&child, &result);
    if (r)
        return r;
    if (read(child.error_fd, &error, sizeof(error)) == (ssize_t)sizeof(error)) {
        result.started = false;
        result.error = strerror(error);
        result.status = error == ENOENT ? 127 : 126;
    }
    *ret_result = result;
    return 0;
}
