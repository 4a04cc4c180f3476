/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_EMBEDDED_PROCESS_H
#define DB_EMBEDDED_PROCESS_H

#include "base/error.h"

#include <limits.h>
#include <sys/types.h>

/* For embedded.c: PostgreSQL's programs as children of ours. */

#define EMBEDDED_PROCESS_ARGS_MAX 64

struct embedded_process {
    char base[PATH_MAX]; /* where they run; their output goes to `log` there */
    char bin[PATH_MAX];  /* where they are */
    uid_t uid;           /* who runs them */
    gid_t gid;
};

/* Starts the program argv[0] of bin. It gets SIGINT when the calling thread ends. */
int embedded_process_spawn(const struct embedded_process *how, const char *const argv[],
                           pid_t *ret_pid) MUST_CHECK;

/* Starts it and waits for its end; a failure is logged with the end of its log. */
int embedded_process_run(const struct embedded_process *how, const char *const argv[]) MUST_CHECK;

/* Logs what went wrong with the end of the log behind it. Returns ERR_INTERNAL. */
int embedded_process_fail(const struct embedded_process *how, const char *what);

#endif
