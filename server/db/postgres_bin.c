/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres_bin.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Debian and its kin, Red Hat's packages of PostgreSQL, built by hand, on the path. */
static const char *const patterns[] = {
    "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql/bin",
    "/usr/local/pgsql/bin",      "/usr/local/bin",   "/usr/bin",
};

/* Runs a program with its output into fd, and nothing said on standard error. */
static bool spawn(const char *const argv[], int fd, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    bool ok;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    ok = posix_spawn_file_actions_adddup2(&actions, fd, 1) == 0 &&
         posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0 &&
         posix_spawnp(ret_pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) ==
             0;
    (void)posix_spawn_file_actions_destroy(&actions);
    return ok;
}

/* The first line that a program writes, without its end. */
static bool first_line(const char *const argv[], char *line, size_t size)
{
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    bool ok = spawn(argv, ends[1], &pid);
    (void)close(ends[1]);
    AUTO_FCLOSE FILE *out = fdopen(ends[0], "r");
    if (!out)
        (void)close(ends[0]);
    if (!ok)
        return false;
    ok = out && fgets(line, (int)size, out);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (ok)
        line[strcspn(line, "\n")] = '\0';
    return ok;
}

/* "postgres (PostgreSQL) 15.14 (Debian ...)" or "... 17devel": the major version; 0: none there. */
static int major_of(const char *dir)
{
    static const char *const names[] = {"initdb", "postgres"}; /* the last is asked */
    char program[PATH_MAX + 32];
    char line[256];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(program, sizeof(program), "%s/%s", dir, names[i]);
        if (access(program, X_OK) < 0)
            return 0;
    }
    if (!first_line((const char *const[]){program, "-V", NULL}, line, sizeof(line)))
        return 0;
    const char *number = strstr(line, ") ");
    return number ? (int)strtol(number + 2, NULL, 10) : 0;
}

struct search {
    int wanted;
    int best;
    char *ret_dir;
};

static void consider(struct search *search, const char *dir)
{
    int major = major_of(dir);
    bool fits = search->wanted ? major == search->wanted : major >= POSTGRES_BIN_MAJOR_MIN;

    if (!fits || major <= search->best || strlen(dir) >= PATH_MAX)
        return;
    search->best = major;
    (void)snprintf(search->ret_dir, PATH_MAX, "%s", dir);
}

int postgres_bin_find(int major, char ret_dir[static PATH_MAX])
{
    struct search search = {.wanted = major, .ret_dir = ret_dir};
    char dir[PATH_MAX];

    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        CLEANUP(globfree) glob_t found = {0};

        if (glob(patterns[i], 0, NULL, &found) != 0)
            continue;
        for (size_t j = 0; j < found.gl_pathc; j++)
            consider(&search, found.gl_pathv[j]);
    }
    if (first_line((const char *const[]){"pg_config", "--bindir", NULL}, dir, sizeof(dir)))
        consider(&search, dir);
    if (search.best)
        return 0;
    if (major)
        return log_fail(ERR_INTERNAL,
                        "the directory was made by PostgreSQL %d, which is not installed; on "
                        "Debian: apt-get install postgresql-%d",
                        major, major);
    return log_fail(ERR_INTERNAL,
                    "no PostgreSQL server of version %d or later is installed; on Debian: apt-get "
                    "install postgresql; or set database.url to one that runs elsewhere",
                    POSTGRES_BIN_MAJOR_MIN);
}
