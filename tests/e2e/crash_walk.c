/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills a program, as a power cut would for it alone, at its Nth write-like system call.
 *
 *     crash_walk count COMMAND...             runs it to its end, prints how many there are
 *     crash_walk entry N COMMAND...           SIGKILL before the Nth is done
 *     crash_walk exit N COMMAND...            SIGKILL right after it was done
 *
 * The last line of standard output is "count N" or "killed N NAME". The exit status is 0; 3 where
 * the program ended before its Nth; 1 where it could not be run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

/* What changes something that outlives the process, or tells somebody. */
static const struct {
    uint64_t number;
    const char *name;
    int flags_argument; /* counts only where this argument has O_CREAT or O_TRUNC; -1: always */
} calls[] = {
    {SYS_write,           "write",           -1},
    {SYS_writev,          "writev",          -1},
    {SYS_pwrite64,        "pwrite",          -1},
    {SYS_sendto,          "sendto",          -1},
    {SYS_sendmsg,         "sendmsg",         -1},
    {SYS_openat,          "openat",          2 },
    {SYS_renameat,        "renameat",        -1},
    {SYS_renameat2,       "renameat2",       -1},
    {SYS_symlinkat,       "symlinkat",       -1},
    {SYS_linkat,          "linkat",          -1},
    {SYS_unlinkat,        "unlinkat",        -1},
    {SYS_mkdirat,         "mkdirat",         -1},
    {SYS_fchmod,          "fchmod",          -1},
    {SYS_fchmodat,        "fchmodat",        -1},
    {SYS_fchown,          "fchown",          -1},
    {SYS_fchownat,        "fchownat",        -1},
    {SYS_fsync,           "fsync",           -1},
    {SYS_fdatasync,       "fdatasync",       -1},
    {SYS_sync_file_range, "sync_file_range", -1},
    {SYS_ftruncate,       "ftruncate",       -1},
    {SYS_truncate,        "truncate",        -1},
    {SYS_fallocate,       "fallocate",       -1},
    {SYS_copy_file_range, "copy_file_range", -1},
    {SYS_bind,            "bind",            -1},
    {SYS_flock,           "flock",           -1},
    {SYS_kill,            "kill",            -1},
    {SYS_clone,           "clone",           -1},
    {SYS_clone3,          "clone3",          -1},
#ifdef SYS_rename
    {SYS_rename,          "rename",          -1},
    {SYS_symlink,         "symlink",         -1},
    {SYS_link,            "link",            -1},
    {SYS_unlink,          "unlink",          -1},
    {SYS_rmdir,           "rmdir",           -1},
    {SYS_mkdir,           "mkdir",           -1},
    {SYS_chmod,           "chmod",           -1},
    {SYS_chown,           "chown",           -1},
    {SYS_open,            "open",            1 },
    {SYS_creat,           "creat",           -1},
    {SYS_vfork,           "vfork",           -1},
    {SYS_fork,            "fork",            -1},
#endif
};

static const char *write_like(const struct ptrace_syscall_info *info)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int argument = calls[i].flags_argument;

        if (info->entry.nr != calls[i].number)
            continue;
        if (argument >= 0 && !(info->entry.args[argument] & (O_CREAT | O_TRUNC)))
            return NULL;
        return calls[i].name;
    }
    return NULL;
}

enum when {
    NEVER,
    AT_ENTRY,
    AT_EXIT,
};

struct walk {
    enum when when;
    long goal;
    long count;
    const char *name; /* of the call that is under way, where it counts */
};

static int end(pid_t child, const struct walk *walk)
{
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    (void)printf("killed %ld %s\n", walk->count, walk->name);
    return 0;
}

/* Returns whether this is where it ends. */
static bool at_stop(pid_t child, struct walk *walk)
{
    struct ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0)
        return false;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        walk->name = write_like(&info);
        walk->count += walk->name != NULL;
        return walk->name && walk->when == AT_ENTRY && walk->count == walk->goal;
    }
    return info.op == PTRACE_SYSCALL_INFO_EXIT && walk->name && walk->when == AT_EXIT &&
           walk->count == walk->goal;
}

static int trace(pid_t child, struct walk *walk)
{
    int deliver = 0;
    int status;

    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
        return 1;
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, child, 0, deliver) < 0 || waitpid(child, &status, 0) < 0)
            return 1;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            (void)printf("count %ld\n", walk->count);
            return walk->when == NEVER ? 0 : 3;
        }
        deliver = 0;
        if (WSTOPSIG(status) != (SIGTRAP | 0x80))
            deliver = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        else if (at_stop(child, walk))
            return end(child, walk);
    }
}

static int start(char **command, struct walk *walk)
{
    pid_t child = fork();

    if (child < 0)
        return 1;
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 || raise(SIGSTOP))
            _exit(127);
        (void)execvp(command[0], command);
        _exit(127);
    }
    return trace(child, walk);
}

int main(int argc, char **argv)
{
    struct walk walk = {.when = NEVER};

    if (argc > 2 && strcmp(argv[1], "count") == 0)
        return start(argv + 2, &walk);
    if (argc < 4) {
        (void)fprintf(stderr, "usage: crash_walk count|entry N|exit N COMMAND...\n");
        return 2;
    }
    walk.when = strcmp(argv[1], "exit") == 0 ? AT_EXIT : AT_ENTRY;
    walk.goal = strtol(argv[2], NULL, 10);
    return start(argv + 3, &walk);
}
