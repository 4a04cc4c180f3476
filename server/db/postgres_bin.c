/* SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres_bin.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Debian and its kin, Red Hat's packages of PostgreSQL, built by hand, on the path. */
static const char *const patterns[] = {
    "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql/bin",
    "/usr/local/pgsql/bin",      "/usr/local/bin",   "/usr/bin",
};

DEFINE_CLEANUP(close_pipe, FILE *, pclose);

/* The first line that a command writes, without its end. The command is ours but for dir. */
static bool first_line(const char *command, char *line, size_t size)
{
    CLEANUP(close_pipe) FILE *out = popen(command, "re");

    if (!out || !fgets(line, (int)size, out))
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

/* "postgres (PostgreSQL) 15.14 (Debian ...)" or "... 17devel": the major version; 0: none there. */
static int major_of(const char *dir)
{
    char command[PATH_MAX + 32];
    char line[256];

    for (const char *const *name = (const char *const[]){"initdb", "postgres", NULL}; *name;
         name++) {
        (void)snprintf(command, sizeof(command), "%s/%s", dir, *name);
        if (access(command, X_OK) < 0)
            return 0;
    }
    if (strchr(dir, '\''))
        return 0;
    (void)snprintf(command, sizeof(command), "'%s/postgres' -V 2>/dev/null", dir);
    if (!first_line(command, line, sizeof(line)))
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
    if (first_line("pg_config --bindir 2>/dev/null", dir, sizeof(dir)))
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
