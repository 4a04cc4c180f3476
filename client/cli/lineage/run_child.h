/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LINEAGE_RUN_CHILD_H
#define CLI_LINEAGE_RUN_CHILD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Runs a command as a shell would: with our input, output and environment, until it ends. Signals
 * that are sent to us meanwhile are passed on to it; those of the terminal reach it by themselves.
 */
struct run_child_result {
    bool started; /* false: it could not be; error says why */
    const char *error;
    int status; /* its exit status, where signal is 0; 126 or 127 where it did not start */
    int signal; /* the signal that ended it; 0: none */
};

/* variables: "NAME=VALUE" for it alone, ended by NULL. Returns 0 or negative. */
int run_child(char *const *argv, const char *const *variables,
              struct run_child_result *ret_result) MUST_CHECK;

#endif
