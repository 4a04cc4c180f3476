/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_GIT_H
#define CLI_LINEAGE_RUN_GIT_H

#include "base/arena.h"

#include <stdbool.h>

/* The code that a run was made with, where the working directory is of a git repository. */
struct run_git {
    const char *repository; /* URL of the remote "origin" without credentials; else file:PATH */
    const char *commit;     /* 40 or 64 hex digits */
    const char *revision;   /* the commit; with changes that were not committed, "+dirty." and the
                               first digits of a digest of them behind it */
    const char *branch;     /* NULL: none */
    const char *path;       /* of the working directory in the repository; "" at its top */
    bool dirty;
};

/* Asks git. Strings live in the arena. False where there is no repository, or no git, or no commit.
 */
bool run_git_read(struct arena *arena, struct run_git *ret_git);

/* A URL without user name and password, in the arena. */
const char *run_git_strip(struct arena *arena, const char *url);

#endif
