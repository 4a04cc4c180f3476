/* SPDX-License-Identifier: Apache-2.0 */
#include "db/embedded_process.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_TAIL 2000

/* Only what is safe between fork and exec. */
static void become(const struct embedded_process *how, int log_fd, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0)
        _exit(126);
    (void)close_range(3, ~0U, 0);
    (void)setsid(); /* Ctrl-C is for us, who stop it in order */
    (void)umask(077);
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(how->gid) < 0 || setuid(how->uid) < 0))
        _exit(126);
    if (chdir(how->base) < 0) {
        static const char text[] = "the directory cannot be entered\n";

        (void)!write(2, text, sizeof(text) - 1);
        _exit(126);
    }
    /* After setuid(), which clears it. */
    if (prctl(PR_SET_PDEATHSIG, SIGINT) < 0 || getppid() != parent)
        _exit(126);
}

int embedded_process_spawn(const struct embedded_process *how, const char *const argv[],
                           pid_t *ret_pid)
{
    char log[PATH_MAX + 8];
    char program[2 * PATH_MAX];
    /* PostgreSQL's programs look for each other beside where argv[0] says they are, and
     * distributions keep them off PATH. */
    const char *words[EMBEDDED_PROCESS_ARGS_MAX] = {program};
    pid_t parent = getpid();

    for (size_t i = 1; i < EMBEDDED_PROCESS_ARGS_MAX - 1 && argv[i]; i++)
        words[i] = argv[i];
    (void)snprintf(log, sizeof(log), "%s/log", how->base);
    AUTO_CLOSE int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log_fd < 0)
        return log_fail_errno("cannot open '%s'", log);
    (void)snprintf(program, sizeof(program), "%s/%s", how->bin, argv[0]);
    pid_t pid = fork();
    if (pid < 0)
        return log_fail_errno("cannot start '%s'", program);
    if (pid == 0) {
        become(how, log_fd, parent);
        (void)execv(program, (char *const *)(uintptr_t)words);
        _exit(127);
    }
    *ret_pid = pid;
    return 0;
}

/* The end of the log, as one line. */
static void log_tail(const struct embedded_process *how, char ret_tail[static LOG_TAIL + 1])
{
    char path[PATH_MAX + 8];
    ssize_t size = 0;

    (void)snprintf(path, sizeof(path), "%s/log", how->base);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        off_t end = lseek(fd, 0, SEEK_END);

        size = pread(fd, ret_tail, LOG_TAIL, end > LOG_TAIL ? end - LOG_TAIL : 0);
    }
    ret_tail[size > 0 ? size : 0] = '\0';
    for (char *c = ret_tail; *c; c++) {
        if (*c == '\n')
            *c = c[1] ? ';' : '\0';
    }
}

int embedded_process_fail(const struct embedded_process *how, const char *what)
{
    char tail[LOG_TAIL + 1];

    log_tail(how, tail);
    return log_fail(ERR_INTERNAL, "%s; '%s/log' ends: %s", what, how->base, tail);
}

int embedded_process_run(const struct embedded_process *how, const char *const argv[])
{
    char what[64];
    int status;
    pid_t pid;
    int r;

    r = embedded_process_spawn(how, argv, &pid);
    if (r)
        return r;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return log_fail_errno("cannot wait for %s", argv[0]);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    (void)snprintf(what, sizeof(what), "%s failed", argv[0]);
    return embedded_process_fail(how, what);
}
